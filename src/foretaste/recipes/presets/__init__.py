"""Named settings of a recipe: ``RECIPE.NAME.toml`` in this folder, its first comment line saying what it is.

A preset holds keys like any config file; a test builds the config of every one of them.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foretaste.core.errors import unknown

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Preset:
    """Settings under a name.

    Attributes:
        name: Its name after ``--preset``.
        summary: What it is, in one line.
        values: Its keys and values.
    """

    name: str
    summary: str
    values: dict[str, Any]


def presets_of(recipe: str, folder: Path = FOLDER) -> dict[str, Preset]:
    """All presets of a recipe by name."""
    return {preset.name: preset for preset in map(_read, sorted(folder.glob(f"{recipe}.*.toml")))}


def preset(recipe: str, name: str, folder: Path = FOLDER) -> Preset:
    """One preset.

    Raises:
        ConfigError: If the recipe has none of that name; suggests the nearest.
    """
    known = presets_of(recipe, folder)
    if name not in known:
        raise unknown("preset", name, known, where=f"presets of {recipe}")
    return known[name]


def _read(file: Path) -> Preset:
    text = file.read_text(encoding="utf-8")
    first = text.partition("\n")[0]
    summary = first.removeprefix("#").strip() if first.startswith("#") else ""
    return Preset(file.name.split(".")[1], summary, tomllib.loads(text))
