"""The clauses of all prompts as token ids, tokenised once, so that any view of an item is put together by copying.

A prompt is ``head · clause · joiner clause · … · tail``. Each distinct clause is tokenised twice, as it stands behind
the head and behind another clause, so that a space or line break between two parts goes to the token to which the
tokenizer gives it. Tokenizers that split at white space and punctuation first (WordPiece, as in BERT) get exactly the
tokens of the whole text. Byte-pair tokenizers may merge the last sign of a clause with the joiner's first (``);`` as
one token), which copying keeps apart: the text is the same, told in other tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretaste.text.prompts.items import ItemPrompts

Ids = NDArray[np.int64]

HEAD, TAIL = 0, 1
"""The parts that open and close every prompt."""


@dataclass(frozen=True)
class ClauseTokens:
    """Token ids of the parts of prompts.

    Attributes:
        flat: Token ids of all parts, one behind the other.
        starts: Where each part starts in ``flat``: head, tail, then each distinct clause behind the head and behind
            another clause.
        lengths: Tokens of each part.
        clauses: Distinct clause of every clause of every item, item after item.
        offsets: Where each item's clauses start, ``(V + 1,)``.
    """

    flat: Ids
    starts: Ids
    lengths: Ids
    clauses: Ids
    offsets: Ids

    @property
    def counts(self) -> Ids:
        """Clauses of each item, ``(V,)``."""
        return np.diff(self.offsets)

    def assemble(self, clauses: Ids, counts: Ids, limit: int, pad: int) -> tuple[Ids, Ids]:
        """Prompts of the given clauses, right-padded; what passes the limit is cut before the tail.

        Args:
            clauses: Distinct clauses, row after row, in the order in which they are told.
            counts: Clauses of each row, at least 1.
            limit: Most tokens of a row.
            pad: Id that fills rows up.

        Returns:
            Token ids ``(B, T)`` and lengths ``(B,)``.
        """
        rows = np.arange(len(counts))
        later = np.ones(len(clauses), dtype=np.int64)
        later[np.cumsum(counts) - counts] = 0
        parts = np.concatenate([np.full_like(rows, HEAD), 2 + 2 * clauses + later, np.full_like(rows, TAIL)])
        owners = np.concatenate([rows, np.repeat(rows, counts), rows])
        order = np.argsort(owners, kind="stable")
        parts, owners = parts[order], owners[order]
        sizes = self.lengths[parts]
        place = np.cumsum(sizes) - sizes
        place -= place[np.searchsorted(owners, owners)]
        room = limit - self.lengths[TAIL]
        sizes = np.where(parts == TAIL, sizes, np.clip(room - place, 0, sizes))
        lengths = np.bincount(owners, weights=sizes, minlength=len(rows)).astype(np.int64)
        source = np.repeat(self.starts[parts] - (np.cumsum(sizes) - sizes), sizes) + np.arange(sizes.sum())
        out = np.full((len(rows), int(lengths.max(initial=0))), pad, dtype=np.int64)
        out[np.arange(out.shape[1]) < lengths[:, None]] = self.flat[source]
        return out, lengths


def clause_tokens(
    prompts: ItemPrompts, tokenizer: Any, *, prefix: str = "", lower_case: bool = False, append_eos: bool = False
) -> ClauseTokens:
    """Tokenises every distinct clause of a catalogue.

    Args:
        prompts: Of all items.
        tokenizer: A fast tokenizer of the transformers library.
        prefix: Put before each prompt.
        lower_case: Whether texts are lowered first.
        append_eos: Whether the end token closes each prompt.
    """
    number: dict[str, int] = {}
    clauses = [number.setdefault(text, len(number)) for row in prompts.clauses for text in row]
    counts = np.array([len(row) for row in prompts.clauses], dtype=np.int64)
    fold = str.lower if lower_case else str
    head, texts = fold(prefix + prompts.render([])), [fold(text) for text in number]
    behind_head = _behind(tokenizer, head, texts)
    behind_clause = _behind(tokenizer, "a", [fold(prompts.joiner) + text for text in texts])
    before, after = _specials(tokenizer, append_eos)
    opening = before + (_opening(tokenizer, head, texts[0]) if texts else [])
    parts = [opening, after, *(part for pair in zip(behind_head, behind_clause, strict=True) for part in pair)]
    lengths = np.array([len(part) for part in parts], dtype=np.int64)
    flat = np.array([token for part in parts for token in part], dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return ClauseTokens(flat, np.cumsum(lengths) - lengths, lengths, np.array(clauses, dtype=np.int64), offsets)


def _behind(tokenizer: Any, anchor: str, texts: Sequence[str]) -> list[list[int]]:
    """Tokens of each text as it stands behind an anchor: those that end behind the anchor's end."""
    found = tokenizer([anchor + text for text in texts], add_special_tokens=False, return_offsets_mapping=True)
    pairs = zip(found["input_ids"], found["offset_mapping"], strict=True)
    return [[i for i, (_, end) in zip(ids, spans, strict=True) if end > len(anchor)] for ids, spans in pairs]


def _opening(tokenizer: Any, head: str, text: str) -> list[int]:
    """Tokens of the head where a text follows it."""
    found = tokenizer(head + text, add_special_tokens=False, return_offsets_mapping=True)
    return [i for i, (_, end) in zip(found["input_ids"], found["offset_mapping"], strict=True) if end <= len(head)]


def _specials(tokenizer: Any, append_eos: bool) -> tuple[list[int], list[int]]:
    """What the tokenizer puts before and behind a text."""
    plain, full = tokenizer("a", add_special_tokens=False)["input_ids"], tokenizer("a")["input_ids"]
    at = next(i for i in range(len(full)) if full[i : i + len(plain)] == plain)
    before, after = full[:at], full[at + len(plain) :]
    eos = tokenizer.eos_token_id
    return before, [*after, eos] if append_eos and eos is not None and after[-1:] != [eos] else after
