"""Maps of item vectors: who is shown, where, in which colour, and what the number beside them says."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from foretaste.evaluation.embedding_map import EmbeddingMap, embedding_map, likeness, popularity_groups, sample
from foretaste.evaluation.groups import Division
from foretaste.evaluation.report.maps import map_figure, map_legend, map_note


def _clusters(count: int = 90, parts: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    which = np.arange(count) % parts
    return (rng.normal(size=(parts, 6))[which] * 4 + rng.normal(size=(count, 6)) * 0.1).astype(np.float32), which


def _fake(label: str, count: int = 20, total: int = 20, groups: int = 5) -> EmbeddingMap:
    rng = np.random.default_rng(0)
    names = tuple(f"g{n}" for n in range(groups))
    return EmbeddingMap(label, rng.random((count, 2)), Division(names, np.arange(count) % groups), total, 1.5)


def test_groups_hold_about_a_fifth_each_and_never_part_equals() -> None:
    popularity = np.random.default_rng(0).geometric(0.05, 5000)
    division = popularity_groups(popularity)
    shares = np.bincount(division.member) / len(popularity)
    assert len(shares) == len(division.names) == 5
    assert np.abs(shares - 0.2).max() < 0.04
    for value in np.unique(popularity):
        assert len(set(division.member[popularity == value])) == 1
    order = np.argsort(popularity)
    assert (np.diff(division.member[order]) >= 0).all()


@pytest.mark.parametrize("popularity", [[0, 0, 0, 0], [3, 3, 9], [1]])
def test_few_distinct_counts_give_fewer_groups(popularity: list[int]) -> None:
    division = popularity_groups(np.array(popularity))
    assert len(division.names) == len(set(popularity))
    assert set(division.member) == set(range(len(division.names)))


def test_small_catalogues_are_shown_whole_and_large_ones_by_a_sample() -> None:
    assert sample(7, 7, 0).tolist() == list(range(7))
    drawn = sample(1000, 50, 3)
    assert len(set(drawn.tolist())) == 50
    assert (np.diff(drawn) > 0).all()
    assert drawn.tolist() == sample(1000, 50, 3).tolist() != sample(1000, 50, 4).tolist()


def test_likeness_is_one_by_chance_and_high_where_groups_keep_to_themselves() -> None:
    vectors, which = _clusters()
    assert likeness(vectors.astype(np.float64), which) == pytest.approx(89 / 29, rel=0.01)
    rng = np.random.default_rng(1)
    assert likeness(rng.normal(size=(1500, 5)), rng.integers(0, 4, 1500)) == pytest.approx(1.0, abs=0.05)


def test_likeness_against_counting() -> None:
    rng = np.random.default_rng(2)
    vectors, member = rng.normal(size=(40, 3)), rng.integers(0, 3, 40)
    same, pairs = [], []
    for one in range(40):
        others = [other for other in range(40) if other != one]
        near = sorted(others, key=lambda other: np.linalg.norm(vectors[one] - vectors[other]))[:10]
        same += [member[one] == member[other] for other in near]
        pairs += [member[one] == member[other] for other in others]
    assert likeness(vectors, member) == pytest.approx(np.mean(same) / np.mean(pairs))


def test_the_map_is_the_same_each_time_and_keeps_clusters_together() -> None:
    pytest.importorskip("openTSNE")
    vectors, which = _clusters()
    first, second = (embedding_map("a", vectors, np.arange(90)) for _ in range(2))
    assert np.array_equal(first.points, second.points)
    assert first.points.min() >= 0
    assert first.points.max() <= 1
    gaps = np.linalg.norm(first.points[:, None] - first.points[None], axis=2)
    np.fill_diagonal(gaps, np.inf)
    assert (which[gaps.argmin(1)] == which).mean() > 0.95


@pytest.mark.parametrize("count", [1, 3, 5])
def test_tiny_catalogues_and_equal_vectors_are_mapped(count: int) -> None:
    pytest.importorskip("openTSNE")
    found = embedding_map("a", np.ones((count, 4), dtype=np.float32), np.arange(count))
    assert found.points.shape == (count, 2)
    assert np.isfinite(found.points).all()


def test_vectors_that_are_not_finite_are_refused() -> None:
    vectors = np.ones((9, 2), dtype=np.float32)
    vectors[3, 1] = np.nan
    with pytest.raises(ValueError, match="finite"):
        embedding_map("a", vectors, np.arange(9))


def test_the_figure_shows_every_item_once_in_the_colour_of_its_group() -> None:
    maps = [_fake("plain"), _fake("<b>&", groups=3), *(_fake(f"n{n}") for n in range(4))]
    svg = map_figure(maps)
    assert svg is not None
    root = ET.fromstring(svg)
    paths = root.findall(".//{*}path")
    assert sum(path.attrib["d"].count("h0") for path in paths) == 20 * len(maps)
    assert {path.attrib["stroke"] for path in paths} == {f"var(--m{n})" for n in range(5)}
    _, _, width, height = (float(number) for number in root.attrib["viewBox"].split())
    numbers = [(float(x), float(y)) for path in paths for x, y in re.findall(r"M([\d.]+) ([\d.]+)h0", path.attrib["d"])]
    assert all(0 <= x <= width and 0 <= y <= height for x, y in numbers)
    assert "<b>" not in svg
    assert map_figure([]) is None


def test_legend_and_note_name_groups_and_numbers() -> None:
    assert map_legend([_fake("a", groups=3)]) == [("var(--m0)", "g0"), ("var(--m2)", "g1"), ("var(--m4)", "g2")]
    assert map_legend([_fake("a", groups=1)]) == [("var(--m0)", "g0")]
    assert "all 20 items" in map_note([_fake("a")])
    assert "20 items drawn at random of 5,000" in map_note([_fake("a", total=5000)])
