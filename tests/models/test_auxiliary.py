"""Terms beside the recommendation loss: summed, told of epochs, and left behind when the model is saved."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from foretaste.data.sequences import Sequences
from foretaste.models.auxiliary import AuxiliaryLoss, Regularised
from foretaste.models.backbones import BackboneConfig, backbone
from foretaste.models.base import EpochAware
from foretaste.models.losses import LossConfig, catalogue_loss
from foretaste.models.sequence import SequenceRecommender
from foretaste.nn.adapters import Adapter
from foretaste.nn.batch import SequenceBatch
from foretaste.nn.text_items import TextTable

ITEMS = 30
ROWS = [[1, 2, 3, 4], [5, 6], [7, 8, 9], list(range(12))]
DATA = Sequences.from_lists(ROWS)


class Norms(AuxiliaryLoss):
    """``weight`` times the mean square of all item vectors, scaled by a factor of its own."""

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = weight
        self.factor = nn.Parameter(torch.ones(()))
        self.epochs: list[tuple[SequenceRecommender, int, int]] = []

    def forward(self, model: SequenceRecommender, batch: SequenceBatch) -> Tensor:
        return self.weight * self.factor * model.items.table().square().mean()

    def begin_epoch(self, model: SequenceRecommender, epoch: int, epochs: int) -> None:
        self.epochs.append((model, epoch, epochs))


def model_and_batch() -> tuple[SequenceRecommender, SequenceBatch]:
    torch.manual_seed(0)
    items = TextTable(torch.randn(ITEMS, 6), Adapter((6, 8)), 8)
    loss = catalogue_loss(LossConfig(precision="fp32"), DATA, ITEMS)
    model = backbone(BackboneConfig(dim=8, max_len=12), items, loss).eval()
    padded = torch.from_numpy(DATA.padded()).long()
    return model, SequenceBatch(padded, torch.from_numpy(DATA.lengths), torch.arange(len(ROWS)))


def test_the_loss_is_the_sum_of_all_terms() -> None:
    model, batch = model_and_batch()
    alone = model(batch)
    norms = model.items.table().square().mean()
    whole = Regularised(model, [Norms(0.5), Norms(2.0)])(batch)
    torch.testing.assert_close(whole, alone + 2.5 * norms)
    torch.testing.assert_close(Regularised(model, [])(batch), alone)


def test_terms_share_what_the_model_has_adapted() -> None:
    model, batch = model_and_batch()
    calls: list[int] = []
    model.items.adapter.register_forward_hook(lambda *_: calls.append(1))  # type: ignore[union-attr]
    Regularised(model, [Norms(1.0), Norms(1.0)])(batch).backward()
    assert len(calls) == 1


def test_terms_learn_and_the_model_is_what_scores() -> None:
    model, batch = model_and_batch()
    both = Regularised(model, [Norms(1.0)])
    both(batch).backward()
    assert all(p.grad is not None for p in both.parameters())
    assert {key.removeprefix("model.") for key in both.state_dict() if key.startswith("model.")} == set(
        model.state_dict()
    )
    assert set(both.state_dict()) - {f"model.{key}" for key in model.state_dict()} == {"terms.0.factor"}
    torch.testing.assert_close(both.score(DATA), model.score(DATA))
    assert (both.num_items, both.max_len) == (ITEMS, 12)


def test_every_term_hears_of_an_epoch() -> None:
    model, _ = model_and_batch()
    terms = [Norms(1.0), Norms(1.0)]
    both = Regularised(model, terms)
    assert isinstance(both, EpochAware)
    both.begin_epoch(3, 10)
    assert [term.epochs for term in terms] == [[(model, 3, 10)]] * 2
