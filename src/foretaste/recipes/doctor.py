"""What is installed, what the machine can do, and whether a data set is fit to train on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
from pathlib import Path
from typing import Any

import torch

import foretaste
from foretaste.core.errors import ForetasteError
from foretaste.recipes.splitting import make_split, open_dataset

CORE = ("numpy", "polars", "rich", "safetensors", "scipy", "torch", "typer")
EXTRAS = {
    "sql": ("duckdb", "sqlalchemy"),
    "report": ("matplotlib",),
    "tune": ("optuna",),
    "multi": ("accelerate",),
}
"""Extra → the libraries it brings."""

LITTLE_DISK = 2 << 30


def checkup(data: str | Path | None = None, out: str | Path = ".") -> dict[str, Any]:
    """Versions, machine, extras, free disk, a data set when one is given, and what should be looked at.

    Args:
        data: A data folder to check, or None.
        out: The folder whose disk will hold the runs.
    """
    found: dict[str, Any] = {
        "foretaste": foretaste.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": {name: _version(name) for name in CORE},
        "extras": {extra: {name: _version(name) for name in names} for extra, names in EXTRAS.items()},
        "machine": _machine(),
        "disk": _disk(Path(out)),
    }
    if data is not None:
        found["data"] = _data(data)
    found["notes"] = _notes(found)
    return found


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _machine() -> dict[str, Any]:
    gpus = (
        [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    )
    return {
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": _memory_gb(),
        "torch_threads": torch.get_num_threads(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "amx": _flag("amx_tile"),
        "bf16": _flag("avx512_bf16") or _flag("amx_bf16"),
        "gpus": gpus,
        "cuda_build": torch.version.cuda,
        "mps": torch.backends.mps.is_available(),
    }


def _memory_gb() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError, AttributeError):
        return None


def _flag(name: str) -> bool:
    """Whether the processor lists an instruction set (Linux; False elsewhere)."""
    info = Path("/proc/cpuinfo")
    if not info.is_file():
        return False
    flags = next((line for line in info.read_text().splitlines() if line.startswith("flags")), "")
    return name in flags.split()


def _disk(folder: Path) -> dict[str, Any]:
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    return {"folder": str(folder.resolve()), "free_gb": round(free / 2**30, 1), "writable": os.access(folder, os.W_OK)}


def _data(folder: str | Path) -> dict[str, Any]:
    """Statistics of the data set and whether it can be split; what is wrong, in words, when it cannot."""
    try:
        dataset = open_dataset(folder)
        split = make_split(dataset, "leave-one-out")
    except ForetasteError as error:
        return {"folder": str(folder), "problem": error.as_dict()}
    return {
        "folder": str(folder),
        "name": dataset.name,
        "users": dataset.num_users,
        "items": dataset.num_items,
        "interactions": dataset.sequences.total,
        "real_times": dataset.real_times,
        "titles": "title" in dataset.catalogue.columns,
        "fingerprint": dataset.fingerprint,
        "protocol": split.protocol,
        "warnings": list(split.warnings),
    }


def _notes(found: dict[str, Any]) -> list[str]:
    notes: list[str] = []
    machine, disk = found["machine"], found["disk"]
    if machine["cuda_build"] and not machine["gpus"]:
        notes.append("a CUDA build of torch is installed, but no GPU answers: a CPU build is smaller")
    if machine["cpus"] and machine["torch_threads"] > machine["cpus"]:
        notes.append(f"torch uses {machine['torch_threads']} threads on {machine['cpus']} CPUs: set OMP_NUM_THREADS")
    if disk["free_gb"] * 2**30 < LITTLE_DISK:
        notes.append(f"only {disk['free_gb']} GB are free at {disk['folder']}")
    if not disk["writable"]:
        notes.append(f"{disk['folder']} cannot be written to")
    for extra, libraries in found["extras"].items():
        missing = [name for name, version in libraries.items() if version is None]
        if missing:
            notes.append(f"{', '.join(missing)} not installed: pip install 'foretaste[{extra}]'")
    data = found.get("data", {})
    if "problem" in data:
        notes.append(f"the data cannot be used: {data['problem']['error']}; {data['problem']['mend']}")
    notes += data.get("warnings", [])
    return notes
