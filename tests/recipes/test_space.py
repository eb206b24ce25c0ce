"""Search spaces are read strictly, and presets are configs like any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes import FakeConfig
from foretaste.core.config import from_dict
from foretaste.core.errors import ConfigError
from foretaste.recipes.presets import FOLDER, preset, presets_of
from foretaste.recipes.registry import RECIPES, recipe
from foretaste.recipes.space import Range, check_space, parse_space, read_space


def test_ranges_and_choices_from_toml(tmp_path: Path) -> None:
    file = tmp_path / "space.toml"
    file.write_text('dim = [2, 4]\nshape = ["round"]\n[train]\nlr = {low = 1e-4, high = 1e-2, log = true}\n')
    space = read_space(file, FakeConfig)
    assert space == {"dim": (2, 4), "shape": ("round",), "train.lr": Range(1e-4, 1e-2, log=True)}
    dotted = parse_space('"train.epochs" = {low = 1, high = 5}', FakeConfig)
    assert dotted == {"train.epochs": Range(1, 5)}
    assert dotted["train.epochs"].whole  # type: ignore[union-attr]
    assert not Range(1, 5.0).whole


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("dmi = [2]", "dim"),
        ("dim = 3", "neither a range nor"),
        ("dim = []", "neither a range nor"),
        ("dim = [2, 2.5]", "dim=2.5"),
        ('shape = ["oval"]', "oval"),
        ("dim = {low = 5, high = 2}", "from 5 to 2"),
        ("dim = {low = 0, high = 2, log = true}", "log"),
        ("dim = {low = 0, hihg = 2}", "high"),
        ("dim = {low = 1, high = 2.5}", "dim=2.5"),
        ("dim = {low = 1}", "neither a range nor"),
    ],
)
def test_bad_spaces_say_what_is_wrong(text: str, part: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_space(text, FakeConfig)
    assert part in str(caught.value)


def test_presets_are_read_by_name(tmp_path: Path) -> None:
    (tmp_path / "fake.parity.toml").write_text("# The paper's own setting.\ndim = 2\n[train]\nlr = 0.5\n")
    (tmp_path / "fakery.other.toml").write_text("dim = 9\n")
    found = presets_of("fake", tmp_path)
    assert list(found) == ["parity"]
    assert found["parity"].summary == "The paper's own setting."
    assert from_dict(FakeConfig, found["parity"].values).train.lr == 0.5
    with pytest.raises(ConfigError) as caught:
        preset("fake", "partiy", tmp_path)
    assert "'parity'" in caught.value.mend


def test_every_preset_of_the_package_builds_a_config() -> None:
    files = sorted(FOLDER.glob("*.toml"))
    for file in files:
        name, label, _ = file.name.split(".")
        found = preset(name, label)
        assert found.summary, f"{file.name}: the first line must say what it is"
        from_dict(recipe(name).config, found.values, where=file.name)
    stems = {file.name.split(".")[0] for file in files}
    assert stems <= set(RECIPES)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_declared_spaces_fit_their_configs(name: str) -> None:
    found = recipe(name)
    assert found.name == name
    check_space(found.space, found.config, where=name)
