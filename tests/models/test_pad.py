"""PAD's network: the gate folds, experts keep apart, the future stays hidden, every loss sees gated items."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from foretaste.core.errors import ConfigError
from foretaste.data.sequences import Sequences
from foretaste.models.losses import LossConfig, catalogue_loss
from foretaste.models.pad import GatedRecommender, expert, parts, together
from foretaste.models.pad_alignment import KERNELS, AlignConfig, DistributionAlignment, NoLoss, discrepancy
from foretaste.models.pad_config import PADConfig, check
from foretaste.models.pad_experts import AlignedItems, Stack
from foretaste.models.sequence import SequenceRecommender
from foretaste.nn.batch import SequenceBatch
from foretaste.nn.gate import ramps
from foretaste.nn.growth import NewItems, grow

ITEMS, WIDTH, DIM = 30, 12, 8
SMALL: dict[str, Any] = {"dim": DIM, "inner": 8, "hidden": 10, "layers": 1, "max_len": 6, "dropout": 0.0,
                         "text_dropout": 0.0, "init_std": 0.5}  # fmt: skip
TEXT = torch.randn(ITEMS, WIDTH, generator=torch.Generator().manual_seed(5))
BINS = torch.arange(ITEMS) // 3
ROWS = [[(start * 3 + step * (1 + start % 2)) % ITEMS for step in range(2 + start % 5)] for start in range(20)]
TRAIN = Sequences.from_lists(ROWS)
ALL = "id+aligned+text"


def network(experts: str = ALL, loss: str | None = None, **keys: Any) -> SequenceRecommender:
    torch.manual_seed(0)
    config = PADConfig(experts=experts, **SMALL | keys)
    term = catalogue_loss(LossConfig(loss=loss, negatives=3, precision="fp32"), TRAIN, ITEMS) if loss else None
    return together(config, [expert(config, name, TEXT, term) for name in config.names], BINS, term)


def gated(experts: str = ALL, loss: str | None = None, **keys: Any) -> GatedRecommender:
    model = network(experts, loss, **keys)
    assert isinstance(model, GatedRecommender)
    torch.nn.init.normal_(model.gate.logits)
    return model


def batch(rows: list[list[int]]) -> SequenceBatch:
    data = Sequences.from_lists(rows)
    return SequenceBatch(
        torch.from_numpy(data.padded()).long(), torch.from_numpy(data.lengths), torch.arange(len(rows))
    )


@pytest.mark.parametrize("gate", ["learned", "fixed", "uniform", "none"])
@pytest.mark.parametrize("experts", ["id+text", "id+aligned", "aligned+text", ALL])
def test_the_folded_gate_is_the_sum_over_experts(experts: str, gate: str) -> None:
    model = gated(experts, gate=gate).eval()
    names = experts.split("+")
    users = model.user_vectors(TRAIN).chunk(len(names), dim=1)
    wanted = torch.zeros(len(TRAIN), ITEMS)
    for number, (user, view) in enumerate(zip(users, model.views.views, strict=True)):
        logits = model.gate.logits[:, BINS]
        share = {"uniform": torch.full((ITEMS,), 1 / len(names)), "none": torch.ones(ITEMS)}.get(
            gate, logits[number].sigmoid() / logits.sigmoid().sum(0)
        )
        wanted += share * (user @ view.table().T)  # type: ignore[operator]
    torch.testing.assert_close(model.score(TRAIN), wanted, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(model.scored()(torch.tensor([[4, 9]])), model.item_vectors()[[4, 9]][None])


def test_each_expert_is_blind_to_what_the_others_see() -> None:
    """A history's states are those of the experts alone, each on its own vectors."""
    model = gated().eval()
    torch.manual_seed(0)
    config = PADConfig(**SMALL)
    alone = [expert(config, name, TEXT).eval() for name in config.names]
    wanted = torch.cat([one.user_vectors(TRAIN) for one in alone], dim=1)
    torch.testing.assert_close(model.user_vectors(TRAIN), wanted)


