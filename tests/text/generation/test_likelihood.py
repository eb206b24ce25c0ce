"""Likelihoods of texts against a token-by-token oracle, with and without a soft token."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from foretaste.text.generation.corpus_lm import CorpusLMConfig, corpus_lm, train_tokenizer
from foretaste.text.generation.likelihood import soft_token_losses, text_rows, token_losses

pytest.importorskip("transformers")
TEXTS = ["title is red nail polish; brand is Lee", "blue soap", "title is cream"]


@pytest.fixture(scope="module")
def model() -> tuple[nn.Module, Any]:
    tokenizer = train_tokenizer(TEXTS, 300)
    torch.manual_seed(0)
    config = CorpusLMConfig(layers=2, width=16, heads=2, inner=24)
    network = corpus_lm(config, tokenizer, max_tokens=60).eval()
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(8 if weight.ndim > 1 else 1)
    return network, tokenizer


def _padded(tokenizer: Any, limit: int = 60) -> tuple[Tensor, Tensor, int]:
    found = text_rows(tokenizer, TEXTS, limit)
    padded = torch.from_numpy(found.rows.padded().astype(np.int64))
    return padded, torch.from_numpy(found.rows.lengths), found.opening


def test_rows_open_with_the_begin_token_and_end_with_the_end_token(model: tuple[nn.Module, Any]) -> None:
    _, tokenizer = model
    found = text_rows(tokenizer, TEXTS, 60)
    assert (found.opening, found.cut) == (1, 0)
    for text, row in zip(TEXTS, map(found.rows.__getitem__, range(3)), strict=True):
        assert row[0] == tokenizer.bos_token_id
        assert row[-1] == tokenizer.eos_token_id
        assert tokenizer.decode(row, skip_special_tokens=True).strip() == text


def test_a_cut_text_does_not_pretend_to_end(model: tuple[nn.Module, Any]) -> None:
    _, tokenizer = model
    found = text_rows(tokenizer, TEXTS, 6)
    assert found.cut == sum(len(tokenizer(text)["input_ids"]) + 1 > 6 for text in TEXTS) > 0
    assert tokenizer.eos_token_id not in found.rows[0].tolist()
    assert found.rows.lengths.max() == 6


def test_losses_are_those_of_every_prefix_alone(model: tuple[nn.Module, Any]) -> None:
    network, tokenizer = model
    tokens, lengths, _ = _padded(tokenizer)
    wanted = []
    with torch.no_grad():
        for row, length in zip(tokens, lengths.tolist(), strict=True):
            for place in range(1, length):
                logits = network(input_ids=row[None, :place]).logits[0, -1]
                wanted.append(-logits.log_softmax(0)[row[place]])
        torch.testing.assert_close(token_losses(network, tokens, lengths), torch.stack(wanted), rtol=1e-4, atol=1e-4)


def test_the_soft_token_stands_after_the_opening(model: tuple[nn.Module, Any]) -> None:
    network, tokenizer = model
    tokens, lengths, opening = _padded(tokenizer)
    soft = torch.randn(len(tokens), 16)
    table = network.get_input_embeddings()  # type: ignore[operator]
    wanted = []
    with torch.no_grad():
        for row, vector, length in zip(tokens, soft, lengths.tolist(), strict=True):
            for place in range(opening, length):
                given = torch.cat([table(row[:opening]), vector[None], table(row[opening:place])])
                logits = network(inputs_embeds=given[None]).logits[0, -1]
                wanted.append(-logits.log_softmax(0)[row[place]])
        found = soft_token_losses(network, soft, tokens, lengths, opening)
    torch.testing.assert_close(found, torch.stack(wanted), rtol=1e-4, atol=1e-4)


def test_padding_never_matters(model: tuple[nn.Module, Any]) -> None:
    network, tokenizer = model
    tokens, lengths, opening = _padded(tokenizer)
    noise = torch.randint(0, 300, tokens.shape)
    real = torch.arange(tokens.shape[1]) < lengths[:, None]
    soft = torch.randn(len(tokens), 16)
    with torch.no_grad():
        for losses in (
            lambda ids: token_losses(network, ids, lengths),
            lambda ids: soft_token_losses(network, soft, ids, lengths, opening),
        ):
            torch.testing.assert_close(losses(tokens), losses(torch.where(real, tokens, noise)))


def test_gradients_reach_the_soft_tokens(model: tuple[nn.Module, Any]) -> None:
    network, tokenizer = model
    tokens, lengths, opening = _padded(tokenizer)
    soft = torch.randn(len(tokens), 16, requires_grad=True)
    soft_token_losses(network, soft, tokens, lengths, opening)[: int(lengths[0]) - opening].sum().backward()
    assert soft.grad is not None
    assert soft.grad[0].abs().sum() > 0
    assert not soft.grad[1:].any(), "a text says nothing of another's item"
