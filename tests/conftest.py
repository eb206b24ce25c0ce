"""What tests of runs share."""

from __future__ import annotations

import os
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from fakes import EVENTS, FAKE, Interruptions, write_tidy
from foretaste.recipes import registry

if not os.environ.get("FORETASTE_DATA"):
    os.environ.pop("FORETASTE_DATA", None)  # set to nothing is not set


@pytest.fixture
def fake_recipe(monkeypatch: pytest.MonkeyPatch) -> Interruptions:
    """Registers the recipe `fake`, and counts what it does."""
    module: Any = types.ModuleType("foretaste_fake")
    module.RECIPE = FAKE
    monkeypatch.setitem(sys.modules, "foretaste_fake", module)
    monkeypatch.setitem(registry.RECIPES, "fake", "foretaste_fake")
    EVENTS.__init__()  # type: ignore[misc]
    return EVENTS


@pytest.fixture
def tidy(tmp_path: Path) -> Path:
    """The folder of a small data set."""
    return write_tidy(tmp_path / "tiny")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Names cases of bytes by their place: two processes that make them at different times must agree on the name."""
    return argname if isinstance(val, bytes) else None
