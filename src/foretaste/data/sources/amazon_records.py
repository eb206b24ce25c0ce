"""Records of the Amazon review releases as rows of the tidy tables. Reviewers' names are left out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import polars as pl

from foretaste.data.sources import fields
from foretaste.data.sources.records import Record, Row, parse_json, parse_literal
from foretaste.data.tidy_tables import ITEM_COLUMNS

REVIEWS = pl.Schema(
    {
        "user_id": pl.String(),
        "item_id": pl.String(),
        "timestamp": pl.Int64(),
        "rating": pl.Float32(),
        "review_title": pl.String(),
        "review_text": pl.String(),
        "verified": pl.Boolean(),
        "helpful_votes": pl.Int32(),
        "variant": pl.String(),
    }
)
PRODUCTS = pl.Schema(
    {
        **ITEM_COLUMNS,
        "main_category": pl.String(),
        "features": pl.List(pl.String()),
        "also_bought": pl.List(pl.String()),
        "also_viewed": pl.List(pl.String()),
        "bought_together": pl.List(pl.String()),
        "image_urls": pl.List(pl.String()),
    }
)
_BY = re.compile(r"^(?:by|brand:|visit the)\s+(.+?)(?:\s+store)?$", re.IGNORECASE)
_ID = {
    "2014": re.compile(rb"""['"]asin['"]: ?['"]([^'"]+)['"]"""),
    "2018": re.compile(rb'"asin": ?"([^"]+)"'),
    "2023": re.compile(rb'"parent_asin": ?"([^"]+)"'),
}


def review_maker(release: str, with_texts: bool) -> Callable[[bytes], Row]:
    """Makes rows of :data:`REVIEWS` from the lines of one release; without texts, title and text stay empty."""
    parse = parse_json if release == "2023" else parse_literal
    columns = _columns_2023 if release == "2023" else _columns_2014 if release == "2014" else _columns_2018
    return lambda line: columns(parse(line), with_texts)


def product_maker(release: str, wanted: frozenset[str] | None) -> Callable[[bytes], Row | None]:
    """Makes rows of :data:`PRODUCTS`; lines of products that are not wanted are passed over without being parsed."""
    parse = parse_literal if release == "2014" else parse_json
    columns = {"2014": _product_2014, "2018": _product_2018, "2023": _product_2023}[release]
    find = _ID[release].search

    def make(line: bytes) -> Row | None:
        if wanted is not None and (seen := find(line)) and seen[1].decode("utf-8", "replace") not in wanted:
            return None
        row = columns(parse(line))
        return row if wanted is None or row[0] in wanted else None

    return make


def _columns_2014(record: Record, with_texts: bool) -> Row:
    helpful = record.get("helpful")
    votes = fields.count(helpful[0]) if isinstance(helpful, (list, tuple)) and helpful else 0
    return (
        fields.identifier(record.get("reviewerID"), "user id"),
        fields.identifier(record.get("asin"), "item id"),
        fields.moment(record.get("unixReviewTime")),
        fields.rating(record.get("overall")),
        *_words(record, "summary", "reviewText", with_texts),
        None,
        votes,
        None,
    )


def _columns_2018(record: Record, with_texts: bool) -> Row:
    style = record.get("style")
    return (
        fields.identifier(record.get("reviewerID"), "user id"),
        fields.identifier(record.get("asin"), "item id"),
        fields.moment(record.get("unixReviewTime")),
        fields.rating(record.get("overall")),
        *_words(record, "summary", "reviewText", with_texts),
        _flag(record.get("verified")),
        fields.count(record.get("vote")),
        _variant(style) if isinstance(style, dict) else None,
    )


def _columns_2023(record: Record, with_texts: bool) -> Row:
    own, parent = record.get("asin"), record.get("parent_asin")
    return (
        fields.identifier(record.get("user_id"), "user id"),
        fields.identifier(parent or own, "item id"),
        fields.moment(record.get("timestamp"), per_second=1000),
        fields.rating(record.get("rating")),
        *_words(record, "title", "text", with_texts),
        _flag(record.get("verified_purchase")),
        fields.count(record.get("helpful_vote")),
        own if isinstance(own, str) and own != parent else None,
    )


def _words(record: Record, title: str, body: str, with_texts: bool) -> tuple[str | None, str | None]:
    return (fields.text(record.get(title)), fields.text(record.get(body))) if with_texts else (None, None)


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _variant(style: dict[Any, Any]) -> str | None:
    return "; ".join(f"{str(k).strip().rstrip(':')}: {str(v).strip()}" for k, v in style.items()) or None


def _product_2014(record: Record) -> Row:
    raw_related = record.get("related")
    related = raw_related if isinstance(raw_related, dict) else {}
    rank = record.get("salesRank")
    image = fields.text(record.get("imUrl"))
    return (
        fields.identifier(record.get("asin"), "item id"),
        fields.text(record.get("title")),
        _brand(record.get("brand")),
        _flat(record.get("categories")),
        fields.price(record.get("price")),
        fields.text(record.get("description")),
        image,
        fields.text(next(iter(rank), None)) if isinstance(rank, dict) else None,
        None,
        _ids(related.get("also_bought")),
        _ids(related.get("also_viewed")),
        _ids(related.get("bought_together")),
        [image] if image else None,
    )


def _product_2018(record: Record) -> Row:
    images = _ids(record.get("imageURLHighRes")) or _ids(record.get("imageURL")) or _ids(record.get("image"))
    return (
        fields.identifier(record.get("asin"), "item id"),
        fields.text(record.get("title")),
        _brand(record.get("brand")),
        fields.texts(record.get("category") or record.get("categories")),
        fields.price(record.get("price")),
        fields.text(record.get("description")),
        images[0] if images else None,
        fields.text(record.get("main_cat")),
        fields.texts(record.get("feature")),
        _ids(record.get("also_buy")),
        _ids(record.get("also_view")),
        None,
        images,
    )


def _product_2023(record: Record) -> Row:
    images = _images_2023(record.get("images"))
    return (
        fields.identifier(record.get("parent_asin"), "item id"),
        fields.text(record.get("title")),
        _brand(record.get("store")),
        fields.texts(record.get("categories")),
        fields.price(record.get("price")),
        fields.text(record.get("description")),
        images[0] if images else None,
        fields.text(record.get("main_category")),
        fields.texts(record.get("features")),
        None,
        None,
        _ids(record.get("bought_together")),
        images,
    )


def _brand(value: Any) -> str | None:
    name = fields.text(value)
    match = _BY.match(name) if name else None
    return match[1] if match else name


def _flat(paths: Any) -> list[str] | None:
    """The categories of all paths in which a product stands, each once (2014 has a list of paths)."""
    if not isinstance(paths, (list, tuple)):
        return None
    return fields.texts([part for path in paths for part in (path if isinstance(path, (list, tuple)) else [path])])


def _ids(values: Any) -> list[str] | None:
    if not isinstance(values, (list, tuple)):
        return None
    return [value.strip() for value in values if isinstance(value, str) and value.strip()] or None


def _images_2023(images: Any) -> list[str] | None:
    """Addresses, the main picture first; each picture in its finest resolution."""
    if not isinstance(images, list):
        return None
    pictures = sorted((i for i in images if isinstance(i, dict)), key=lambda i: i.get("variant") != "MAIN")
    found = [next((p[k] for k in ("hi_res", "large", "thumb") if isinstance(p.get(k), str)), None) for p in pictures]
    return [address for address in found if address] or None
