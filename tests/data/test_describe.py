"""Descriptions against the slow way of counting the same things."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from foretaste.data.dataset import Dataset
from foretaste.data.describe import describe, gini, long_tail
from foretaste.data.describe_plots import write_plots
from foretaste.data.describe_rows import summary_rows, text_rows
from foretaste.data.describe_text import text_columns
from foretaste.data.tidy import write_tidy


def random_log(seed: int, users: int = 40, items: int = 25, rows: int = 600) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "user_id": [f"u{u}" for u in rng.integers(users, size=rows)],
            "item_id": [f"i{i}" for i in (items * rng.random(rows) ** 3).astype(int)],
            "timestamp": 1_600_000_000 + rng.integers(500, size=rows) * 86_400,
        }
    )


def catalogue(items: int = 30) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "item_id": [f"i{i}" for i in range(items)],
            "title": [f"thing number {i % 10}" if i % 5 else None for i in range(items)],
            "categories": [["a", f"b{i % 3}"] if i % 2 else [] for i in range(items)],
            "price": [float(i) if i % 4 else None for i in range(items)],
        }
    )


def load(folder: Path, log: pl.DataFrame, items: pl.DataFrame | None, *, real_times: bool = True) -> Dataset:
    write_tidy(folder, log, items, None, name="random", real_times=real_times)
    return Dataset.load(folder)


@pytest.mark.parametrize("seed", range(4))
def test_figures_equal_those_counted_one_by_one(tmp_path: Path, seed: int) -> None:
    log = random_log(seed)
    found = describe(load(tmp_path / "d", log, catalogue()))
    rows = list(log.iter_rows())
    lengths, popularity = Counter(r[0] for r in rows), Counter(r[1] for r in rows)
    assert (found.users, found.items_interacted, found.interactions) == (len(lengths), len(popularity), len(rows))
    assert found.items_listed == 30
    assert found.density_pct == pytest.approx(100 * len(rows) / (len(lengths) * len(popularity)))
    for spread, counts in ((found.history_length, lengths), (found.item_frequency, popularity)):
        values = sorted(counts.values())
        assert (spread.min, spread.max) == (values[0], values[-1])
        assert spread.mean == pytest.approx(sum(values) / len(values))
        assert spread.median == pytest.approx(float(np.median(values)))
        assert spread.p90 == pytest.approx(float(np.percentile(values, 90)))
    pairs = Counter((r[0], r[1]) for r in rows)
    assert found.repeats.interactions == sum(n - 1 for n in pairs.values())
    assert found.repeats.users == len({u for (u, _), n in pairs.items() if n > 1})
    moments = Counter((r[0], r[2]) for r in rows)
    assert found.ties is not None
    assert found.ties.interactions == sum(n for n in moments.values() if n > 1)
    assert found.ties.users == len({u for (u, _), n in moments.items() if n > 1})
    assert found.cold.never == 30 - len(popularity)
    assert found.cold.rare == sum(popularity[f"i{i}"] < 5 for i in range(30))
    assert found.period is not None
    assert found.period.days == (max(r[2] for r in rows) - min(r[2] for r in rows)) / 86_400
    assert found.period.first.startswith("2020-09-1")


counts_lists = st.lists(st.integers(0, 50), min_size=1, max_size=40)


@given(counts_lists)
@settings(max_examples=60, deadline=None)
def test_gini_is_the_mean_absolute_difference(values: list[int]) -> None:
    differences = sum(abs(a - b) for a in values for b in values)
    mean = sum(values) / len(values)
    expected = differences / (2 * len(values) ** 2 * mean) if mean else 0.0
    assert gini(np.array(values)) == pytest.approx(expected)


@given(counts_lists)
@settings(max_examples=60, deadline=None)
def test_head_and_tail_share_all_interactions(values: list[int]) -> None:
    tail = long_tail(np.array(values))
    falling = sorted((v for v in values if v), reverse=True)
    head = falling[: round(0.2 * len(falling))]
    assert (tail.head_items, tail.tail_items) == (len(head), len(falling) - len(head))
    if falling:
        assert tail.head_share == pytest.approx(sum(head) / sum(falling))
        assert tail.head_share + tail.tail_share == pytest.approx(1.0)
        assert sum(falling[: tail.items_for_80]) >= 0.8 * sum(falling) - 1e-9
        assert sum(falling[: tail.items_for_80 - 1]) < 0.8 * sum(falling)


def test_text_columns_count_what_is_there() -> None:
    title, categories, price = text_columns(catalogue())
    assert (title.type, title.missing, title.distinct, title.mean_words) == ("text", 6, 8, 3.0)
    assert (categories.type, categories.missing, categories.distinct, categories.mean_words) == ("list", 15, 4, 2.0)
    assert (price.type, price.missing, price.distinct, price.mean_words) == ("number", 8, 22, None)
    assert title.missing_share == 0.2


def test_blank_text_counts_as_missing() -> None:
    column = text_columns(pl.DataFrame({"item_id": ["a", "b", "c"], "brand": ["", "  ", "Acme & Sons"]}))[0]
    assert (column.missing, column.distinct, column.mean_words) == (2, 1, 3.0)


def test_order_only_has_no_period(tmp_path: Path) -> None:
    found = describe(load(tmp_path / "d", random_log(0).drop("timestamp"), None, real_times=False))
    assert found.timestamp == "ordinal"
    assert found.period is None
    assert ("time", "order only") in summary_rows(found)
    assert found.items_listed == found.items_interacted


def test_page_stands_alone_and_is_the_same_each_time(tmp_path: Path) -> None:
    dataset = load(tmp_path / "d", random_log(0), catalogue())
    found = describe(dataset)
    write_plots(dataset, found, tmp_path / "one.html")
    write_plots(dataset, found, tmp_path / "two.html")
    page = (tmp_path / "one.html").read_text()
    assert page == (tmp_path / "two.html").read_text()
    assert page.count("<svg") == page.count("</svg>") == 4
    assert not re.search(r"<(script|link|img|iframe)|src=|url\(\s*['\"]?http|@import", page)
    assert not re.search(r"""href=["'](?!#)""", page)
    for _, value in summary_rows(found):
        assert value.replace("&", "&amp;") in page


