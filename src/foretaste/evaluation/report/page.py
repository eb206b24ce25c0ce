"""The report: one HTML file that needs nothing else, neither network nor script."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from foretaste.core.files import write_atomic
from foretaste.evaluation.compare import TESTED, Comparison, Difference
from foretaste.evaluation.embedding_map import EmbeddingMap
from foretaste.evaluation.report import bins, experts, figures
from foretaste.evaluation.report.cells import (
    best_entry,
    interval_text,
    number,
    p_text,
    percent,
    present_columns,
    protocol_facts,
    seeds_text,
)
from foretaste.evaluation.report.maps import map_figure, map_legend, map_note
from foretaste.evaluation.report.theme import SERIES

FIGURES: tuple[tuple[str, Callable[[Comparison], str | None], str], ...] = (
    (
        "Accuracy",
        figures.overview,
        "A mark is the mean over users, its line the 95 % bootstrap interval. Two lines may overlap and the difference "
        "still be sure, because the same users are asked: the paired tests above decide.",
    ),
    (
        "Learning",
        figures.curves,
        "One line for each seed; the mark is the best epoch, whose weights were kept. Losses of different kinds have "
        "different scales, so each is shown against its own first epoch.",
    ),
    (
        "Who is served",
        bins.by_bins,
        "Items are binned so that each bin holds about the same number of training interactions. Bars show "
        "the standard deviation over seeds.",
    ),
    (
        "Who is served, in the papers' bins",
        bins.by_papers_bins,
        "The popularity thresholds of two papers on the long tail, which suit catalogues like theirs. Popularity is "
        "counted on the training part only, where the papers count test interactions too.",
    ),
    (
        "From hot to cold",
        bins.by_frequency,
        "Items by falling frequency, cut so that each bin holds a tenth of the training interactions: the bins of PAD, "
        "whose gate goes by them. The last one also has the items that training never saw.",
    ),
    (
        "What the gate weighs",
        experts.gates,
        "Weights of a model's experts by how often the scored item occurs in training; means over seeds.",
    ),
    (
        "What alignment keeps",
        experts.forgetting,
        "Are the items of a history still as far from the right answer, and from a wrong one that is as popular, as "
        "before the alignment with text? Kendall's tau between all these distances: 1 is the same order, 0 none of it.",
    ),
    (
        "Head and tail",
        figures.head_and_tail,
        "Head items are the most popular fifth, head users the fifth with the longest histories (strong colour); tail "
        "is everything else (pale).",
    ),
    (
        "What is recommended",
        figures.exposure,
        "Grey bars: what users really took. Dotted: the catalogue. A model whose line lies to the right of the bars "
        "shows popular items more often than users take them.",
    ),
)


def write_report(comparison: Comparison, path: str | Path, maps: Sequence[EmbeddingMap] = ()) -> Path:
    """Writes the report, whole or not at all.

    Args:
        comparison: What is shown.
        path: The HTML file.
        maps: Maps of item vectors to show side by side.

    Raises:
        MissingExtra: If matplotlib is not installed.
    """
    target = Path(path)
    page = render(comparison, maps)
    write_atomic(target, lambda part: part.write_text(page, encoding="utf-8"))
    return target


def render(comparison: Comparison, maps: Sequence[EmbeddingMap] = ()) -> str:
    """The whole page."""
    css = files("foretaste.evaluation.report").joinpath("page.css").read_text(encoding="utf-8")
    drawn = [(title, draw(comparison), note) for title, draw, note in FIGURES]
    body = [
        f"<h1>{escape(_title(comparison))}</h1>",
        f'<p class="lead">{escape(headline(comparison))}</p>',
        _warnings(comparison),
        "<h2>Results</h2>",
        _results(comparison),
        _tests(comparison),
        _protocol(comparison),
        *(_figure(title, svg, note, _keys(comparison, svg)) for title, svg, note in drawn if svg),
        _maps(maps),
        "<h2>Runs</h2>",
        _runs(comparison),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(_title(comparison))}</title>\n<style>\n{css}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in body if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def headline(comparison: Comparison) -> str:
    """The result in one or two sentences."""
    scored = [(s[0], e) for e in comparison.entries if (s := e.spread("metrics", "ndcg@10"))]
    if not scored:
        return ""
    score, best = max(scored, key=lambda pair: pair[0])
    text = f"{best.label} has the highest NDCG@10, {number(best.spread('metrics', 'ndcg@10'), 4)}"
    others = [value for value, entry in scored if entry is not best]
    if others and max(others) > 0:
        text += f", {score / max(others) - 1:.1%}".replace("%", " %") + " above the next"
    tail, head = (best.spread("groups", "items", name, "ndcg@10") for name in ("tail", "head"))
    if tail and head and head[0] > 0:
        text += f". On tail items it reaches {tail[0] / head[0]:.0%}".replace("%", " %") + " of its value on head items"
    return text + "."


def _title(comparison: Comparison) -> str:
    data = comparison.protocol.get("data") or comparison.entries[0].runs[0].data.get("name", "data")
    count = len(comparison.entries)
    return f"{data}: {comparison.entries[0].label}" if count == 1 else f"{data}: {count} recommenders compared"


def _warnings(comparison: Comparison) -> str:
    if not comparison.warnings:
        return ""
    return '<ul class="warnings">' + "".join(f"<li>{escape(w)}</li>" for w in comparison.warnings) + "</ul>"


def _shade(place: int) -> str:
    return f"var(--s{place % len(SERIES)})"


def _swatch(shade: str) -> str:
    return f'<span class="swatch" style="background: {shade}"></span>'


def _results(comparison: Comparison) -> str:
    columns = present_columns(comparison)
    winners = [best_entry(comparison, column) for column in columns]
    rows = []
    for place, entry in enumerate(comparison.entries):
        cells = [f"<td>{_swatch(_shade(place))}{escape(entry.label)}</td>", f"<td>{seeds_text(entry)}</td>"]
        for column, winner in zip(columns, winners, strict=True):
            mark = ' class="best"' if winner == entry.label else ""
            cells.append(f"<td{mark}>{_spread(number(column.read(entry), column.digits))}</td>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    several_seeds = any(len(entry.runs) > 1 for entry in comparison.entries)
    note = '<p class="note">± is the standard deviation over seeds.</p>' if several_seeds else ""
    return _table(["recipe", "runs", *(column.title for column in columns)], rows) + note


def _tests(comparison: Comparison) -> str:
    if not comparison.differences:
        return ""
    first = escape(comparison.entries[0].label)
    rows = []
    for place, entry in enumerate(comparison.entries[1:], start=1):
        found = [comparison.difference(entry.label, metric) for metric in TESTED]
        cells = "".join(_difference(difference) for difference in found)
        rows.append(f"<tr><td>{_swatch(_shade(place))}{escape(entry.label)}</td>{cells}</tr>")
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


def _protocol(comparison: Comparison) -> str:
    facts = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in protocol_facts(comparison)
    )
    return f'<h2>Protocol</h2><p class="note">How every number here was measured.</p><dl class="protocol">{facts}</dl>'


def _figure(title: str, svg: str, note: str, keys: list[tuple[str, str]]) -> str:
    legend = "".join(f"<li>{_swatch(shade)}{escape(name)}</li>" for shade, name in keys)
    return (
        f"<h2>{escape(title)}</h2><figure><figcaption>{escape(note)}</figcaption>"
        f'<ul class="legend">{legend}</ul><div class="scroll">{svg}</div></figure>'
    )


def _keys(comparison: Comparison, svg: str) -> list[tuple[str, str]]:
    """Colour and label of the entries that a plot shows."""
    shades = [(_shade(place), entry.label) for place, entry in enumerate(comparison.entries)]
    return [(shade, label) for shade, label in shades if shade in svg]


def _maps(maps: Sequence[EmbeddingMap]) -> str:
    svg = map_figure(maps)
    if svg is None:
        return ""
    keys = [(shade, f"{name} interactions") for shade, name in map_legend(maps)]
    return _figure("Where items lie", svg, map_note(maps), keys)


def _runs(comparison: Comparison) -> str:
    rows = [
        f"<tr><td>{_swatch(_shade(place))}{escape(entry.label)}</td><td>{escape(str(run.seed))}</td>"
        f"<td>{_seconds(run.seconds.get('train'))}</td><td>{escape(str(run.data.get('name', '')))}</td>"
        f'<td class="text"><code>{escape(str(run.folder))}</code></td></tr>'
        for place, entry in enumerate(comparison.entries)
        for run in entry.runs
    ]
    return _table(["recipe", "seed", "training seconds", "data", "folder"], rows, texts=("folder",))


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"
