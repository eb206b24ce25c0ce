"""A backbone by name is the model of that name: the same weights, the same answers, its own defaults."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from foretaste.core.errors import ConfigError
from foretaste.data.sequences import Sequences
from foretaste.models.backbones import BackboneConfig, backbone
from foretaste.models.bert4rec import BERT4RecConfig, bert4rec
from foretaste.models.caser import CaserConfig, caser
from foretaste.models.gru4rec import GRU4RecConfig, gru4rec
from foretaste.models.sasrec import SASRecConfig, sasrec
from foretaste.models.sequence import SequenceRecommender
from foretaste.nn.items import IdTable

ITEMS = 20
ALONE: dict[str, Any] = {
    "sasrec": lambda **keys: sasrec(SASRecConfig(**keys), ITEMS),
    "gru4rec": lambda **keys: gru4rec(GRU4RecConfig(**keys), ITEMS),
    "bert4rec": lambda **keys: bert4rec(BERT4RecConfig(**keys), ITEMS),
    "caser": lambda **keys: caser(CaserConfig(**keys), ITEMS),
}
HISTORIES = Sequences.from_lists([[1, 2, 3], [4], list(range(20)), [], [7, 7, 7, 7]])


def by_name(name: str, **keys: Any) -> SequenceRecommender:
    config = BackboneConfig(backbone=name, **keys)
    return backbone(config, IdTable(ITEMS, config.dim, std=config.init_std))


@pytest.mark.parametrize("name", ALONE)
@pytest.mark.parametrize("keys", [{}, {"dim": 8, "layers": 1, "max_len": 6, "dropout": 0.3}])
def test_it_is_the_model_of_that_name(name: str, keys: dict[str, Any]) -> None:
    keys = {key: value for key, value in keys.items() if name != "caser" or key != "layers"}
    alone, named = ALONE[name](**keys).eval(), by_name(name, **keys).eval()
    assert type(named) is type(alone)
    shapes = [{key: tuple(t.shape) for key, t in model.state_dict().items()} for model in (alone, named)]
    assert shapes[0] == shapes[1]
    named.load_state_dict(alone.state_dict())
    assert named.max_len == alone.max_len
    torch.testing.assert_close(named.score(HISTORIES), alone.score(HISTORIES))
    assert [m.rate for m in named.modules() if hasattr(m, "rate")] == [
        m.rate for m in alone.modules() if hasattr(m, "rate")
    ]


@pytest.mark.parametrize("name", ALONE)
def test_every_key_of_the_model_can_be_set(name: str) -> None:
    """The keys of the parity presets reach the network: scores differ from those of the defaults."""
    keys = {
        "sasrec": {"query_norm": True, "activation": "relu", "scale": True, "pad_to": 50, "causal": False},
        "gru4rec": {"bare": True, "hidden": 64, "last_only": True},
        "caser": {"window": 3, "horizontal": 5, "vertical": 2, "hidden": 9},
        "bert4rec": {"query_norm": True, "scale": True, "mask_share": 0.6, "last_share": 0.5},
    }[name]
    alone, named = ALONE[name](**keys).eval(), by_name(name, **keys).eval()
    named.load_state_dict(alone.state_dict())
    torch.testing.assert_close(named.score(HISTORIES), alone.score(HISTORIES))
    assert named.last_only == alone.last_only
    for key in {"mask_share", "last_share"} & keys.keys():
        assert getattr(named, key) == keys[key]


class Bridge(nn.Module):
    """Items of width 6 for an encoder of width 8."""

    def __init__(self, encoder: nn.Module, dim: int) -> None:
        super().__init__()
        self.up, self.encoder, self.down = nn.Linear(6, dim), encoder, nn.Linear(dim, 6)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        states: Tensor = self.down(self.encoder(self.up(x), lengths))
        return states


@pytest.mark.parametrize("name", ALONE)
def test_something_may_be_put_around_the_encoder(name: str) -> None:
    config = BackboneConfig(backbone=name, dim=8, max_len=5)
    model = backbone(config, IdTable(ITEMS, 6), wrap=Bridge).eval()
    assert isinstance(model.encoder, Bridge)
    assert model.score(HISTORIES).shape == (5, ITEMS)
    assert model.user_vectors(HISTORIES).shape == (5, 6)


@pytest.mark.parametrize(
    ("name", "factor"), [("sasrec", 8**0.5), ("bert4rec", 8**0.5), ("gru4rec", 1.0), ("caser", 1.0)]
)
def test_the_scale_is_that_of_the_width_of_the_encoder(name: str, factor: float) -> None:
    config = BackboneConfig(backbone=name, dim=8, scale=True)
    assert backbone(config, IdTable(ITEMS, 6), wrap=Bridge).factor == factor
    assert backbone(replace(config, scale=False), IdTable(ITEMS, 6), wrap=Bridge).factor == 1.0


def test_keys_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ConfigError, match="heads=3"):
        by_name("sasrec", heads=3)
    with pytest.raises(ConfigError, match="bare=true"):
        by_name("gru4rec", bare=True)
