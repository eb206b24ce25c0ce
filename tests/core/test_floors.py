"""The house's one law: a floor imports only from floors below it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import foretaste

ROOT = Path(foretaste.__file__).parent
FLOORS = ["core", "data", "text", "nn", "models", "training", "evaluation", "recipes", "serving", "cli"]
FORBIDDEN = {"core": {"torch", "polars", "numpy"}, "data": {"torch"}, "nn": {"polars"}, "models": {"polars"}}
LIGHT = ("foretaste", "foretaste.core.errors", "foretaste.core.config", "foretaste.cli.main")


def _imports(path: Path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("floor", FLOORS)
def test_imports_run_down_the_floors(floor):
    wrong = []
    for path in sorted((ROOT / floor).rglob("*.py")):
        for name in _imports(path):
            package, _, rest = name.partition(".")
            above = rest.split(".")[0] if package == "foretaste" else None
            if above in FLOORS and FLOORS.index(above) > FLOORS.index(floor):
                wrong.append(f"{path.name} imports {name}")
            if package in FORBIDDEN.get(floor, ()):
                wrong.append(f"{path.name} imports {name}")
    assert not wrong


@pytest.mark.parametrize("module", LIGHT)
def test_light_modules_load_nothing_heavy(module):
    code = f"import sys, {module}; print([m for m in ('torch', 'polars', 'numpy', 'scipy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
