"""Which columns a default prompt tells: what describes an item, and nothing that leaks, repeats or means nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from foretaste.core.errors import DataError
from foretaste.data.dataset import Dataset
from foretaste.data.simulate import MarketConfig, simulate
from foretaste.text.prompts import default_spec, item_prompts, judge_columns
from foretaste.text.prompts.excluded import EXCLUDED, LEAKY, RELATED, WORDLESS, excluding_pattern

WORDS = ["tea", "cup", "pot", "bowl", "plate", "fork", "knife", "spoon", "glass", "jar"]

REAL = [
    *("title", "brand", "categories", "price", "description", "features", "genres", "directors", "actors", "rated"),
    *("countries", "country_of_origin", "discount", "colour", "size", "material", "release_year", "runtime_min"),
    *("franchise", "author", "ingredients", "keywords", "abstract", "style"),
]


def shop(**more: Any) -> pl.DataFrame:
    """Ten items with a title, a brand and the columns given, each a list of ten values."""
    ids, titles = [f"B{row}" for row in range(10)], [f"{word} of the house" for word in WORDS]
    return pl.DataFrame({"item_id": ids, "title": titles, "brand": ["Nook", "Hearth"] * 5, **more})


def told(table: pl.DataFrame) -> list[str]:
    return [one.column for one in default_spec(table).fields]


@pytest.mark.parametrize(
    ("columns", "group"),
    [
        ("salesRank sales_rank rank review_count reviewCount stars average_rating rating_number popularity", LEAKY),
        ("num_sold votes imdb_rating likes best_seller_rank score total_sales vote_average n_ratings", LEAKY),
        ("related also_buy also_view also_bought bought_together similar_items recommended", RELATED),
        ("item_id asin imdb_id image imUrl image_urls url hero_image poster_path isbn13 sku listed_at sid", WORDLESS),
    ],
)
def test_leaky_and_wordless_names_are_excluded(columns: str, group: tuple[str, ...]) -> None:
    for column in columns.split():
        assert excluding_pattern(column, group), column


@pytest.mark.parametrize("column", REAL)
def test_names_of_real_attributes_are_not(column: str) -> None:
    assert excluding_pattern(column, EXCLUDED) is None


def test_the_order_is_title_brand_categories_price_others_long_texts() -> None:
    long = [f"{word} " * 20 for word in reversed(WORDS)]
    table = shop(
        description=long,
        story=[f"it was {row} days {row * 7} ago that {'we rowed ' * 10}" for row in range(10)],
        colour=["red", "green"] * 5,
        price=[float(row) for row in range(10)],
        categories=[["Kitchen", word.title()] for word in WORDS],
    )
    assert told(table) == ["title", "brand", "categories", "price", "colour", "description", "story"]
    caps = {one.column: one.max_chars for one in default_spec(table).fields}
    assert caps["title"] == 200
    assert caps["description"] == caps["story"] == 300
    assert caps["colour"] == caps["categories"] == 100


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([None] * 10, "empty"),
        ([""] * 10, "empty"),
        ([[]] * 10, "empty"),
        (["made of wood"] * 10, "the same"),
        ([True, False] * 5, "flag"),
        ([[row, row + 1] for row in range(10)], "type"),
        ([{"a": row} for row in range(10)], "type"),
        ([f"https://shop.example/{row}" for row in range(10)], "addresses"),
        ([[f"<a_{row}>", "<b_2>"] for row in range(10)], "codes"),
        ([f"tt01{row}47" for row in range(10)], "codes"),
        ([f"The {word} (house)" for word in WORDS], "repeats"),
        ([[word.upper(), "house"] for word in WORDS], "repeats"),
    ],
)
def test_columns_that_tell_nothing_are_left_out_with_the_reason(values: list[Any], why: str) -> None:
    table = shop(extra=values)
    (use,) = [use for use in judge_columns(table) if use.column == "extra"]
    assert not use.used
    assert why in use.reason
    assert told(table) == ["title", "brand"]


def test_new_words_keep_a_column() -> None:
    assert told(shop(extra=[f"{word} from {place}" for word, place in zip(WORDS, "abcdefghij", strict=True)])) == [
        "title",
        "brand",
        "extra",
    ]


def test_chunks_come_only_with_a_title_and_nothing_else() -> None:
    (alone,) = default_spec(shop().drop("brand")).fields
    assert alone.chunks == "words"
    prompts = item_prompts(shop().drop("brand"), default_spec(shop().drop("brand")))
    assert min(map(len, prompts.clauses)) >= 2
    assert prompts.texts()[0].endswith("\ntea of the house")
    assert {one.chunks for one in default_spec(shop()).fields} == {"none"}
    (text,) = default_spec(shop().select("item_id", text="title")).fields
    assert text.chunks == "none"


def test_a_catalogue_without_words_is_refused() -> None:
    with pytest.raises(DataError, match="no column that could be told"):
        default_spec(shop().select("item_id", sales_rank=pl.lit(1)))


def test_every_column_is_judged_once() -> None:
    market = simulate(MarketConfig(users=30, items=80, impression_share=0.0))
    uses = judge_columns(market.items)
    assert sorted(use.column for use in uses) == sorted(market.items.columns)
    assert [use.column for use in uses if use.used] == ["title", "brand", "categories", "price", "description"]
    assert default_spec(market.items) == default_spec(market.items.clone())


@pytest.mark.data
@pytest.mark.skipif("FORETASTE_DATA" not in os.environ, reason="FORETASTE_DATA does not name the real data sets")
@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("amazon_scientific", ["title", "brand", "categories"]),
        ("amazon_prime_pantry", ["title"]),
        ("amazon_beauty", ["title", "brand", "categories"]),
        ("amazon_gift_cards", ["title", "brand", "categories", "price", "features", "description"]),
    ],
)
def test_real_catalogues(name: str, columns: list[str]) -> None:
    catalogue = Dataset.load(Path(os.environ["FORETASTE_DATA"]) / name).catalogue
    assert told(catalogue) == columns
    prompts = item_prompts(catalogue, default_spec(catalogue))
    assert len(prompts) == catalogue.height
    assert prompts.unknown == 0
