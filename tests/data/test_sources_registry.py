"""Names of sources, their addresses, and the cleaning of single values."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretaste.core.errors import ConfigError
from foretaste.data.sources import all_sources, find_source, subsets_of
from foretaste.data.sources import fields as clean
from foretaste.data.sources.movielens_titles import split_title
from foretaste.data.sources.records import LONGEST, parse_literal, read_lines
from foretaste.data.sources.rejects import BadRecord


def addresses(name: str, subset: str = "") -> list[str]:
    source = find_source(name, subset)
    return [f"{source.bases[0]}/{file.path}" for file in source.files.values()]


def test_the_addresses_are_the_publishers() -> None:
    snap = "https://snap.stanford.edu/data/amazon/productGraph/categoryFiles"
    ucsd = "https://mcauleylab.ucsd.edu/public_datasets/data"
    assert addresses("movielens-32m") == ["https://files.grouplens.org/datasets/movielens/ml-32m.zip"]
    assert addresses("amazon-2014-video-games") == [
        f"{snap}/reviews_Video_Games_5.json.gz",
        f"{snap}/meta_Video_Games.json.gz",
    ]
    assert addresses("amazon-2018-prime-pantry", "ratings") == [
        f"{ucsd}/amazon_v2/categoryFilesSmall/Prime_Pantry.csv",
        f"{ucsd}/amazon_v2/metaFiles2/meta_Prime_Pantry.json.gz",
    ]
    assert addresses("amazon-2023-all-beauty") == [
        f"{ucsd}/amazon_2023/raw/review_categories/All_Beauty.jsonl.gz",
        f"{ucsd}/amazon_2023/raw/meta_categories/meta_All_Beauty.jsonl.gz",
    ]


def test_names_are_unique_and_every_source_tells_its_terms() -> None:
    sources = all_sources()
    names = [source.name for source in sources]
    assert len(set(names)) == len(names) == 4 + 24 + 29 + 34 + 1
    assert all(source.terms and source.home.startswith("https://") for source in sources)
    assert all(find_source(name).name == name for name in names)


def test_spelling_of_names_is_forgiven_or_mended() -> None:
    assert find_source("Amazon-2018-Arts_Crafts_and_Sewing").name == "amazon-2018-arts-crafts-and-sewing"
    with pytest.raises(ConfigError, match="unknown data source") as caught:
        find_source("movilens-1m")
    assert "'movielens-1m'" in caught.value.mend
    with pytest.raises(ConfigError) as caught:
        find_source("amazon-2014-beuty")
    assert "'amazon-2014-beauty'" in caught.value.mend
    assert "amazon-2014-toys-and-games" in caught.value.allowed
    assert "2018" not in caught.value.allowed
    with pytest.raises(ConfigError) as caught:
        find_source("amazon-2018-gift-cards", "5cores")
    assert "'5core'" in caught.value.mend
    with pytest.raises(ConfigError, match="no subsets"):
        find_source("movielens-1m", "5core")


def test_the_usual_subset_comes_first() -> None:
    assert subsets_of(find_source("amazon-2014-baby"))[0] == "5core"
    assert subsets_of(find_source("amazon-2023-software"))[0] == "full"
    assert subsets_of(find_source("yelp")) == []


@pytest.mark.parametrize(
    ("raw", "title", "year"),
    [
        ("Heron, The (1991)", "The Heron", 1991),
        ("Gare, La (Station, The) (1958)", "La Gare (The Station)", 1958),
        ("Heure, L' (1962)", "L'Heure", 1962),
        ("Rope, Saddle, Stone (1970)", "Rope, Saddle, Stone", 1970),
        ("Night of 1944 (1997) (V)", "Night of 1944", 1997),
        ("Harbour Tales (2007-)", "Harbour Tales", 2007),
        ("Harbour Tales (1975-1979)", "Harbour Tales", 1975),
        ("No Year Here", "No Year Here", None),
        ("Letters (a.k.a. Letter, A) (2003) ", "Letters (a.k.a. A Letter)", 2003),
        ("1984 (1984)", "1984", 1984),
    ],
)
def test_titles(raw: str, title: str, year: int | None) -> None:
    assert split_title(raw) == (title, year)


@pytest.mark.parametrize(
    ("raw", "amount"),
    [
        ("$12.99", 12.99),
        ("$1,299.00", 1299.0),
        ("$5.00 - $10.00", 5.0),
        ("from 3.50", 3.5),
        (7, 7.0),
        ("—", None),
        ("", None),
        (None, None),
        (float("nan"), None),
        (True, None),
        (-1.0, None),
        ("$12.99.a-box", None),
        ("Currently unavailable", None),
    ],
)
def test_prices(raw: object, amount: float | None) -> None:
    assert clean.price(raw) == amount


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("a < b and b > c", "a < b and b > c"),
        ("<p>Two<br/>lines</p>", "Two lines"),
        ("<style>p{color:red}</style>Kept", "Kept"),
        ("&lt;b&gt;Bold&lt;/b&gt; &quot;claim&quot;", 'Bold "claim"'),
        ("  \n\t ", None),
        ("The zeta function (second edition)", "The zeta function (second edition)"),
        ("var x = 1; P.when('jQuery')", None),
        (["one", "", "two"], "one two"),
        ({"a": 1}, None),
    ],
)
def test_texts(raw: object, text: str | None) -> None:
    assert clean.text(raw) == text


def test_python_dictionaries_are_read_and_never_run() -> None:
    assert parse_literal(b"{'asin': 'B1', 'title': 'It\\'s', 'price': 3.5}") == {
        "asin": "B1",
        "title": "It's",
        "price": 3.5,
    }
    for line in (b"{'a': open('x')}", b"{'a': 1 + }", b"(" * 5000, b"{'a': 1, **b}", b"['a']", b"{'a': '\xff'}"):
        with pytest.raises(BadRecord):
            parse_literal(line)


@given(st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"")), max_size=20))
def test_lines_are_numbered_from_one(lines: list[bytes]) -> None:
    content = b"".join(line + b"\n" for line in lines)
    assert list(read_lines(io.BytesIO(content))) == [(n, line + b"\n", True) for n, line in enumerate(lines, 1)]


def test_an_overlong_line_is_marked_and_the_next_one_is_whole() -> None:
    content = b"x" * (3 * LONGEST + 5) + b"\nshort\n" + b"y" * LONGEST
    found = [(number, len(line), whole) for number, line, whole in read_lines(io.BytesIO(content))]
    assert found == [(1, LONGEST, False), (2, 6, True), (3, LONGEST, False)]
