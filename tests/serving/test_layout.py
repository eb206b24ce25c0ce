"""Places of items in the plane: against the naive answer, and as the catalogue changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from bundles import untrained, write_priced_shop

from foretaste.evaluation.embedding_map import SHOWN
from foretaste.serving.engine import Engine
from foretaste.serving.layout import NEAR, Layout, drawn, first_layout, main_axes
from foretaste.serving.shelf import Shelf

COLUMNS = ("item_id", "title", "x", "y", "popularity", "head", "group", "category")


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    data = write_priced_shop(tmp_path / "shop")
    return Engine.open(untrained(tmp_path / "run", "sasrec", data)).shelf


def test_the_main_axes_are_those_of_the_singular_values() -> None:
    vectors = np.random.default_rng(0).normal(size=(60, 7)).astype(np.float32) * np.arange(1, 8, dtype=np.float32)
    centred = vectors - vectors.mean(0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    assert np.allclose(np.abs(main_axes(vectors)), np.abs(left[:, :2] * values[:2]), atol=1e-3)
    order = np.random.default_rng(1).permutation(60)
    assert np.allclose(main_axes(vectors[order]), main_axes(vectors)[order], atol=1e-4)
    assert main_axes(vectors[:, :1]).shape == (60, 2)
    assert np.array_equal(main_axes(vectors), main_axes(vectors.copy()))


def test_a_large_catalogue_is_sampled_and_stays_in_the_square() -> None:
    unit = np.random.default_rng(0).normal(size=(SHOWN + 500, 4)).astype(np.float32)
    layout = first_layout(unit)
    assert (len(layout.rows), layout.total, len(set(layout.rows.tolist()))) == (SHOWN, SHOWN + 500, SHOWN)
    assert layout.places.min() >= 0
    assert layout.places.max() <= 1
    again = first_layout(unit)
    assert np.array_equal(layout.places, again.places)
    assert np.array_equal(layout.rows, again.rows)


def test_every_column_speaks_of_the_same_items(shelf: Shelf) -> None:
    unit = shelf.made.unit
    assert unit is not None
    told = drawn(shelf, first_layout(unit))
    saved = shelf.saved
    assert {len(told[name]) for name in COLUMNS} == {len(saved.items)} == {told["total"]}
    for row, item in enumerate(told["item_id"]):
        dense = saved.items.index_of(item)
        assert told["title"][row] == saved.titles[dense]
        assert told["popularity"][row] == saved.popularity[dense]
    rising = sorted(zip(told["popularity"], told["group"], strict=True))
    assert [group for _, group in rising] == sorted(group for _, group in rising)
    assert max(told["group"]) < len(told["groups"])


def test_categories_are_those_of_the_broadest_step_that_tells_items_apart(shelf: Shelf) -> None:
    unit = shelf.made.unit
    assert unit is not None
    told = drawn(shelf, first_layout(unit))
    assert "all" not in told["categories"]
    rows = shelf.saved.catalogue.select("item_id", "categories").rows_by_key("item_id", unique=True)
    for item, number in zip(told["item_id"], told["category"], strict=True):
        path = rows[item][0] if isinstance(rows[item], tuple) else rows[item]
        assert told["categories"][number] == path[1]


def test_what_went_is_left_out_and_what_came_lies_among_its_like(shelf: Shelf) -> None:
    unit = shelf.made.unit
    assert unit is not None
    known = len(unit) - 2  # the last two count as later
    before = first_layout(unit[:known])
    layout = Layout(before.rows, before.places, known, "t-sne")
    told = drawn(shelf, layout)
    for dense in (known, known + 1):
        row = told["item_id"].index(shelf.saved.items[dense])
        nearest = sorted(range(known), key=lambda i: -float(unit[i] @ unit[dense]))[:NEAR]
        middle = before.places[nearest].mean(0)
        assert (told["x"][row], told["y"][row]) == pytest.approx(tuple(middle), abs=1e-3)
    live = shelf.live.copy()
    live[[0, known]] = False
    fewer = drawn(Shelf(shelf.saved, live, shelf.made), layout)
    assert set(told["item_id"]) - set(fewer["item_id"]) == {shelf.saved.items[0], shelf.saved.items[known]}
    assert (fewer["total"], fewer["method"]) == (told["total"] - 2, "t-sne")


def test_a_catalogue_without_categories_has_none(shelf: Shelf) -> None:
    from foretaste.serving.layout import _categories

    assert _categories(pl.DataFrame({"item_id": ["a", "b"]})) == ([], [-1, -1])
    assert _categories(pl.DataFrame({"category": ["x", None, "y", "y"]})) == (["y", "x"], [1, -1, 0, 0])
    many = pl.DataFrame({"category": [f"c{i // 2}" for i in range(24)]})
    names, member = _categories(many)
    assert (len(names), member.count(-1)) == (8, 8)
