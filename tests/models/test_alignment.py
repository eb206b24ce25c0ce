"""RLMRec's two terms against naive InfoNCE, and that they do what they are for."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from foretaste.data.sequences import Sequences
from foretaste.models.alignment import TextContrast, TextGeneration, matching, same_rows
from foretaste.models.auxiliary import AuxiliaryLoss, Regularised
from foretaste.models.backbones import BackboneConfig, backbone
from foretaste.models.losses import LossConfig, catalogue_loss
from foretaste.models.sequence import SequenceRecommender
from foretaste.nn.batch import SequenceBatch
from foretaste.nn.items import IdTable

ITEMS, WIDTH, DIM = 24, 10, 8
ROWS = [[1, 2, 3, 4, 1], [5, 6], [7, 8, 9, 2], list(range(12))]
DATA = Sequences.from_lists(ROWS)
BATCH = SequenceBatch(torch.from_numpy(DATA.padded()).long(), torch.from_numpy(DATA.lengths), torch.arange(len(ROWS)))


def texts() -> Tensor:
    vectors = torch.randn(ITEMS, WIDTH, generator=torch.Generator().manual_seed(0))
    vectors[3] = vectors[9]
    return vectors


def network(name: str = "sasrec", **keys: float) -> SequenceRecommender:
    torch.manual_seed(0)
    config = BackboneConfig(backbone=name, dim=DIM, max_len=11, dropout=0.0, hidden=8)
    return backbone(config, IdTable(ITEMS, DIM, std=0.3), catalogue_loss(LossConfig(precision="fp32"), DATA, ITEMS))


def naive(queries: Tensor, own: Tensor, own_texts: list[int], among: Tensor, texts: list[int], t: float) -> Tensor:
    losses = []
    for query, right, mine in zip(queries, own, own_texts, strict=True):
        scores = [F.cosine_similarity(query, right, dim=0) / t]
        scores += [
            F.cosine_similarity(query, a, dim=0) / t for a, text in zip(among, texts, strict=True) if text != mine
        ]
        losses.append(torch.stack(scores).logsumexp(0) - scores[0])
    return torch.stack(losses).mean()


def test_matching_is_the_loop_and_so_are_its_gradients() -> None:
    generator = torch.Generator().manual_seed(0)
    queries, own = (torch.randn(5, 4, generator=generator, requires_grad=True) for _ in range(2))
    among = torch.randn(7, 4, generator=generator, requires_grad=True)
    own_texts, other_texts = [0, 1, 1, 5, 2], [0, 1, 2, 3, 4, 1, 6]
    pairs = ((own, torch.tensor(own_texts)), (among, torch.tensor(other_texts)))
    found, wanted = matching(queries, *pairs, 0.2), naive(queries, own, own_texts, among, other_texts, 0.2)
    torch.testing.assert_close(found, wanted)
    for mine, theirs in zip(
        torch.autograd.grad(found, [queries, own, among]),
        torch.autograd.grad(wanted, [queries, own, among]),
        strict=True,
    ):
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-4)


def test_equal_rows_have_equal_numbers() -> None:
    numbers = same_rows(texts()).tolist()
    assert numbers[3] == numbers[9]
    assert len(set(numbers)) == ITEMS - 1


def test_contrast_counts_each_item_once_and_no_padding() -> None:
    model, term = network(), TextContrast(texts(), DIM, weight=0.5, temperature=0.2)
    items = sorted({item for row in ROWS for item in row})
    made, numbers = term.project(term.vectors[items]), same_rows(texts())[items].tolist()
    wanted = naive(model.items.table()[items], made, numbers, made, numbers, 0.2)
    torch.testing.assert_close(term(model, BATCH), 0.5 * wanted)
    noisy = torch.where(BATCH.mask(), BATCH.items, ITEMS - 1)
    torch.testing.assert_close(term(model, SequenceBatch(noisy, BATCH.lengths, BATCH.users)), 0.5 * wanted)


def test_generation_from_the_item_is_the_loop_when_everything_is_hidden() -> None:
    model = network()
    term = TextGeneration(texts(), DIM, weight=2.0, temperature=0.2, share=1.0, from_item=True)
    items = sorted({item for row in ROWS for item in row[:-1]})
    numbers, own = same_rows(texts())[items].tolist(), texts()[items]
    wanted = naive(term.project(model.items.table()[items]), own, numbers, own, numbers, 0.2)
    torch.testing.assert_close(term(model, BATCH), 2.0 * wanted)


@pytest.mark.parametrize("name", ["sasrec", "gru4rec", "bert4rec"])
def test_generation_never_sees_the_hidden_item(name: str) -> None:
    """With everything hidden, the value depends on which items stand there only through the texts asked for."""
    model = network(name).eval()
    term = TextGeneration(texts(), DIM, weight=1.0, temperature=0.2, share=1.0)
    before = term(model, BATCH)
    with torch.no_grad():
        model.items.weight.normal_()  # type: ignore[union-attr]
    torch.testing.assert_close(term(model, BATCH), before)
    partly = TextGeneration(texts(), DIM, weight=1.0, temperature=0.2, share=0.5)
    torch.manual_seed(0)
    first = partly(model, BATCH)
    with torch.no_grad():
        model.items.weight.normal_()  # type: ignore[union-attr]
    torch.manual_seed(0)
    assert not torch.isclose(partly(model, BATCH), first), "what is not hidden is the context"


def test_at_least_one_item_is_hidden() -> None:
    term = TextGeneration(texts(), DIM, weight=1.0, temperature=0.2, share=0.0)
    single = SequenceBatch(torch.tensor([[4, 5]]), torch.tensor([2]), torch.tensor([0]))
    assert float(term(network(), single).detach()) == pytest.approx(0.0, abs=1e-6), "alone it is told from nothing"
    assert term(network(), BATCH).isfinite()


def terms() -> list[AuxiliaryLoss]:
    return [
        TextContrast(texts(), DIM, weight=1.0, temperature=0.2),
        TextGeneration(texts(), DIM, weight=1.0, temperature=0.2, share=0.3),
        TextGeneration(texts(), DIM, weight=1.0, temperature=0.2, share=0.3, from_item=True),
    ]


@pytest.mark.parametrize("kind", [0, 1, 2])
@pytest.mark.parametrize("name", ["sasrec", "gru4rec", "bert4rec"])
def test_training_brings_items_and_texts_together(name: str, kind: int) -> None:
    model = network(name)
    both = Regularised(model, [terms()[kind]]).train()
    optimizer = torch.optim.Adam(both.parameters(), lr=1e-2)
    values = []
    for _ in range(60):
        optimizer.zero_grad()
        both(BATCH).backward()
        values.append(float(both.terms[0](model, BATCH).detach()))
        optimizer.step()
    assert sum(values[-10:]) < 0.7 * sum(values[:10])


def test_texts_are_not_written_into_checkpoints() -> None:
    assert not any("vectors" in key or "texts" in key for term in terms() for key in term.state_dict())