@pytest.mark.parametrize("keys", [{"backbone": "gru4rec"}, {"backbone": "caser"}, {"text_backbone": "gru4rec"},
                                  {"aligned_backbone": "caser", "fusion": "cat", "stack": 2}, {}])  # fmt: skip
def test_the_future_and_padding_stay_out(keys: dict[str, Any]) -> None:
    model = gated(**keys).eval()
    items, lengths = torch.randint(ITEMS, (4, 6)), torch.full((4,), 6)
    other = items.clone()
    other[:, 3:] = (items[:, 3:] + 7) % ITEMS
    before, after = model.encode(items, lengths), model.encode(other, lengths)
    torch.testing.assert_close(before[:, :3], after[:, :3])
    together_ = model.user_vectors(Sequences.from_lists([[4, 9, 2], [1], list(range(20)), []]))
    for row, state in zip([[4, 9, 2], [1], list(range(20))], together_, strict=False):
        torch.testing.assert_close(state, model.user_vectors(Sequences.from_lists([row]))[0], atol=1e-5, rtol=1e-4)
    assert not together_[3].any()


@pytest.mark.parametrize("loss", ["softmax", "bce", "sampled-softmax", "gbce"])
def test_every_loss_trains_all_parts_and_the_gate(loss: str) -> None:
    model = gated(loss=loss, fusion="cat").train()
    text = model.views.views[2].vectors.clone()  # type: ignore[union-attr,operator]
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(40):
        optimizer.zero_grad()
        value = model(batch(ROWS))
        value.backward()
        optimizer.step()
        losses.append(value.item())
    assert sum(losses[-5:]) < 0.92 * sum(losses[:5])
    unused = [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert unused == []
    assert torch.equal(model.views.views[2].vectors, text)  # type: ignore[arg-type]


def test_the_softmax_is_over_gated_scores() -> None:
    model = gated(loss="softmax").eval()
    found = model(batch([[3, 8, 1]]))
    states = model.encode(torch.tensor([[3, 8]]), torch.tensor([2]))[0]
    wanted = torch.nn.functional.cross_entropy(states @ model.item_vectors().T, torch.tensor([8, 1]))
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("experts", [ALL, "id+text"])
def test_a_step_has_the_slopes_of_a_gate_written_out(experts: str) -> None:
    """Tables are weighed and joined in one pass; here they are joined, weighed and looked up plainly."""
    model, same = (gated(experts, loss="softmax").train() for _ in range(2))
    same.load_state_dict(model.state_dict())
    model(batch(ROWS)).backward()
    items, lengths = batch(ROWS).items, batch(ROWS).lengths
    weights = torch.nn.functional.embedding(BINS, same.gate.shares().T).repeat_interleave(DIM, dim=1)
    whole = torch.cat([view.table() for view in same.views.views], dim=1)  # type: ignore[operator]
    states = same.encoder(whole[items[:, :-1]] * same.factor, lengths - 1)
    real = batch(ROWS).mask()[:, 1:]
    torch.nn.functional.cross_entropy((states @ (whole * weights).T)[real], items[:, 1:][real]).backward()
    for (name, own), other in zip(model.named_parameters(), same.parameters(), strict=True):
        assert own.grad is not None, name
        torch.testing.assert_close(own.grad, other.grad, rtol=1e-4, atol=1e-6, msg=lambda told, n=name: f"{n}: {told}")


def test_a_gate_that_does_not_learn_has_no_slope() -> None:
    for kind, learns in (("learned", True), ("fixed", False), ("uniform", False), ("none", False)):
        model = gated(loss="softmax", gate=kind)
        model(batch(ROWS)).backward()
        assert (model.gate.logits.grad is not None) == learns


def test_the_papers_gate_starts_where_its_code_starts_it() -> None:
    """Weights of ID, aligned and text expert on Prime Pantry, in the hottest, a middle and the coldest bin."""
    model = network(gamma2=-4.0)
    assert isinstance(model, GatedRecommender)
    shares = model.gate.shares().T
    torch.testing.assert_close(shares[0], torch.tensor([0.568, 0.013, 0.419]), atol=6e-4, rtol=0)
    torch.testing.assert_close(shares[4], torch.tensor([0.496, 0.009, 0.496]), atol=6e-4, rtol=0)
    torch.testing.assert_close(shares[9], torch.tensor([0.404, 0.005, 0.591]), atol=6e-4, rtol=0)
    assert ramps(["text"], 10, aligned=0.0).tolist()[0][0] == pytest.approx(0.1)


def test_the_aligned_expert_joins_both_vectors() -> None:
    config = PADConfig(**SMALL)
    ids = torch.tensor([[1, 2], [7, 7]])
    for keys in ({"fusion": "add"}, {"fusion": "cat"}):
        items = expert(PADConfig(**SMALL | keys), "aligned", TEXT).items.eval()
        assert isinstance(items, AlignedItems)
        torch.testing.assert_close(items.table(), items.ids.table() + items.text.table())
        torch.testing.assert_close(items(ids), items.table()[ids])
    gelu = expert(PADConfig(**SMALL | {"fusion": "cat", "fusion_activation": "gelu"}), "aligned", TEXT).items
    assert float(gelu.table().detach().min()) > -0.18
    stacked = expert(PADConfig(**SMALL | {"stack": 4}), "text", TEXT)
    (stack,) = (part for part in stacked.items.modules() if isinstance(part, Stack))
    assert sum(isinstance(part, torch.nn.Linear) for part in stack.modules()) == 5
    assert config.of("id").dropout == 0.0


@pytest.mark.parametrize("kernel", KERNELS)
def test_distinct_items_of_the_batch_are_compared(kernel: str) -> None:
    config = PADConfig(**SMALL)
    model = expert(config, "aligned", TEXT)
    items = model.items
    assert isinstance(items, AlignedItems)
    keys = AlignConfig(kernel=kernel, weight=0.7)
    ids = torch.tensor([1, 4, 7, 9])
    found = DistributionAlignment(keys)(model, batch([[7, 1, 1, 7], [4], [9, 9, 9]]))
    torch.testing.assert_close(found, 0.7 * discrepancy(keys, items.text(ids), items.ids(ids)))
    often = DistributionAlignment(AlignConfig(kernel=kernel, distinct=False))(model, batch([[7, 1, 1, 7], [4]]))
    assert torch.isfinite(often)
    assert DistributionAlignment(keys)(model, batch([[7]])).item() == 0.0


def test_no_more_items_are_compared_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def noted(config: AlignConfig, text: Tensor, free: Tensor) -> Tensor:
        sizes.append(len(text))
        return text.sum()

    monkeypatch.setattr("foretaste.models.pad_alignment.discrepancy", noted)
    DistributionAlignment(AlignConfig(most=6))(expert(PADConfig(**SMALL), "aligned", TEXT), batch(ROWS))
    assert sizes == [6]


def test_alignment_without_an_anchor_moves_the_tables_alone() -> None:
    model = expert(PADConfig(**SMALL), "aligned", TEXT, NoLoss())
    model(batch(ROWS)).backward()
    assert not any(p.grad is not None and p.grad.any() for p in model.parameters())


def test_parts_have_names_that_can_be_frozen() -> None:
    config = PADConfig(**SMALL)
    named = parts(network(), config)
    assert set(named) == {"gate", "aligned.ids", "aligned.text"} | {
        f"{name}.{part}" for name in config.names for part in ("items", "encoder")
    }


def test_new_items_are_cold_and_come_by_their_text() -> None:
    model = gated().eval()
    before = model.item_vectors()
    grow(model, NewItems.of(torch.randn(2, WIDTH), TEXT, neighbours=3, borrow=False))
    after = model.item_vectors()
    assert torch.equal(after[:ITEMS], before)
    assert model.gate.bins[-2:].tolist() == [9, 9]
    assert not after[-2:, :DIM].any(), "no free vector of its own"
    assert after[-2:, 2 * DIM :].any()
    assert model.score(TRAIN).shape == (len(TRAIN), ITEMS + 2)


def test_bert4rec_is_refused() -> None:
    with pytest.raises(ConfigError, match="every place"):
        check(PADConfig(backbone="bert4rec"))
