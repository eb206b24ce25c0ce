"""Clauses of items: clean, short enough, safe to be taken apart, and told in full where nothing is dropped."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretaste.core.errors import ConfigError
from foretaste.text.prompts import Field, PromptSpec, item_prompts, item_titles
from foretaste.text.prompts.items import chunks

TEXT = st.text(max_size=60) | st.sampled_from(
    ["a;b", "x &amp; y", "\u200b\ufffd", "<br>", "n/a", "long " * 30, "1,5; 2"]
)


def shop(**columns: object) -> pl.DataFrame:
    """A catalogue with ids."""
    table = pl.DataFrame(columns)
    return table.insert_column(0, pl.Series("item_id", [f"B{row:03}" for row in range(table.height)]))


def spec(*columns: str, **values: object) -> PromptSpec:
    return PromptSpec(fields=tuple(Field(column) for column in columns), **values)  # type: ignore[arg-type]


def clause(value: object, **values: object) -> str:
    """The only clause of a catalogue of one value."""
    (row,) = item_prompts(shop(it=[value]), spec("it", **values)).clauses
    (one,) = row
    return one


def test_a_prompt_is_an_instruction_and_a_clause_for_each_attribute_that_is_there() -> None:
    table = shop(
        title=["Tea", "Cup"], brand=["Nook", None], categories=[["Food", "Tea", "Food"], []], price=[4.0, 2.499]
    )
    prompts = item_prompts(table, spec("title", "brand", "categories", "price", instruction="Item:"))
    assert prompts.clauses == [
        ["title is Tea", "brand is Nook", "categories is Food, Tea", "price is 4"],
        ["title is Cup", "price is 2.5"],
    ]
    assert prompts.texts() == [
        "Item:\ntitle is Tea; brand is Nook; categories is Food, Tea; price is 4",
        "Item:\ntitle is Cup; price is 2.5",
    ]
    assert prompts.render(["price is 4", "title is Tea"]) == "Item:\nprice is 4; title is Tea"
    assert item_prompts(table, spec("title", instruction="")).texts() == ["title is Tea", "title is Cup"]


def test_the_order_of_the_catalogue_is_kept() -> None:
    names = [f"word{row} and more" for row in range(500)]
    tags = [[f"tag{row}", "x"] if row % 3 else None for row in range(500)]
    prompts = item_prompts(shop(title=names, tags=tags), spec("title", "tags"))
    for row, found in enumerate(prompts.clauses):
        assert found == [f"title is {names[row]}"] + ([f"tags is tag{row}, x"] if row % 3 else [])


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("two\nlines\r\n and\t\tblanks ", "two lines and blanks"),
        ("Red; large;small", "Red. large.small"),
        ("Ends here. ; then", "Ends here. then"),
        ("Salt &amp; Pepper &#39;N&quot;", "Salt & Pepper 'N\""),
        ("twice &amp;amp; escaped", "twice & escaped"),
        ("<p>Strong <b>steel</b><br/></p>", "Strong steel"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("caf\ufffd\x00 \x1fcr\u00adème\ufeff", "caf crème"),
        ("日本語の本", "日本語の本"),
        (19.99, "19.99"),
        (30.000001, "30"),
        (-0.5, "-0.5"),
        (1995, "1995"),
        (True, "true"),
    ],
)
def test_values_are_cleaned(value: object, told: str) -> None:
    assert clause(value) == f"it is {told}"


@pytest.mark.parametrize("value", [None, "", "  ", "N/A", "unknown", "NaN", "--", "\ufffd", "<br>", math.nan, math.inf])
def test_an_item_without_attributes_gets_the_fallback_and_never_its_id(value: object) -> None:
    prompts = item_prompts(shop(it=[value, None]), spec("it"))
    assert prompts.clauses == [["unknown item"], ["unknown item"]]
    assert prompts.unknown == 2
    assert not any("B00" in text for text in prompts.texts())
    assert item_titles(shop(it=[value, None]), spec("it")) == ["", ""]


def test_types_of_columns() -> None:
    table = shop(when=["2021-03-04"], kind=["Tea"], tags=[["b", "a"]], none=[None], empty=[[]]).with_columns(
        pl.col("when").str.to_datetime(),
        pl.col("kind").cast(pl.Categorical),
        pl.col("tags").cast(pl.Array(pl.String, 2)),
    )
    (row,) = item_prompts(table, spec("when", "kind", "tags", "none", "empty")).clauses
    assert row == ["when is 2021-03-04", "kind is Tea", "tags is b, a"]


@pytest.mark.parametrize("column", [pl.Series([[1, 2]]), pl.Series([{"a": 1}]), pl.Series([b"x"])])
def test_values_that_cannot_be_told_are_refused(column: pl.Series) -> None:
    with pytest.raises(ConfigError, match="cannot be told"):
        item_prompts(shop(it=column), spec("it"))


def test_long_values_are_cut_between_words() -> None:
    field = Field("it", label="", max_chars=20)
    table = shop(it=["Stainless Steel Sheet, Metal", "Stainless Steel Sheets", "x" * 50, "Stainless Steel (Set)"])
    found = item_prompts(table, PromptSpec(fields=(field,))).clauses
    assert found == [["Stainless Steel"], ["Stainless Steel"], ["x" * 20], ["Stainless Steel"]]
    exact = item_prompts(shop(it=["Stainless Steel Shee t"]), PromptSpec(fields=(field,))).clauses
    assert exact == [["Stainless Steel Shee"]]


def test_the_whole_prompt_is_capped_from_its_end() -> None:
    table = shop(title=["A" * 40], brand=["B" * 40], more=["C" * 40])
    room = {
        cap: item_prompts(table, spec("title", "brand", "more", instruction="I", max_chars=cap)) for cap in (80, 100)
    }
    assert room[100].texts() == ["I\ntitle is " + "A" * 40 + "; brand is " + "B" * 38]
    assert len(room[100].texts()[0]) == 100
    assert room[80].texts() == ["I\ntitle is " + "A" * 40]  # a remainder too short to say anything is left out
    with pytest.raises(ConfigError, match="leaves no room"):
        spec("title", instruction="long " * 10, max_chars=60)


@settings(max_examples=40)
@given(st.lists(st.tuples(TEXT | st.none(), st.lists(TEXT | st.none(), max_size=3)), min_size=1, max_size=5))
def test_any_text_becomes_safe_clauses(rows: list[tuple[str | None, list[str | None]]]) -> None:
    safe = [
        (text and text.encode("utf-8", "ignore").decode(), [t and t.encode("utf-8", "ignore").decode() for t in tags])
        for text, tags in rows
    ]
    table = shop(
        a=pl.Series([text for text, _ in safe], dtype=pl.String),
        b=pl.Series([tags for _, tags in safe], dtype=pl.List(pl.String)),
    )
    declared = PromptSpec(fields=(Field("a", max_chars=30), Field("b", max_chars=30)), max_chars=90)
    prompts = item_prompts(table, declared)
    assert len(prompts.clauses) == len(rows)
    for text, clauses in zip(prompts.texts(), prompts.clauses, strict=True):
        assert 1 <= len(clauses) <= 2
        assert len(text) <= 90
        body = text.removeprefix("The item has the following attributes:\n")
        assert body.split("; ") == clauses
        assert body == " ".join(body.split())
        assert all(len(one) <= 30 + len("a is ") for one in clauses)


def test_a_title_alone_is_told_whole_and_dropped_in_chunks() -> None:
    title = "Saran Premium Plastic Wrap, 100 Sq Ft (Pack of 2)"
    field = Field("title", label="", max_chars=200, chunks="words")
    prompts = item_prompts(shop(title=[title, None]), PromptSpec(instruction="Title:", joiner=", ", fields=(field,)))
    assert prompts.texts() == [f"Title:\n{title}", "Title:\nunknown item"]
    assert prompts.clauses == [["Saran Premium", "Plastic Wrap", "100 Sq Ft", "Pack of 2"], ["unknown item"]]
    commas = item_prompts(shop(title=[title]), PromptSpec(fields=(Field("title", chunks="commas"),)))
    assert commas.clauses == [["title is Saran Premium Plastic Wrap", "title is 100 Sq Ft", "title is Pack of 2"]]


@given(
    st.lists(st.sampled_from(["a", "bb", "c,", "(d)", "-", "1,000", "e:", ","]), min_size=1, max_size=12).map(" ".join)
)
def test_chunks_keep_every_word(text: str) -> None:
    words = [word.strip(",()[]:-") for word in text.split()]
    for kind in ("commas", "words"):
        parts = chunks(text, kind)
        assert parts
        assert [w for part in parts for word in part.split() if (w := word.strip(",()[]:-"))] == [w for w in words if w]
    parts = chunks(text, "words")
    assert all(len(part.split()) <= 3 for part in parts)
    assert len(parts) > 1 or len(chunks(text, "commas")[0].split()) == 1


def test_fingerprints_follow_the_content() -> None:
    table = shop(title=["Tea", "Cup"], brand=["Nook", None])
    one, two = spec("title"), spec("title", "brand")
    assert one.fingerprint == spec("title").fingerprint != two.fingerprint
    assert one.fingerprint != spec("title", joiner=" | ").fingerprint
    found = {item_prompts(table, each).fingerprint for each in (one, two, spec("title", instruction="x"))}
    assert len(found) == 3
    assert item_prompts(table, one).fingerprint == item_prompts(table, one).fingerprint
    assert item_prompts(table[::-1], one).fingerprint != item_prompts(table, one).fingerprint


def test_titles_fall_back_to_the_next_attribute() -> None:
    table = shop(title=["Tea " * 20, None], brand=[None, "Nook"])
    assert item_titles(table, spec("title", "brand"), max_chars=15) == ["Tea Tea Tea Tea", "Nook"]


def test_a_field_that_cannot_be_meant_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"did you mean 'brand'"):
        item_prompts(shop(title=["a"], brand=["b"]), spec("title", "brnad"))
    with pytest.raises(ConfigError, match=r"excludes by the pattern '\*_rank'"):
        spec("title", "salesRank")
    with pytest.raises(ConfigError, match="twice"):
        spec("title", "title")
    assert spec("title", "salesRank", exclude=()).fields[1].name == "sales rank"