def test_page_of_an_order_says_so(tmp_path: Path) -> None:
    dataset = load(tmp_path / "d", random_log(1).drop("timestamp"), None, real_times=False)
    write_plots(dataset, describe(dataset), tmp_path / "page.html")
    assert "timestamps are only an order" in (tmp_path / "page.html").read_text()


def test_names_from_the_data_cannot_break_the_page(tmp_path: Path) -> None:
    items = catalogue().with_columns(pl.lit("x y").alias("<b>bold"))
    dataset = load(tmp_path / "d", random_log(0), items)
    write_plots(dataset, describe(dataset), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "&lt;b&gt;bold" in page
    assert "<b>bold" not in page


def test_verb_prints_one_json_object(tmp_path: Path) -> None:
    import typer

    from foretaste.cli.data_describe import data_describe

    found = describe(load(tmp_path / "d", random_log(0), catalogue()))
    app = typer.Typer()
    app.command()(data_describe)
    result = CliRunner().invoke(app, [str(tmp_path / "d"), "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == found.as_dict()
    shown = CliRunner().invoke(app, [str(tmp_path / "d")])
    assert shown.exit_code == 0
    for column, *_ in text_rows(found):
        assert column in shown.stdout


def test_bars_of_the_length_plot_rise_by_whole_numbers() -> None:
    from matplotlib.figure import Figure

    from foretaste.data.describe_plots import _lengths

    axes = Figure().subplots()
    lengths = np.random.default_rng(0).geometric(0.1, size=500)
    _lengths(axes, lengths)
    assert sum(bar.get_height() for bar in axes.patches) == len(lengths)
    lefts = [bar.get_x() for bar in axes.patches]
    assert all(b > a for a, b in pairwise(lefts))
    assert all(left % 1 == 0.5 for left in lefts)
