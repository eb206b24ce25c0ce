"""How likely a causal language model finds texts, alone or behind a soft token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.data.sequences import Sequences


@dataclass(frozen=True)
class TextRows:
    """Texts as token ids.

    Attributes:
        rows: One for each text: what the tokenizer puts before a text, the text, the end token.
        opening: How many tokens stand before the text.
        cut: Texts that passed the limit; they lack the end token.
    """

    rows: Sequences
    opening: int
    cut: int


def text_rows(tokenizer: Any, texts: Sequence[str], max_tokens: int) -> TextRows:
    """Tokenises texts for a model that is to write them.

    Args:
        tokenizer: Of the transformers library.
        texts: Any texts.
        max_tokens: Most tokens of a row.
    """
    opening = _opening(tokenizer)
    end = [] if tokenizer.eos_token_id is None else [int(tokenizer.eos_token_id)]
    found = tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"] if texts else []
    rows = [[*opening, *ids, *end] for ids in found]
    cut = sum(len(row) > max_tokens for row in rows)
    return TextRows(Sequences.from_lists([row[:max_tokens] for row in rows]), len(opening), cut)


def _opening(tokenizer: Any) -> list[int]:
    """The special tokens before a text, as the begin token of Llama."""
    plain, full = tokenizer("a", add_special_tokens=False)["input_ids"], tokenizer("a")["input_ids"]
    at = next(i for i in range(len(full)) if full[i : i + len(plain)] == plain)
    return [int(token) for token in full[:at]]


def token_losses(network: nn.Module, tokens: Tensor, lengths: Tensor) -> Tensor:
    """Negative log-likelihood of every token but a row's first, given those before it (teacher forcing).

    Args:
        network: A causal language model of the transformers library.
        tokens: Right-padded ids, ``(B, T)``.
        lengths: Tokens of each row, ``(B,)``.

    Returns:
        ``(N,)`` float32, row by row, N real tokens.
    """
    mask = torch.arange(tokens.shape[1], device=tokens.device) < lengths[:, None]
    out = network(input_ids=tokens[:, :-1], attention_mask=mask[:, :-1].long(), use_cache=False)
    return _losses(out.logits, tokens[:, 1:], mask[:, 1:])


def soft_token_losses(network: nn.Module, soft: Tensor, tokens: Tensor, lengths: Tensor, opening: int) -> Tensor:
    """Negative log-likelihood of every token of a text behind a soft token, which stands after the opening.

    Args:
        network: A causal language model of the transformers library.
        soft: A vector of the width of the model's embeddings for each row, ``(B, D)``.
        tokens: Right-padded ids, opening included, ``(B, T)``.
        lengths: Tokens of each row, ``(B,)``.
        opening: Tokens before the text, the same in all rows.

    Returns:
        ``(N,)`` float32, row by row, N tokens of the texts.
    """
    hard = network.get_input_embeddings()(tokens)  # type: ignore[operator]
    given = torch.cat([hard[:, :opening], soft[:, None].to(hard.dtype), hard[:, opening:-1]], dim=1)
    mask = torch.arange(tokens.shape[1], device=tokens.device) < lengths[:, None]
    out = network(inputs_embeds=given, attention_mask=mask.long(), use_cache=False)
    return _losses(out.logits[:, opening:], tokens[:, opening:], mask[:, opening:])


def _losses(logits: Tensor, targets: Tensor, real: Tensor) -> Tensor:
    return F.cross_entropy(logits[real].float(), targets[real], reduction="none")
