"""Full-ranking evaluation: Foretaste against the bare matrix products and against each peer's own evaluation.

``python benchmarks/bench_eval.py`` times the ranking of every user's validation target among the whole catalogue at
d = 64, with untrained networks: the time does not depend on the weights.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from machine import ROOT, heading, load, table
from parts import Part, chosen, data_folder, run

PARTS = (
    Part("foretaste", "foretaste"),
    Part("replay", "replay"),
    Part("rectools", "rectools"),
    Part("recbole", "recbole"),
)
NOTES = (
    "total: histories in, NDCG@10 and HR@10 out, by the library's own evaluation, best of three; x: against Foretaste.",
    "encoding: our own call of the network alone for all users, in blocks of 256 for the peers.",
    "ranking: Foretaste's ranks and metrics on vectors already there; bare: the blocked products users x items",
    "into one buffer; both best of seven, in turns, in one process.",
    "Seen items are masked by all but RecBole, which does not mask for sequential models. RecTools divides NDCG by",
    "the gain of k relevant items, so its figure is lower by a constant; hit rates agree with the shared evaluator.",
)


def rows(found: dict[str, dict[str, Any]]) -> list[list[str]]:
    """The table's cells."""
    base = found.get("foretaste")
    out = [["part", "total s", "x", "encoding s", "ranking s", "peak RSS MB", "load"]]
    if base:
        out.append(["bare products", "-", "-", "-", f"{base['bare_seconds']:.3f}", "-", "-"])
    for name, result in found.items():
        out.append(
            [
                name,
                f"{result['evaluation_seconds']:.2f}",
                f"{result['evaluation_seconds'] / base['evaluation_seconds']:.1f}" if base else "-",
                f"{result['encoding_seconds']:.2f}",
                f"{result['ranking_seconds']:.3f}" if "ranking_seconds" in result else "-",
                f"{result['peak_rss_mb']:,.0f}",
                f"{result['load_before']:.1f}",
            ]
        )
    return out


def verdict(found: dict[str, dict[str, Any]]) -> list[str]:
    """The ratio that Foretaste promises."""
    if not (base := found.get("foretaste")):
        return []
    return [f"Foretaste's ranking takes {base['ranking_seconds'] / base['bare_seconds']:.2f} times the bare products"]


def main() -> None:
    """Runs the parts and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="folder of the data set; default: amazon_beauty of FORETASTE_DATA")
    parser.add_argument("--only", nargs="*", default=[], help="parts by name; default: all")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--users", type=int, help="only the first so many users, to try it out")
    parser.add_argument("--fresh", action="store_true", help="run again what has a result")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "eval.txt")
    options = parser.parse_args()
    data, before = data_folder(options.data), load()
    common = {"data": data, "task": "evaluate", "threads": options.threads, "users": options.users}
    found: dict[str, dict[str, Any]] = {}
    for part in chosen(PARTS, options.only):
        kept = options.out.with_suffix("") / f"{part.name}.json"
        if result := run(part, common, kept, fresh=options.fresh):
            found[part.name] = result
    if not found:
        raise SystemExit("no part gave a result")
    sizes = next(iter(found.values()))
    protocol = (
        f"{sizes['users']:,} users x {sizes['items']:,} items, d=64; leave-one-out, validation targets, "
        f"{options.threads} threads"
    )
    versions = [f"  {name}: " + ", ".join(f"{k} {v}" for k, v in r["versions"].items()) for name, r in found.items()]
    lines = heading(f"Full-ranking evaluation on {data.name}", protocol, before)
    lines += [*table(rows(found)), "", *verdict(found), "", *NOTES, "", "versions", *versions]
    options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(options.out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
