"""Items held out of training altogether enter by their text: HR@10 over the whole catalogue, on targets that are new.

    FORETASTE_DATA=DIR python benchmarks/cold_start.py --data amazon_scientific [--recipes …] [--keys KEY=VALUE …]

A tenth of the items is taken out of interactions and catalogue; every recipe is trained on what is left. Then the items
are added (``Recommender.add_items``), and every user whose newest item is one of them is asked for it: history all
before it, full ranking over old and new items, items of the history left out. Runs are resumed; nothing is trained to
add an item.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import foretaste
from foretaste.core.config import describe
from foretaste.core.errors import ForetasteError
from foretaste.core.files import write_json
from foretaste.data.dataset import Dataset
from foretaste.nn.items import IdTable
from foretaste.recipes.registry import recipe
from foretaste.recipes.train import train_run
from machine import ROOT, heading, load

RECIPES: dict[str, list[str]] = {
    "textknn": [],
    "textknn-tfidf": ["text.encoder=tfidf"],
    "llm2x": [],
    "unisrec": [],
    "fdsa": [],
    "llmesr": [],
    "llmemb": ["scft.epochs=1"],
    "sasrec": [],
    "popularity": [],
}
"""Name of a line → its keys; the recipe is the name up to a dash."""
RESULT = ROOT / "benchmarks" / "results" / "cold_start.txt"
ROWS = (("near", 10), ("near", 1), ("zero", 1))


@dataclass(frozen=True)
class Questions:
    """What is asked.

    Attributes:
        histories: Raw ids, oldest first.
        targets: The newest item of each.
        new: Whether it is one of the items held out.
    """

    histories: list[list[str]]
    targets: list[str]
    new: np.ndarray


def hold_out(source: Path, folder: Path, share: float, seed: int) -> tuple[Path, pl.DataFrame]:
    """The data set without a share of its items, and those items' rows of the catalogue."""
    data = Dataset.load(source)
    rng = np.random.default_rng(seed)
    cold = set(rng.permutation(np.array(list(data.items)))[: round(share * data.num_items)].tolist())
    listed = pl.col("item_id").cast(pl.String).is_in(list(cold))
    items = pl.read_parquet(source / "items.parquet")
    if not (folder / "interactions.parquet").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        items.filter(~listed).write_parquet(folder / "items.parquet")
        write_json(folder / "manifest.json", {**data.manifest, "name": f"{data.name}-cold"})
        pl.read_parquet(source / "interactions.parquet").filter(~listed).write_parquet(folder / "interactions.parquet")
    return folder, items.filter(listed)


def questions(source: Path, cold: Sequence[str]) -> Questions:
    """Every user's newest item, given all before it; users of two items or more."""
    data = Dataset.load(source)
    new = set(cold)
    rows = [data.items.decode(row) for row in data.sequences if len(row) > 1]
    targets = [row[-1] for row in rows]
    return Questions([row[:-1] for row in rows], targets, np.array([target in new for target in targets]))


def asked_of(shop: foretaste.Recommender, asked: Questions, *, new: bool, most: int, k: int = 10) -> dict[str, float]:
    """HR and NDCG at ``k`` of the questions whose target is new, or old, and how many new items the lists hold."""
    places = np.flatnonzero(asked.new == new)[:most]
    found = shop.recommend(histories=[asked.histories[i] for i in places], k=k)
    gains, strangers = np.zeros(len(places)), 0
    cold = {target for target, is_new in zip(asked.targets, asked.new, strict=True) if is_new}
    for row, (place, answer) in enumerate(zip(places, found, strict=True)):
        ids = [r.item_id for r in answer]
        strangers += sum(raw in cold for raw in ids)
        if asked.targets[place] in ids:
            gains[row] = 1 / np.log2(2 + ids.index(asked.targets[place]))
    return {
        "asked": len(places),
        f"hr@{k}": float((gains > 0).mean()),
        f"ndcg@{k}": float(gains.mean()),
        "new_share": strangers / max(1, k * len(places)),
    }


