"""Groups of weights: which are decayed, and which learn at a rate of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from foretaste.training.checkpoint import Progress, load_checkpoint, save_checkpoint
from foretaste.training.config import TrainConfig
from foretaste.training.loop import fit
from foretaste.training.optim import make_optimizers


class Quick(nn.Module):
    """One weight that wants to learn faster."""

    lr_factor = 30.0

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2, 3))


class Network(nn.Module):
    """Every weight has the slope 1, so Adam moves each by its rate."""

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.quick = nn.Linear(3, 2), Quick()
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, batch: Step) -> Tensor:
        return torch.stack([p.sum() for p in self.parameters()]).sum()


class Step:
    """Nothing to learn from."""

    def to(self, device: object) -> Step:
        return self


class Steps:
    """``count`` batches of nothing."""

    def __init__(self, count: int) -> None:
        self.count = count

    def epoch(self, number: int) -> list[np.ndarray]:
        return [np.zeros(1, dtype=np.int64)] * self.count

    def batch(self, block: np.ndarray) -> Step:
        return Step()


CONFIG = TrainConfig(epochs=1, lr=1e-3, warmup_steps=0, clip=0.0, weight_decay=0.5, device="cpu")


def test_a_module_may_learn_at_a_rate_of_its_own(tmp_path: Path) -> None:
    model = Network()
    fit(model, Steps(4), CONFIG, folder=tmp_path, validate=lambda: {"ndcg@10": 1.0}, seed=0)
    torch.testing.assert_close(model.linear.bias, torch.full((2,), -4e-3), rtol=1e-3, atol=0)
    torch.testing.assert_close(model.quick.weight, torch.full((2, 3), -0.12), rtol=1e-3, atol=0)


def test_only_matrices_at_the_common_rate_are_decayed() -> None:
    model = Network()
    (optimizer,) = make_optimizers(model, CONFIG)
    groups = {id(p): group for group in optimizer.param_groups for p in group["params"]}
    assert {name: groups[id(p)]["weight_decay"] for name, p in model.named_parameters()} == {
        "linear.weight": 0.5, "linear.bias": 0.0, "quick.weight": 0.0,
    }  # fmt: skip


def test_the_rate_of_its_own_survives_a_checkpoint(tmp_path: Path) -> None:
    model = Network()
    optimizers = make_optimizers(model, CONFIG)
    model(Step()).backward()
    optimizers[0].step()
    save_checkpoint(tmp_path / "c", model, optimizers, Progress(step=1), 0)
    again = make_optimizers(other := Network(), CONFIG)
    load_checkpoint(tmp_path / "c", other, again)
    assert [group.get("factor") for group in again[0].param_groups] == [None, None, 30.0]
    assert torch.equal(
        again[0].state[other.quick.weight]["exp_avg"], optimizers[0].state[model.quick.weight]["exp_avg"]
    )
