"""How long the import of a large log takes, and how much memory: ``python benchmarks/bench_import.py --rows 10000000``.

Writes a simulated log to a temporary CSV file (users interleaved in the order of time, items by Zipf's law), imports it
in a process of its own, opens the result in another, and prints seconds, rows per second and peak resident memory of
each. With ``--record FILE`` the report is also written there.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

CHILD = """
import json, resource, sys, time
start = time.perf_counter()
{body}
seconds = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_SELF)
cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20
print(json.dumps({{"seconds": seconds, "cpu": cpu, "peak_gb": peak, **result}}))
"""

IMPORT = """
from pathlib import Path
from foretaste.data.importing.run import import_data
manifest = import_data(sys.argv[1], out=Path(sys.argv[2]), name="bench")
log = manifest["import"]["sources"]["log"]
result = {"interactions": manifest["stats"]["interactions"], "rejected": log["rejected"]}
"""

LOAD = """
from foretaste.data.dataset import Dataset
data = Dataset.load(sys.argv[2])
result = {"interactions": data.sequences.total, "rejected": 0}
"""


def write_log(path: Path, rows: int, seed: int, broken: float) -> int:
    """Writes ``rows`` sound rows and a share ``broken`` of rows without an item; returns how many of those."""
    rng = np.random.default_rng(seed)
    users, items = rows // 20, max(rows // 100, 10)
    weights = np.cumsum(1.0 / np.arange(1, items + 1))
    bad = rng.random(rows) < broken if broken else np.zeros(rows, dtype=bool)
    with path.open("wb") as file:
        file.write(b"user_id,item_id,rating,timestamp\n")
        for start in range(0, rows, 1 << 20):
            count = min(1 << 20, rows - start)
            drawn = np.searchsorted(weights, rng.random(count) * weights[-1])
            chunk = pl.DataFrame({"u": rng.integers(0, users, count), "i": drawn, "r": rng.integers(1, 11, count) / 2})
            item = pl.format("B{}", pl.col("i").cast(pl.String).str.zfill(9))
            table = chunk.select(
                pl.format("U{}", "u"),
                pl.when(pl.Series(~bad[start : start + count])).then(item),
                "r",
                pl.Series(1_500_000_000 + (start + np.arange(count)) * 10),
            )
            table.write_csv(file, include_header=False)
    return int(bad.sum())


def child(body: str, *arguments: str) -> dict[str, float]:
    """Runs a piece of code in a fresh interpreter and returns what it measured of itself."""
    code = CHILD.format(body=body)
    environment = {**os.environ, "FORETASTE_QUIET": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True, env=environment
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def report(
    arguments: argparse.Namespace, size: float, bad: int, imported: dict[str, float], loaded: dict[str, float]
) -> str:
    """The figures with everything needed to judge them."""
    head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    steps = (("import (checked, counted, tidy, arrays)", imported), ("Dataset.load of the result", loaded))
    return "\n".join(
        [
            f"Import of {arguments.rows:,} simulated interactions from CSV ({size:,.0f} MiB: user_id, item_id,",
            f"rating, timestamp). Date {date.today()}, commit {head.stdout.strip()}, {os.cpu_count()} cores "
            f"({platform.machine()}),",
            f"Python {platform.python_version()}, polars {pl.__version__}, load average {os.getloadavg()[0]:.1f}.",
            "Protocol: users interleaved in the order of time, items by Zipf's law, "
            f"{bad:,} rows without an item id; one",
            "child process for each step, file in the page cache; peak = largest resident set of the child.",
            "",
            "| step | seconds | rows/s | CPU seconds | peak GB |",
            "|---|---|---|---|---|",
            *(
                f"| {step} | {run['seconds']:.1f} | {arguments.rows / run['seconds']:,.0f} | {run['cpu']:.1f} "
                f"| {run['peak_gb']:.2f} |"
                for step, run in steps
            ),
        ]
    )


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--broken", type=float, default=0.001, help="share of rows without an item id")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--record", type=Path, default=None, help="file for the report")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="foretaste-bench-") as holder:
        log, out = Path(holder) / "log.csv", Path(holder) / "out"
        bad = write_log(log, arguments.rows, arguments.seed, arguments.broken)
        size = log.stat().st_size / 2**20
        imported = child(IMPORT, str(log), str(out))
        loaded = child(LOAD, str(log), str(out))
    assert imported["interactions"] == arguments.rows - bad
    assert imported["rejected"] == bad
    assert loaded["interactions"] == imported["interactions"]
    text = report(arguments, size, bad, imported, loaded)
    print(text)
    if arguments.record:
        arguments.record.parent.mkdir(parents=True, exist_ok=True)
        arguments.record.write_text(text + "\n")


if __name__ == "__main__":
    main()