def measured(run: Path, items: list[dict[str, Any]], asked: Questions, most: int) -> Iterator[dict[str, Any]]:
    """One line for each way to take the items in; a recipe that cannot has one that says so."""
    before = asked_of(foretaste.load(run), asked, new=False, most=most)
    for id_rows, neighbours in ROWS:
        line: dict[str, Any] = {"id_rows": id_rows, "neighbours": neighbours, "old_before": before}
        shop = foretaste.load(run)
        try:
            shop.add_items(items, id_rows=id_rows, neighbours=neighbours)
        except ForetasteError as error:
            yield line | {"new": asked_of(shop, asked, new=True, most=most), "cannot": error.what}
            return
        yield line | {
            "new": asked_of(shop, asked, new=True, most=most),
            "old_after": asked_of(shop, asked, new=False, most=most),
        }
        if not any(isinstance(part, IdTable) for part in shop.saved.model.modules()):
            return


def table(found: list[dict[str, Any]]) -> str:
    """The lines as text."""
    head = f"{'recipe':<15}{'free vectors':<14}{'new HR@10':>10}{'NDCG@10':>9}{'old HR@10 before':>18}{'after':>8}"
    lines = [head]
    for row in found:
        rows = f"{row['id_rows']} {row['neighbours']}" if "old_after" in row else "cannot"
        after = f"{row['old_after']['hr@10']:.4f}" if "old_after" in row else "-"
        new = row["new"]
        lines.append(
            f"{row['recipe']:<15}{rows:<14}{new['hr@10']:>10.4f}{new['ndcg@10']:>9.4f}"
            f"{row['old_before']['hr@10']:>18.4f}{after:>8}"
        )
    return "\n".join(lines)


def main() -> None:
    """Trains, adds, asks, and prints the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", default="amazon_scientific")
    arguments.add_argument("--out", type=Path, default=Path("runs/cold"))
    arguments.add_argument("--recipes", nargs="*", default=list(RECIPES), choices=list(RECIPES))
    arguments.add_argument("--share", type=float, default=0.1, help="share of the items held out")
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--most", type=int, default=3000, help="questions of a kind asked at most")
    arguments.add_argument("--keys", nargs="*", default=[], help="KEY=VALUE for every recipe that has the key")
    given = arguments.parse_args()
    source, out = Path(os.environ["FORETASTE_DATA"]) / given.data, given.out / given.data
    folder, cold = hold_out(source, out / "data", given.share, given.seed)
    columns = pl.read_parquet(folder / "items.parquet").columns
    items = cold.select(name for name in columns if name != "popularity").to_dicts()
    asked = questions(source, cold["item_id"].cast(pl.String).to_list())
    found: list[dict[str, Any]] = []
    before = load()
    for name in given.recipes:
        keys = [f"seed={given.seed}", f"text.store={out / 'store'}", *given.keys]
        chosen = [*RECIPES[name], *(key for key in keys if has(recipe_of(name), key))]
        train_run(recipe_of(name), folder, out / name, chosen)
        found += [{"recipe": name, **line} for line in measured(out / name, items, asked, given.most)]
        write_json(out / "cold.json", found)
        write(given.data, table(found), asked, given, before)


def recipe_of(name: str) -> str:
    """The recipe behind a line."""
    return name.partition("-")[0]


def write(data: str, lines: str, asked: Questions, given: argparse.Namespace, before: float) -> None:
    """Writes and prints what is known by now."""
    new, old = (min(int(mark.sum()), given.most) for mark in (asked.new, ~asked.new))
    protocol = f"""{data}, seed {given.seed}: {given.share:.0%} of the items held out of interactions and catalogue,
          then added by text alone (add_items), nothing retrained. Asked: {new:,} users whose newest item is new
          and {old:,} whose newest item is old, history all before it, full ranking over old and new items, items of
          the history left out. free vectors: what a new item's trainable vector is borrowed from (nearest known
          texts), where the network has such vectors."""
    text = "\n".join([*heading("Items that enter by text alone", protocol, before), lines, ""])
    RESULT.write_text(text, encoding="utf-8")
    print(text, flush=True)


def has(name: str, override: str) -> bool:
    """Whether a recipe has the key of an override."""
    return override.partition("=")[0] in {row.key for row in describe(recipe(name).config)}


if __name__ == "__main__":
    main()
