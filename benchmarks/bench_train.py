"""Seconds to a given validation NDCG@10: Foretaste, RecBole, RecTools and RePlay, one after the other.

``python benchmarks/bench_train.py`` runs what has no finished result yet and writes the table; a part that is there is
kept, so an interrupted comparison goes on where it stopped. Every part's curve lies beside the table as JSON.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path
from typing import Any

from machine import ROOT, heading, load, table
from parts import Part, chosen, data_folder, run

RESULTS = ROOT / "benchmarks" / "results"
PARTS = (
    Part("foretaste", "foretaste"),
    Part("foretaste-random", "foretaste", ("init=random",)),
    Part("replay-sampled", "replay", ("--loss", "sampled")),
    Part("replay-sampled-lr5e-3", "replay", ("--loss", "sampled", "--lr", "5e-3")),
    Part("replay-ce", "replay", ("--loss", "ce")),
    Part("rectools-softmax", "rectools", ("--loss", "softmax")),
    Part("rectools-sampled", "rectools", ("--loss", "sampled_softmax")),
    Part("recbole-ce", "recbole", ("--loss", "CE")),
)
DEFAULTS = ("replay-ce", "rectools-softmax", "recbole-ce")
NOTES = (
    "seconds: training clock to the first evaluation that reaches the target; evaluation stands outside the clock for",
    "everybody, loading and preparing the data too. The documented default loss is full softmax for all three peers;",
    "'sampled' is what the library offers besides it.",
    "x: ratio to Foretaste (seconds: how many times longer; targets/s: what part of it). A part that never reached the",
    "target shows the seconds after which it was stopped, and its ratio is a lower bound.",
)


def protocol(options: argparse.Namespace) -> str:
    """The question, in one line."""
    return (
        f"SASRec d=64, 2 layers, length 50; leave-one-out; validation NDCG@10 >= {options.target} over the whole "
        f"catalogue, training items masked, ties half; {options.threads} threads; seeds {options.seeds}; "
        f"stopped after {options.max_seconds:.0f} s of training"
    )


def summary(results: list[dict[str, Any]]) -> dict[str, float]:
    """Means over the seeds of a part; a seed that did not reach the target counts with the seconds it was given."""
    seconds = [r["seconds_to_target"] or r["train_seconds"] for r in results]
    return {
        "seconds": statistics.mean(seconds),
        "reached": float(all(r["seconds_to_target"] is not None for r in results)),
        "targets": statistics.mean(r["targets_per_second"] for r in results),
        "epochs": statistics.mean(r["curve"][-1]["epoch"] for r in results),
        "ndcg": statistics.mean(r["best_ndcg@10"] for r in results),
        "rss": max(r["peak_rss_mb"] for r in results),
        "prepare": statistics.mean(r["prepare_seconds"] for r in results),
    }


def rows(found: dict[str, list[dict[str, Any]]]) -> list[list[str]]:
    """The table's cells."""
    base = summary(found["foretaste"]) if found.get("foretaste") else None
    out = [["part", "seconds", "x", "targets/s", "x", "epochs", "best ndcg@10", "peak RSS MB", "prepare s", "load"]]
    for name, results in found.items():
        s = summary(results)
        more = "" if s["reached"] else "> "
        out.append(
            [
                name,
                f"{more}{s['seconds']:.1f}",
                f"{more}{s['seconds'] / base['seconds']:.1f}" if base else "-",
                f"{s['targets']:,.0f}",
                f"{s['targets'] / base['targets']:.3f}" if base else "-",
                f"{s['epochs']:.1f}",
                f"{s['ndcg']:.4f}",
                f"{s['rss']:,.0f}",
                f"{s['prepare']:.1f}",
                f"{max(r['load_before'] for r in results):.1f}",
            ]
        )
    return out


def verdict(found: dict[str, list[dict[str, Any]]]) -> list[str]:
    """How many times longer the fastest peer takes, with its default loss and with any."""
    base = summary(found["foretaste"])["seconds"] if found.get("foretaste") else None
    lines = []
    for which, names in (("its documented default loss", DEFAULTS), ("any loss it offers", tuple(found))):
        times = {
            name: summary(found[name]) for name in found if name in names and name.partition("-")[0] != "foretaste"
        }
        if base is None or not times:
            continue
        best = min(times, key=lambda name: times[name]["seconds"])
        more = "" if times[best]["reached"] else "more than "
        lines.append(f"fastest peer with {which}: {best}, {more}{times[best]['seconds'] / base:.1f} times Foretaste")
    return lines


def settings(found: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Versions and settings of every part."""
    lines = ["settings"]
    for name, results in found.items():
        first = results[0]
        versions = ", ".join(f"{key} {value}" for key, value in first["versions"].items())
        keys = ", ".join(f"{key}={value}" for key, value in first["settings"].items())
        lines += [f"  {name}: {versions}", f"    {keys}"]
    return lines


def main() -> None:
    """Runs the parts and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="folder of the data set; default: amazon_beauty of FORETASTE_DATA")
    parser.add_argument("--only", nargs="*", default=[], help="parts by name; default: all")
    parser.add_argument("--target", type=float, default=0.035)
    parser.add_argument("--max-seconds", type=float, default=3600.0, help="of training, for each part and seed")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--users", type=int, help="only the first so many users, to try it out")
    parser.add_argument("--fresh", action="store_true", help="run again what has a result")
    parser.add_argument("--out", type=Path, default=RESULTS / "train.txt")
    options = parser.parse_args()
    data, before = data_folder(options.data), load()
    found: dict[str, list[dict[str, Any]]] = {}
    for part in chosen(PARTS, options.only):
        for seed in options.seeds:
            common = {
                "data": data,
                "target": options.target,
                "max-seconds": options.max_seconds,
                "threads": options.threads,
                "seed": seed,
                "users": options.users,
            }
            kept = options.out.with_suffix("") / f"{part.name}-seed{seed}.json"
            if result := run(part, common, kept, fresh=options.fresh):
                found.setdefault(part.name, []).append(result)
                lines = heading(f"Time to quality on {data.name}", protocol(options), before)
                lines += [*table(rows(found)), "", *verdict(found), "", *NOTES, "", *settings(found)]
                options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if found:
        print(options.out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
