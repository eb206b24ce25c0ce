"""The tables of the report, as HTML."""

from __future__ import annotations

from html import escape

from foretaste.evaluation.compare import TESTED, Comparison, Difference
from foretaste.evaluation.report.cells import (
    best_entry,
    interval_text,
    number,
    p_text,
    percent,
    present_columns,
    seeds_text,
)
from foretaste.evaluation.report.theme import SERIES


def shade(place: int) -> str:
    """Colour of an entry, by its place."""
    return f"var(--s{place % len(SERIES)})"


def swatch(colour: str) -> str:
    """A spot of a colour."""
    return f'<span class="swatch" style="background: {colour}"></span>'


def results(comparison: Comparison) -> str:
    """Means over seeds, the best of each column marked."""
    columns = present_columns(comparison)
    winners = [best_entry(comparison, column) for column in columns]
    rows = []
    for place, entry in enumerate(comparison.entries):
        cells = [f"<td>{swatch(shade(place))}{escape(entry.label)}</td>", f"<td>{seeds_text(entry)}</td>"]
        for column, winner in zip(columns, winners, strict=True):
            mark = ' class="best"' if winner == entry.label else ""
            cells.append(f"<td{mark}>{_spread(number(column.read(entry), column.digits))}</td>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    several_seeds = any(len(entry.runs) > 1 for entry in comparison.entries)
    note = '<p class="note">± is the standard deviation over seeds.</p>' if several_seeds else ""
    return _table(["recipe", "runs", *(column.title for column in columns)], rows) + note


def tests(comparison: Comparison) -> str:
    """Differences to the first entry, with intervals and p-values."""
    if not comparison.differences:
        return ""
    first = escape(comparison.entries[0].label)
    rows = []
    for place, entry in enumerate(comparison.entries[1:], start=1):
        found = [comparison.difference(entry.label, metric) for metric in TESTED]
        cells = "".join(_difference(difference) for difference in found)
        rows.append(f"<tr><td>{swatch(shade(place))}{escape(entry.label)}</td>{cells}</tr>")
    heads = [text for metric in TESTED for text in (metric.upper(), "95 % interval", "p")]
    return (
        f"<h2>Against {first}</h2>"
        f'<p class="note">Relative difference of the means over the same users. Intervals and p-values come from a '
        "paired bootstrap over users; the p-values are corrected after Holm for all differences shown.</p>"
        + _table(["recipe", *heads], rows)
    )


def _spread(text: str) -> str:
    mean, sign, std = text.partition(" ± ")
    return f"{escape(mean)} <small>± {escape(std)}</small>" if sign else escape(mean)


def _difference(difference: Difference | None) -> str:
    if difference is None:
        return "<td>–</td><td></td><td></td>"
    share = percent(difference.relative(difference.paired.difference))
    return (
        f"<td>{share}</td><td>{interval_text(difference)}</td><td>{escape(p_text(difference.p_holm).lstrip('p='))}</td>"
    )


def _table(heads: list[str], rows: list[str], texts: tuple[str, ...] = ()) -> str:
    left = ' class="text"'
    head = "".join(f"<th{left if text in texts else ''}>{escape(text)}</th>" for text in heads)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def runs(comparison: Comparison) -> str:
    """Where everything came from."""
    rows = [
        f"<tr><td>{swatch(shade(place))}{escape(entry.label)}</td><td>{escape(str(run.seed))}</td>"
        f"<td>{_seconds(run.seconds.get('train'))}</td><td>{escape(str(run.data.get('name', '')))}</td>"
        f'<td class="text"><code>{escape(str(run.folder))}</code></td></tr>'
        for place, entry in enumerate(comparison.entries)
        for run in entry.runs
    ]
    return _table(["recipe", "seed", "training seconds", "data", "folder"], rows, texts=("folder",))


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"
