"""Every stage of LLMEmb and LLM-ESR killed once with SIGKILL, gone on with, and asked from the folder alone.

    FORETASTE_DATA=DIR python benchmarks/kill_stages.py --data amazon_scientific [--recipes llmemb llmesr] [KEY=VALUE …]

``foretaste train`` is started, killed some seconds into a stage that was not killed before, and started again with the
same command, until all stages are through. The finished folder is then moved and asked for recommendations where it
lies; nothing of it may point back.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl

from foretaste.core.files import read_json
from machine import ROOT, heading, load
from parts import data_folder
from quiet import QUIET

RESULT = ROOT / "benchmarks" / "results" / "kill.txt"
PROTOCOL = """{data}, defaults of the recipes, one thread; SIGKILL in every stage, {after:g} s into it, then the
          same command again; the finished folder is moved before it is asked."""


def open_stage(run: Path) -> str:
    """The stage that is being made, or nothing."""
    for folder in sorted(run.glob("stages/*")):
        if (folder / "begun.json").is_file() and not (folder / "manifest.json").is_file():
            return folder.name
    return ""


def watch(command: list[str], run: Path, killed: list[str], after: float) -> bool:
    """Runs the command until it ends or is killed in a new stage; whether it ended well."""
    with run.with_suffix(".log").open("a") as log:
        process = subprocess.Popen(command, env=os.environ | QUIET, stdout=log, stderr=log)
    seen, since = "", time.monotonic()
    while process.poll() is None:
        time.sleep(0.05)
        now = open_stage(run)
        if now != seen:
            seen, since = now, time.monotonic()
        if now and now not in killed and time.monotonic() - since >= after:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed.append(now)
            return False
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}; see {run.with_suffix('.log')}")
    return True


def main() -> None:
    """Kills, goes on, asks, and writes down how it went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="amazon_scientific")
    parser.add_argument("--out", type=Path, default=Path("runs/kill"))
    parser.add_argument("--recipes", nargs="*", default=["llmemb", "llmesr"])
    parser.add_argument("--after", type=float, default=2.0, help="seconds into a stage")
    parser.add_argument("keys", nargs="*", help="KEY=VALUE for both")
    asked = parser.parse_args()
    data = data_folder(str(Path(os.environ["FORETASTE_DATA"]) / asked.data))
    lines, before = [], load()
    for recipe in asked.recipes:
        run, killed, began = asked.out / recipe, [], time.monotonic()
        run.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "foretaste", "train", recipe, "--data", str(data), "--out", str(run)]
        while not watch([*command, *asked.keys], run, killed, asked.after):
            pass
        stages = [folder.name for folder in sorted(run.glob("stages/*"))]
        moved = run.with_name(f"{recipe}-moved")
        shutil.rmtree(moved, ignore_errors=True)
        run.rename(moved)
        found = recommended(moved, data)
        metrics = read_json(moved / "metrics.json")["test"]["metrics"]
        lines += [
            f"{recipe}: {time.monotonic() - began:.0f} s with {len(killed)} kills",
            f"  stages  {', '.join(stages)}",
            f"  killed  {', '.join(killed)}",
            f"  test    hr@10 {metrics['hr@10']:.4f}  ndcg@10 {metrics['ndcg@10']:.4f}",
            f"  asked   {len(found)} items, scores " + " ".join(f"{row['score']:.3f}" for row in found),
        ]
        text = [*heading("Killed in every stage", PROTOCOL.format(data=asked.data, after=asked.after), before), *lines]
        RESULT.write_text("\n".join(text) + "\n", encoding="utf-8")
    print(RESULT.read_text(encoding="utf-8"))


def recommended(run: Path, data: Path) -> list[dict[str, object]]:
    """Ten items for the data set's first two, from the folder alone."""
    history = ",".join(pl.read_parquet(data / "items.parquet")["item_id"].cast(pl.String).head(2))
    command = [sys.executable, "-m", "foretaste", "recommend", str(run.resolve()), "--history", history, "--json"]
    away = {key: value for key, value in os.environ.items() if key != "FORETASTE_DATA"}
    done = subprocess.run(command, env=away | QUIET, capture_output=True, text=True, check=True, cwd="/")
    answer = json.loads(done.stdout)
    return list(answer[0] if answer and isinstance(answer[0], list) else answer)


if __name__ == "__main__":
    main()
