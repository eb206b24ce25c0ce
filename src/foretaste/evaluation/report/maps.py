"""Embedding maps side by side as one SVG: a dot is a line of no length with round ends, so thousands stay small."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from foretaste.evaluation.embedding_map import GROUPS, EmbeddingMap

WIDTH, GAP, COLUMNS = 1040.0, 20.0, 4
"""Width of the picture, space between maps, and maps in a row at the most, in units of the picture."""

WIDEST = 420.0
"""A map is never wider, however few there are."""

TITLE, FOOT, EDGE = 34.0, 26.0, 10.0
"""Height of a title, of the line under a map, and the margin inside a frame."""

LETTER = 7.1
"""Width of a letter of a title, about."""


def map_figure(maps: Sequence[EmbeddingMap]) -> str | None:
    """All maps as one SVG in the page's colours; None where there are none."""
    if not maps:
        return None
    columns = min(len(maps), COLUMNS)
    side = min((WIDTH - GAP * (columns - 1)) / columns, WIDEST)
    height = TITLE + side + FOOT
    rows = -(-len(maps) // columns)
    panels = [
        f'<g transform="translate({(side + GAP) * (place % columns):.1f} {(height + GAP) * (place // columns):.1f})">'
        f"{_panel(one, side)}</g>"
        for place, one in enumerate(maps)
    ]
    total = rows * height + (rows - 1) * GAP
    about = "Maps of item vectors coloured by popularity: " + ", ".join(one.label for one in maps)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {total:.0f}" role="img" '
        f'aria-label="{escape(about, quote=True)}" font-family="var(--sans)">{"".join(panels)}</svg>'
    )


def map_legend(maps: Sequence[EmbeddingMap]) -> list[tuple[str, str]]:
    """Colour and name of each group, from rare to popular."""
    return [(_colour(place, one), name) for one in maps[:1] for place, name in enumerate(one.popularity.names)]


def map_note(maps: Sequence[EmbeddingMap]) -> str:
    """What the picture shows and of how many items."""
    shown, total = len(maps[0].points), maps[0].total
    which = f"{shown:,} items drawn at random of {total:,}" if shown < total else f"all {total:,} items"
    return (
        f"A dot is an item, {which}, coloured by its training interactions; items with like vectors lie near each "
        "other (t-SNE of what the scores are made of; distances between far groups mean nothing). The number under a "
        "map says how much more often than by chance an item's ten nearest neighbours are about as popular as it is: "
        "near 1, rare and popular items are mixed; the higher, the more the vectors tell popularity instead of kind."
    )


def _panel(one: EmbeddingMap, side: float) -> str:
    letters = int(side / LETTER)
    label = one.label if len(one.label) <= letters else one.label[: letters - 1] + "…"
    return (
        f'<text x="0" y="20" font-size="13.5" font-weight="600" fill="var(--ink)">{escape(label)}'
        f"<title>{escape(one.label)}</title></text>"
        f'<rect x=".5" y="{TITLE + 0.5:g}" width="{side - 1:.1f}" height="{side - 1:.1f}" rx="8" fill="var(--raised)"/>'
        + "".join(_dots(one, group, side) for group in range(len(one.popularity.names)))
        + f'<text x="0" y="{TITLE + side + 19:.1f}" font-size="12.5" fill="var(--muted)">'
        f"like neighbours {one.likeness:.2f} × chance</text>"
    )


def _dots(one: EmbeddingMap, group: int, side: float) -> str:
    inside = side - 2 * EDGE
    places = one.points[one.popularity.member == group]
    path = "".join(f"M{EDGE + x * inside:.1f} {TITLE + EDGE + y * inside:.1f}h0" for x, y in places)
    size = 2.2 if len(one.points) > 1000 else 3.2
    return (
        f'<path d="{path}" fill="none" stroke="{_colour(group, one)}" stroke-width="{size * max(side / 320, 0.8):.2f}" '
        'stroke-linecap="round" stroke-opacity=".85"/>'
    )


def _colour(group: int, one: EmbeddingMap) -> str:
    """A step of the scale from rare to popular, whose ends are always used."""
    steps = max(len(one.popularity.names) - 1, 1)
    return f"var(--m{round(group * (GROUPS - 1) / steps)})"
