"""The parts of a comparison: one process each, one after the other, results kept as they come."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from machine import ROOT, commit, load, processor

PEERS = ROOT / "benchmarks" / "peers"


@dataclass(frozen=True)
class Part:
    """One entry of a table.

    Attributes:
        name: Its name in the table and of its file.
        library: Whose driver and environment.
        arguments: What the driver is given besides the common arguments.
        driver: First word of its driver's file name, before the library's.
    """

    name: str
    library: str
    arguments: tuple[str, ...] = ()
    driver: str = "run"

    @property
    def python(self) -> Path:
        """The interpreter of the library's environment; Foretaste runs in the one we are in."""
        if self.library == "foretaste":
            return Path(sys.executable)
        folder = "Scripts" if platform.system() == "Windows" else "bin"
        return ROOT / ".venvs" / self.library / folder / "python"


def run(part: Part, common: dict[str, Any], out: Path, *, fresh: bool) -> dict[str, Any] | None:
    """Runs one part, unless a finished result of the same question on the same machine is there; None if it failed.

    Args:
        part: Which.
        common: Arguments that all parts share, as ``{"threads": 2}``.
        out: Where its result is kept.
        fresh: Whether an old result is thrown away.
    """
    ask = {**common, "data": Path(common["data"]).name, "arguments": list(part.arguments), "machine": processor()}
    if part.library == "foretaste":
        ask["code"] = commit("HEAD:src")
    if not fresh and (old := _read(out)) and old.get("finished", True) and old.get("asked") == ask:
        print(f"{part.name}: kept from {out}", file=sys.stderr)
        return old
    if not part.python.exists():
        print(f"{part.name}: no environment; run benchmarks/peers/install.py {part.library}", file=sys.stderr)
        return None
    out.unlink(missing_ok=True)
    given = [word for key, value in common.items() if value is not None for word in (f"--{key}", str(value))]
    script = PEERS / f"{part.driver}_{part.library}.py"
    before = load()
    print(f"{part.name}: runs (load {before})", file=sys.stderr)
    command = [str(part.python), str(script), *given, "--out", str(out), *part.arguments]
    done = subprocess.run(command, env=_environment(common), stdout=sys.stderr)
    result = _read(out)
    if done.returncode or result is None:
        print(f"{part.name}: failed with exit code {done.returncode}", file=sys.stderr)
        return None
    result |= {"asked": ask, "load_before": before}
    out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return result


def _environment(common: dict[str, Any]) -> dict[str, str]:
    threads = str(common["threads"])
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS", "ARROW_NUM_THREADS")
    return {**os.environ, **dict.fromkeys(names, threads)}


def _read(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def data_folder(given: str | None, name: str = "amazon_beauty") -> Path:
    """The data set to measure on: as given, or that of this name in ``FORETASTE_DATA``."""
    root = os.environ.get("FORETASTE_DATA")
    if given is None and root is None:
        raise SystemExit(f"give --data FOLDER, or set FORETASTE_DATA to the folder that holds {name}")
    folder = Path(given) if given else Path(str(root)) / name
    if not (folder / "interactions.parquet").is_file():
        raise SystemExit(f"{folder} holds no interactions.parquet")
    return folder.resolve()


def chosen(parts: tuple[Part, ...], names: list[str]) -> list[Part]:
    """The parts named, or all."""
    known = [part.name for part in parts]
    if wrong := [name for name in names if name not in known]:
        raise SystemExit(f"there is no part {wrong[0]!r}; choose among {', '.join(known)}")
    return [part for part in parts if not names or part.name in names]
