"""At least 5,000 made-up requests, out of the OpenAPI document, to a running service: ``make fuzz``."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from machine import ROOT, heading, load
from quiet import QUIET
from served import served

RESULTS = ROOT / "benchmarks" / "results"
TEXT = ["text.encoder=tfidf", "train.epochs=1"]


def main() -> None:
    """Trains two small models, serves them, asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=5_000)
    cases, load_before = parser.parse_args().cases, load()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        foretaste = [sys.executable, "-m", "foretaste"]
        small = ["--users", "200", "--items", "120"]
        subprocess.run([*foretaste, "data", "simulate", "--out", str(folder / "data"), *small], check=True)
        for recipe, keys in (("llmesr", TEXT), ("alpharec", TEXT)):
            trained = [
                *foretaste,
                "train",
                recipe,
                "--data",
                str(folder / "data"),
                "--out",
                str(folder / recipe),
                *keys,
            ]
            subprocess.run(
                trained, check=True, env=os.environ | QUIET, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        models = [str(folder / recipe) for recipe in ("llmesr", "alpharec")]
        with served([*models, "--events", str(folder / "events.db")], folder / "log.txt") as service:
            asking = [sys.executable, str(ROOT / "tests" / "serving" / "fuzzing.py"), service.url, str(cases)]
            asked = subprocess.run(asking, check=False, stdout=subprocess.PIPE, text=True)
        log = (folder / "log.txt").read_text()
        if asked.returncode or "Traceback" in log:
            sys.exit(f"{asked.stdout}the service logged:\n{log[-4000:]}")
        what = (
            "Made-up requests out of the OpenAPI document (schemathesis), to llmesr and alpharec on a simulated market"
        )
        protocol = "requests that fit the document and requests that do not, over HTTP, to one process"
        lines = [*heading(what, protocol, load_before), asked.stdout]
        (RESULTS / "fuzz.txt").write_text("\n".join(lines))
        print(asked.stdout)


if __name__ == "__main__":
    main()
