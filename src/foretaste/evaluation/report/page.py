"""The report: one HTML file that needs nothing else, neither network nor script."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from foretaste.core.files import write_atomic
from foretaste.evaluation.compare import Comparison
from foretaste.evaluation.embedding_map import EmbeddingMap
from foretaste.evaluation.report.cells import number, protocol_facts
from foretaste.evaluation.report.html_tables import results, runs, shade, swatch, tests
from foretaste.evaluation.report.maps import map_figure, map_legend, map_note
from foretaste.evaluation.report.sections import FIGURES


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
        results(comparison),
        tests(comparison),
        _protocol(comparison),
        *(_figure(title, svg, note, _keys(comparison, svg)) for title, svg, note in drawn if svg),
        _maps(maps),
        "<h2>Runs</h2>",
        runs(comparison),
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


def _protocol(comparison: Comparison) -> str:
    facts = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in protocol_facts(comparison)
    )
    return f'<h2>Protocol</h2><p class="note">How every number here was measured.</p><dl class="protocol">{facts}</dl>'


def _figure(title: str, svg: str, note: str, keys: list[tuple[str, str]]) -> str:
    legend = "".join(f"<li>{swatch(colour)}{escape(name)}</li>" for colour, name in keys)
    return (
        f"<h2>{escape(title)}</h2><figure><figcaption>{escape(note)}</figcaption>"
        f'<ul class="legend">{legend}</ul><div class="scroll">{svg}</div></figure>'
    )


def _keys(comparison: Comparison, svg: str) -> list[tuple[str, str]]:
    """Colour and label of the entries that a plot shows."""
    shades = [(shade(place), entry.label) for place, entry in enumerate(comparison.entries)]
    return [(colour, label) for colour, label in shades if colour in svg]


def _maps(maps: Sequence[EmbeddingMap]) -> str:
    svg = map_figure(maps)
    if svg is None:
        return ""
    keys = [(colour, f"{name} interactions") for colour, name in map_legend(maps)]
    return _figure("Where items lie", svg, map_note(maps), keys)
