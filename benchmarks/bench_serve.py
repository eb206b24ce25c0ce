"""Latency and throughput of the service on this machine, load generator included: ``make bench-serve``.

Histories are raw ids of 1 to 50 items, no two alike, and k is 10. Latencies come from an open loop at a fixed rate
(``load.py``); throughput from as many requests as 32 connections carry. All run beside the generator on the same cores.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foretaste.core.files import read_json
from load import Address, Answers, closed_loop, open_loop, post, run
from machine import ROOT, heading, load, table
from made_up_catalogue import histories, made_up
from quiet import QUIET
from served import served

RESULT = ROOT / "benchmarks" / "results" / "serve.txt"
TARGETS = {12_000: (5.0, 20.0), 1_000_000: (float("inf"), 30.0)}
"""Greatest p50 and p99 in milliseconds."""


def requests(items: int, count: int) -> list[bytes]:
    """Questions for lists of ten."""
    return [post("/v1/recommend", {"history": history, "k": 10}) for history in histories(items, count)]


def latency(bundle: Path, items: int, folder: Path, *, rate: float, seconds: float) -> tuple[Answers, float]:
    """Answers at a fixed rate, and the load of the machine meanwhile."""
    with served([str(bundle), "--events", str(folder / f"{items}.db")], folder / "log.txt") as service:
        run(open_loop(service.address, requests(items, 300), 100))
        answers: Answers = run(open_loop(service.address, requests(items, int(rate * seconds)), rate))
        return answers, load()


@contextmanager
def compared(name: str, bundle: Path, port: int) -> Iterator[Address]:
    """One of the plain servers."""
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "--factory",
        f"plain_servers:{name}",
        "--app-dir",
        str(Path(__file__).parent),
    ]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--no-access-log", "--log-level", "warning"],
        env=os.environ | QUIET | {"MODEL": str(bundle)},
    )
    address = ("127.0.0.1", port)
    try:
        for _ in range(600):
            try:
                run(closed_loop(address, requests(100, 1), 0.01, connections=1))
                break
            except OSError:
                time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def throughput(bundle: Path, folder: Path, seconds: float) -> dict[str, float]:
    """Requests a second of the service and of what it is compared with, taken in turn, three times; the medians."""
    asked = requests(12_000, 2_000)
    found: dict[str, list[float]] = {"service": [], "bare": [], "plain": []}
    with (
        served([str(bundle), "--events", str(folder / "t.db")], folder / "log.txt") as service,
        compared("bare", bundle, 18_231) as bare,
        compared("plain", bundle, 18_232) as plain,
    ):
        addresses = {"service": service.address, "bare": bare, "plain": plain}
        for address in addresses.values():
            run(closed_loop(address, asked, 1))
        for _ in range(3):
            for name, address in addresses.items():
                answers = run(closed_loop(address, asked, seconds / 3))
                found[name].append((answers.statuses.total() - answers.failed) / answers.wall)
    return {name: sorted(rates)[1] for name, rates in found.items()}


def main() -> None:
    """Measures, prints, keeps."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="of each measurement")
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--large", type=int, default=1_000_000, help="items of the large catalogue; 0: leave it out")
    parser.add_argument("--index", default="auto", help="of the large catalogue")
    parser.add_argument("--keep", type=Path, help="where the made-up bundles are kept for another time")
    options = parser.parse_args()
    before = load()
    with tempfile.TemporaryDirectory() as name:
        folder, kept = Path(name), options.keep or Path(name)
        rows = [
            ["items", "index", "recall@10", "rate", "p50 ms", "p99 ms", "failed", "generator's CPU", "load", "target"]
        ]
        for items in (12_000, options.large) if options.large else (12_000,):
            bundle = made_up(kept, items, options.index if items == options.large else "auto")
            index = read_json(bundle / "bundle.json")["index"]
            answers, loaded = latency(bundle, items, folder, rate=options.rate, seconds=options.seconds)
            p50, p99 = answers.at(0.5), answers.at(0.99)
            low, high = TARGETS.get(items, (float("inf"), 30.0))
            good = p50 <= low and p99 <= high and not answers.failed and index["recall@10"] >= 0.95
            share = f"{answers.cpu / answers.wall:.0%}"
            measured = [f"{options.rate:g}/s", f"{p50:.1f}", f"{p99:.1f}", f"{answers.failed}", share, f"{loaded}"]
            rows.append(
                [f"{items:,}", index["kind"], f"{index['recall@10']:.3f}", *measured, "met" if good else "missed"]
            )
        rates = throughput(made_up(kept, 12_000), folder, options.seconds)
    ratios = [rates["service"] / rates["bare"], rates["service"] / rates["plain"]]
    lines = [
        f"at saturation, 12,000 items, load {load()}: the service answers {rates['service']:.0f} requests a second, "
        f"a bare route {rates['bare']:.0f}, one request one forward {rates['plain']:.0f}",
        f"ratio to the bare route {ratios[0]:.2f} (target 0.40: {'met' if ratios[0] >= 0.4 else 'missed'}), "
        f"to one forward each {ratios[1]:.2f} (target 3: {'met' if ratios[1] >= 3 else 'missed'})",
    ]
    protocol = (
        "SASRec d=64 with random weights, raw histories of 1 to 50 items, k=10, one process, one thread for torch"
    )
    text = [*heading("The service's latency and throughput", protocol, before), *table(rows), "", *lines, ""]
    RESULT.write_text("\n".join(text))
    print("\n".join(text))


if __name__ == "__main__":
    main()
