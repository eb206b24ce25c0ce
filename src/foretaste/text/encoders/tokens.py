"""Texts as token ids: cut at a limit, never empty, not yet padded."""

from __future__ import annotations

from collections.abc import Sequence

from foretaste.text.encoders.loading import LanguageModel


def tokenise(
    model: LanguageModel, texts: Sequence[str], max_tokens: int, *, append_eos: bool = False
) -> tuple[list[list[int]], int]:
    """Token ids of every text, special tokens included, and how many texts were cut.

    Args:
        model: Whose tokenizer.
        texts: Any texts.
        max_tokens: Most tokens of a row.
        append_eos: Whether the end token closes each row.
    """
    if not texts:
        return [], 0
    tokenizer, eos = model.tokenizer, model.tokenizer.eos_token_id
    append = append_eos and eos is not None
    limit = max_tokens - 1 if append else max_tokens
    rows = _ids(tokenizer, list(texts), limit)
    full = [place for place, row in enumerate(rows) if len(row) >= limit]
    whole = _ids(tokenizer, [texts[place] for place in full], None) if full else []
    cut = sum(len(row) > limit for row in whole)
    if append:
        rows = [row if row[-1:] == [eos] else [*row, int(eos)] for row in rows]
    start = next((t for t in (tokenizer.bos_token_id, eos, tokenizer.pad_token_id) if t is not None), 0)
    return [row or [int(start)] for row in rows], cut


def _ids(tokenizer: object, texts: list[str], limit: int | None) -> list[list[int]]:
    found: list[list[int]] = tokenizer(  # type: ignore[operator]
        texts,
        add_special_tokens=True,
        truncation=limit is not None,
        max_length=limit,
        padding=False,
        return_attention_mask=False,
        return_token_type_ids=False,
        verbose=False,
    )["input_ids"]
    return found
