"""A description as rows of text, the same in the terminal and on the page."""

from __future__ import annotations

from foretaste.data.description import RARE, Description, Spread


def summary_rows(found: Description) -> list[tuple[str, ...]]:
    """Name and value of every figure but those of the item columns."""
    tail, cold, repeats = found.tail, found.cold, found.repeats
    return [
        ("users", f"{found.users:,}"),
        ("items", f"{found.items_listed:,} listed, {found.items_interacted:,} with interactions"),
        ("interactions", f"{found.interactions:,}"),
        ("density", f"{found.density_pct:.4f} %"),
        ("history length", _spread(found.history_length)),
        ("item frequency", _spread(found.item_frequency)),
        ("Gini of popularity", f"{tail.gini:.3f} ({tail.gini_listed:.3f} over all listed items)"),
        ("head: top 20 % of items", f"{tail.head_items:,} items with {tail.head_share:.1%} of the interactions"),
        ("tail: the other 80 %", f"{tail.tail_items:,} items with {tail.tail_share:.1%} of the interactions"),
        ("80 % of the interactions", f"on {tail.items_for_80:,} items"),
        ("cold items", f"{cold.never:,} never met ({cold.never_share:.1%}), {cold.rare:,} met fewer than {RARE} times"),
        ("repeats", f"{repeats.interactions:,} interactions ({repeats.share:.1%}) of {repeats.users:,} users"),
        ("ties in time", _ties(found)),
        ("time", _time(found)),
    ]


def text_rows(found: Description) -> list[tuple[str, ...]]:
    """Name, missing share, distinct values and mean words of every item column."""
    return [
        (
            row.column,
            f"{row.missing_share:.1%}",
            f"{row.distinct:,}",
            "" if row.mean_words is None else f"{row.mean_words:.1f}" + (" entries" if row.type == "list" else ""),
        )
        for row in found.text
    ]


def _spread(spread: Spread) -> str:
    return (
        f"min {spread.min:,}, median {spread.median:g}, mean {spread.mean:.1f}, p90 {spread.p90:g}, max {spread.max:,}"
    )


def _ties(found: Description) -> str:
    if found.ties is None:
        return "no times"
    if not found.ties.interactions:
        return "none"
    return f"{found.ties.interactions:,} interactions ({found.ties.share:.1%}) of {found.ties.users:,} users"


def _time(found: Description) -> str:
    if found.period is None:
        return "order only" if found.timestamp == "ordinal" else "no times"
    return f"{found.period.first} to {found.period.last} UTC ({found.period.days:,.0f} days)"
