"""What an import did, for a reader: what was read and how, what was refused and why, what to know before training."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def report_lines(manifest: dict[str, Any], out: Path) -> list[str]:
    """The lines that ``foretaste data import`` prints, from the manifest that it wrote."""
    record, stats = manifest["import"], manifest["stats"]
    lines = [f"{manifest['name']} → {out}"]
    for role, source in record["sources"].items():
        columns = ", ".join(f"{key} ← {column}" for key, column in source["columns"].items())
        lines.append(f"  {role}: {source['source']} ({source['kind']}), {source['accepted']:,} rows; {columns}")
        if source["rejected"]:
            reasons = ", ".join(f"{reason} {count:,}" for reason, count in source["reasons"].items())
            lines.append(f"    {source['rejected']:,} rows refused, kept in {out / 'rejected.parquet'}: {reasons}")
        lines += [f"    the column {old!r} is called {new!r} here" for old, new in source["renamed"].items()]
        if source["trimmed_ids"]:
            lines.append(f"    {source['trimmed_ids']:,} ids had blanks around them, which were cut off")
    lines.append(f"  times: {record['time']}")
    lines += _warnings(record, stats)
    if core := record["core"]:
        lines.append(
            f"  {core['mode']} k-core (users {core['min_user']}, items {core['min_item']}) removed "
            f"{core['removed_interactions']:,} interactions, {core['removed_users']:,} users, "
            f"{core['removed_items']:,} items"
        )
    lines.append(
        f"  {stats['users']:,} users, {stats['items_interacted']:,} items ({stats['items_listed']:,} listed), "
        f"{stats['interactions']:,} interactions, density {stats['density_pct']} %, "
        f"sequences {stats['seq_len']['min']}–{stats['seq_len']['max']}, median {stats['seq_len']['median']:g}"
    )
    return lines


def _warnings(record: dict[str, Any], stats: dict[str, Any]) -> list[str]:
    repeats = record["repeats"]
    out = []
    if repeats["exact_duplicates"]:
        out.append(f"  {repeats['exact_duplicates']:,} rows are exact repeats of an earlier one (kept)")
    if repeats.get("tied_interactions"):
        out.append(
            f"  {repeats['tied_interactions']:,} interactions share their time with another of the same user; for "
            f"{repeats['users_with_tied_last']:,} users the order of the source decides which one is the newest"
        )
    if stats["duplicate_user_item_pairs"]:
        out.append(
            f"  {stats['duplicate_user_item_pairs']:,} interactions repeat an earlier user-item pair "
            f"({stats['users_with_repeats']:,} users; kept)"
        )
    if stats.get("items_without_attributes"):
        out.append(f"  {stats['items_without_attributes']:,} items of the log are not in the catalogue")
    for column, found in record["gap_like_ids"].items():
        out += [
            f"  {count:,} rows have the {column} {text!r}: a gap written by another tool?"
            for text, count in found.items()
        ]
    return out
