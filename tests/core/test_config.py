"""Configs: precedence, conversion, and an answer for everything misspelt."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretaste.core.config import (
    configure,
    describe,
    flat,
    from_dict,
    option,
    to_dict,
    to_toml,
    update,
)
from foretaste.core.errors import ConfigError
from foretaste.core.keys import parse_overrides


@dataclass(frozen=True)
class Train:
    lr: float = option(1e-3, "Step size.", paper="1e-3 in SASRec")
    epochs: int = option(10, "Passes over the data.", low=1)
    dropout: float = option(0.5, "Rate.", low=0, high=1)
    amp: bool = option(False, "Mixed precision.")


@dataclass(frozen=True)
class Config:
    seed: int = option(0, "Seed.")
    backbone: str = option("sasrec", "Encoder.", choices=("sasrec", "gru4rec"))
    dims: tuple[int, ...] = option((64, 64), "Widths.")
    shares: tuple[float, float] = option((0.1, 0.1), "Two shares.")
    cap: int | None = option(None, "Most items of a history.")
    note: str = option("", "Any text.")
    train: Train = option(Train(epochs=20), "The loop.")


def refused(*texts: str, values: dict[str, Any] | None = None) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        from_dict(Config, values, where="here") if values is not None else configure(Config, overrides=texts)
    return caught.value


def test_later_sources_overrule_earlier_ones(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text("cap = 3\nseed = 3\n[train]\nlr = 3.0\n")
    config = configure(
        Config,
        preset={"seed": 2, "cap": 2, "note": "preset", "train": {"lr": 2.0, "amp": True}},
        file=file,
        overrides=["seed=4"],
    )
    assert (config.seed, config.cap, config.note, config.train.lr) == (4, 3, "preset", 3.0)
    assert config.train == Train(lr=3.0, epochs=20, amp=True), "defaults of the group belong to the owner"


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("seed=7", "seed", 7),
        ("seed=1e3", "seed", 1000),
        ("seed=-1", "seed", -1),
        ("train.lr=1e-3", "train.lr", 1e-3),
        ("train.lr=1", "train.lr", 1.0),
        ("train.amp=TRUE", "train.amp", True),
        ("train.amp=off", "train.amp", False),
        ("dims=1,2,3", "dims", (1, 2, 3)),
        ("dims=(8)", "dims", (8,)),
        ("dims=[]", "dims", ()),
        ("shares=0.2, 1e-1", "shares", (0.2, 0.1)),
        ("cap=None", "cap", None),
        ("cap=5", "cap", 5),
        ("backbone=gru4rec", "backbone", "gru4rec"),
        ("note=a=b", "note", "a=b"),
        ("note=none", "note", "none"),
    ],
)
def test_texts_become_the_type_of_the_key(text: str, key: str, value: object) -> None:
    found = flat(configure(Config, overrides=[text]))[key]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("seed=many", "whole number"),
        ("seed=1.5", "whole number"),
        ("seed=inf", "whole number"),
        ("seed=none", "whole number"),
        ("seed=", "whole number"),
        ("train.lr=fast", "a number"),
        ("train.lr=nan", "a number"),
        ("train.amp=maybe", "true or false"),
        ("dims=1,two", "whole number"),
        ("shares=0.1", "2 values"),
        ("cap=x", "or none"),
    ],
)
def test_wrong_types_say_what_is_allowed(text: str, kind: str) -> None:
    error = refused(text)
    assert kind in error.allowed
    assert text.partition("=")[0] in error.what


@pytest.mark.parametrize(
    ("values", "key"), [({"seed": True}, "seed"), ({"train": {"amp": 1.5}}, "train.amp"), ({"note": 3}, "note")]
)
def test_values_of_files_are_checked_like_texts(values: dict[str, Any], key: str) -> None:
    assert repr(key) in refused(values=values).what


@pytest.mark.parametrize(
    ("text", "guess"),
    [
        ("bakcbone=sasrec", "backbone"),
        ("train.lrr=1", "train.lr"),
        ("lr=1", "train.lr"),
        ("epohcs=1", "train.epochs"),
        ("trian.lr=1", "train"),
        ("optim.epochs=1", "train.epochs"),
    ],
)
def test_an_unknown_key_at_any_depth_gets_the_nearest(text: str, guess: str) -> None:
    error = refused(text)
    assert error.what.startswith("unknown key ")
    assert f"did you mean '{guess}" in error.mend


def test_a_wrong_choice_suggests_the_nearest_and_lists_all() -> None:
    error = refused("backbone=sasrek")
    assert error.allowed == "sasrec, gru4rec"
    assert "'sasrec'" in error.mend


@pytest.mark.parametrize(
    ("text", "allowed"),
    [("train.epochs=0", "1 or more"), ("train.dropout=1.5", "0 to 1"), ("train.dropout=-1", "0 to 1")],
)
def test_numbers_out_of_bounds_are_refused(text: str, allowed: str) -> None:
    assert refused(text).allowed == allowed


def test_a_key_without_any_near_one_still_gets_the_nearest() -> None:
    assert "the nearest is" in refused("qqqqqq=1").mend


def test_a_group_takes_no_value() -> None:
    error = refused("train=5")
    assert "train.lr, train.epochs" in error.allowed


def test_a_key_of_a_key_is_refused() -> None:
    assert "seed" in refused("seed.x=5").what


@pytest.mark.parametrize("text", ["dim", "=3", "--lr"])
def test_what_is_not_key_value_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="not of the form key=value"):
        parse_overrides([text])


def test_a_broken_or_missing_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "best.toml"
    file.write_text("seed = \n")
    with pytest.raises(ConfigError, match=r"not TOML.*line 1"):
        configure(Config, file=file)
    with pytest.raises(ConfigError) as caught:
        configure(Config, file=tmp_path / "bset.toml")
    assert "best.toml" in caught.value.mend


def test_describe_lists_every_key_with_the_owners_defaults() -> None:
    rows = {row.key: row for row in describe(Config)}
    assert list(rows)[-1] == "train.amp"
    assert rows["train.epochs"].default == 20
    assert rows["train.lr"].paper == "1e-3 in SASRec"
    assert rows["backbone"].choices == ("sasrec", "gru4rec")
    assert rows["train.dropout"].type == "float, 0 to 1"
    assert (rows["cap"].type, rows["dims"].type, rows["shares"].type) == ("int or none", "int,int,…", "float,float")


def test_update_keeps_what_is_not_named() -> None:
    config = update(Config(note="x"), {"train.lr": "0.5"})
    assert (config.note, config.train.lr, config.train.epochs) == ("x", 0.5, 20)


configs = st.builds(
    Config,
    seed=st.integers(-(2**40), 2**40),
    backbone=st.sampled_from(["sasrec", "gru4rec"]),
    dims=st.lists(st.integers(0, 999), max_size=3).map(tuple),
    shares=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    cap=st.none() | st.integers(0, 9),
    note=st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    train=st.builds(Train, lr=st.floats(0, 1), epochs=st.integers(1, 9), amp=st.booleans()),
)


@given(configs)
def test_a_config_survives_json_and_toml(config: Config) -> None:
    assert from_dict(Config, to_dict(config)) == config
    assert from_dict(Config, tomllib.loads(to_toml(config, comment="two\nlines"))) == config


def test_defaults_must_be_immutable() -> None:
    with pytest.raises(TypeError, match="immutable"):
        option([1], "A list.")
