"""What a figure was measured on: hardware, load, versions of the code."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def git(*arguments: str) -> subprocess.CompletedProcess[str]:
    """One git command in the repository."""
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)


def commit(of: str = "HEAD") -> str:
    """The commit (or ``HEAD:src``, the state of the library alone), marked when the library was changed since."""
    changed = git("diff", "--quiet", "HEAD", "--", "src").returncode
    return (git("rev-parse", "--short=12", of).stdout.strip() or "unknown") + ("-changed" if changed else "")


def processor() -> str:
    """Name of the processor, with its cores and the memory."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        lines = info.read_text(encoding="utf-8").splitlines()
        name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), name)
    memory = ""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = f", {os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB"
    return f"{name}, {os.cpu_count()} cores{memory}"


def load() -> float:
    """Average load of the last minute; near 0 on a quiet machine."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else float("nan")


def heading(what: str, protocol: str, load_before: float) -> list[str]:
    """The lines above every table of results."""
    return [
        what,
        f"date      {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        f"commit    {commit()}",
        f"machine   {processor()}, {platform.system()}; load {load_before} before the first part",
        f"protocol  {protocol}",
        "",
    ]


def table(rows: list[list[str]]) -> list[str]:
    """Rows in columns, the first left-aligned, the others to the right; the first row is the header."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return [lines[0], "  ".join("-" * w for w in widths), *lines[1:]]
