"""SAID's alignment: only vectors and projector learn, the language model stays, and texts end up in vectors."""

from __future__ import annotations

import hashlib

import pytest
import torch
from torch import nn

from foretaste.models.said import NextToken, SoftItems, token_probability
from foretaste.text.generation.corpus_lm import CorpusLMConfig, corpus_lm, train_tokenizer
from foretaste.text.generation.likelihood import text_rows
from foretaste.training.batches import SequenceBatches

pytest.importorskip("transformers")
COLOURS, THINGS = ("red", "blue", "green"), ("pan", "spade", "drum", "rake")
TEXTS = [f"{colour} {thing} of the {colour} shop" for colour in COLOURS for thing in THINGS]


def _network(seed: int = 0) -> tuple[nn.Module, SequenceBatches, int]:
    tokenizer = train_tokenizer(TEXTS, 320)
    torch.manual_seed(seed)
    network = corpus_lm(CorpusLMConfig(layers=1, width=32, heads=2, inner=48), tokenizer, max_tokens=16)
    rows = text_rows(tokenizer, TEXTS, 16)
    return network, SequenceBatches(rows.rows, max_len=16, tokens=40, seed=0), rows.opening


def _digest(network: nn.Module) -> str:
    return hashlib.sha256(b"".join(p.detach().numpy().tobytes() for p in network.parameters())).hexdigest()


def _learn(model: SoftItems | NextToken, batches: SequenceBatches, epochs: int, lr: float) -> tuple[float, float]:
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=lr)
    checks = [batches.batch(block) for block in batches.epoch(0)]
    before = token_probability(model, checks)
    for epoch in range(epochs):
        for block in batches.epoch(epoch):
            optimizer.zero_grad()
            model(batches.batch(block)).backward()
            optimizer.step()
    return before, token_probability(model, checks)


def test_texts_end_up_in_the_vectors() -> None:
    network, batches, opening = _network()
    _, known = _learn(NextToken(network), batches, 60, 1e-2)
    frozen = _digest(network)
    model = SoftItems(network, len(TEXTS), 8, opening=opening)
    before, after = _learn(model, batches, 100, 5e-2)
    assert after > max(before, known) + 0.02, "a text is likelier behind its own item's vector than without one"
    assert _digest(network) == frozen
    vectors = model.vectors()
    spread = torch.nn.functional.normalize(vectors - vectors.mean(0), dim=1)
    cosine = spread @ spread.T
    colour, thing = torch.arange(12) // 4, torch.arange(12) % 4
    alike = (colour[:, None] == colour) | (thing[:, None] == thing)
    strange = ~alike
    alike.fill_diagonal_(False)
    assert cosine[alike].mean() > cosine[strange].mean() + 0.2, "items of like texts lie closer"


def test_only_vectors_and_projector_learn_and_are_kept() -> None:
    network, batches, opening = _network()
    model = SoftItems(network, len(TEXTS), 8, opening=opening)
    names = {name for name, _ in model.named_parameters()}
    assert names == {"items", "projector.weight", "projector.bias"}
    assert set(model.state_dict()) == names | {"mean", "scale"}
    model(batches.batch(batches.epoch(0)[0])).backward()
    assert all(p.grad is None for p in network.parameters())
    assert model.train() is model
    assert not network.training, "dropout of a frozen model stays off"


def test_a_batch_moves_its_own_items_only() -> None:
    network, batches, opening = _network()
    model = SoftItems(network, len(TEXTS), 8, opening=opening)
    block = batches.epoch(0)[0][:3]
    model(batches.batch(block)).backward()
    assert model.items.grad is not None
    touched = model.items.grad.abs().sum(1) > 0
    assert set(touched.nonzero()[:, 0].tolist()) == set(batches.users[block].tolist())


def test_all_items_start_from_the_mean_of_the_embeddings() -> None:
    network, _, opening = _network()
    vectors = SoftItems(network, 5, 8, opening=opening).vectors()
    mean = network.get_input_embeddings().weight.mean(0)  # type: ignore[operator]
    torch.testing.assert_close(vectors, mean.detach().expand(5, -1))


def test_probability_is_the_geometric_mean_over_all_tokens() -> None:
    network, batches, _ = _network()
    model = NextToken(network).eval()
    checks = [batches.batch(block) for block in batches.epoch(0)]
    assert len(checks) > 1
    with torch.no_grad():
        every = torch.cat([model.token_losses(batch) for batch in checks])
    assert token_probability(model, checks) == pytest.approx(float((-every.double()).mean().exp()), rel=1e-5)
