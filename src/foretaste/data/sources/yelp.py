"""The Yelp Open Dataset, from the archive that Yelp gives to those who accept its terms."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import polars as pl

from foretaste.data.sources import fields
from foretaste.data.sources.archive import open_member
from foretaste.data.sources.records import Record, Row, parse_json, read_batches
from foretaste.data.sources.rejects import BadRecord, Rejects
from foretaste.data.sources.remote import Remote
from foretaste.data.sources.source import Files, Source
from foretaste.data.sources.transfer import Advance

HOME = "https://business.yelp.com/data/resources/open-dataset/"
TERMS = (
    "Yelp Open Dataset: for personal, educational and academic use under Yelp's Dataset User Agreement, which you "
    "accept on Yelp's page before you get the archive; no commercial use, no redistribution of the data or parts of it."
)
REVIEW, BUSINESS = "yelp_academic_dataset_review.json", "yelp_academic_dataset_business.json"
REVIEWS = pl.Schema(
    {
        "user_id": pl.String(),
        "item_id": pl.String(),
        "timestamp": pl.Int64(),
        "rating": pl.Float32(),
        "review_text": pl.String(),
        "helpful_votes": pl.Int32(),
    }
)
BUSINESSES = pl.Schema(
    {
        "item_id": pl.String(),
        "title": pl.String(),
        "categories": pl.List(pl.String()),
        "city": pl.String(),
        "state": pl.String(),
        "address": pl.String(),
        "latitude": pl.Float64(),
        "longitude": pl.Float64(),
        "is_open": pl.Boolean(),
        "price_range": pl.Int32(),
        "attributes": pl.List(pl.String()),
    }
)


class YelpReader:
    """Reads reviews and businesses; the stars and review counts of a business tell the future and are left out."""

    def log(self, files: Files, rejects: Rejects, advance: Advance) -> Iterator[pl.DataFrame]:
        """Reviews."""
        with open_member(files["archive"], REVIEW, advance) as stream:
            yield from read_batches(stream, REVIEW, REVIEWS, lambda line: _review(parse_json(line)), rejects)

    def items(
        self, files: Files, wanted: frozenset[str] | None, rejects: Rejects, advance: Advance
    ) -> Iterator[pl.DataFrame]:
        """Businesses."""

        def make(line: bytes) -> Row | None:
            row = _business(parse_json(line))
            return row if wanted is None or row[0] in wanted else None

        with open_member(files["archive"], BUSINESS, advance) as stream:
            yield from read_batches(stream, BUSINESS, BUSINESSES, make, rejects)

    def users(self, files: Files, rejects: Rejects) -> pl.DataFrame | None:
        """Yelp tells names and friends; nothing of that is kept."""
        return None


def yelp() -> Source:
    """The one source of Yelp."""
    return Source(
        name="yelp",
        about="Yelp Open Dataset: reviews of local businesses (from its archive: --archive PATH)",
        home=HOME,
        terms=TERMS,
        bases=(),
        files={"archive": Remote("Yelp-JSON.zip")},
        reader=YelpReader(),
        account=True,
    )


def _review(record: Record) -> Row:
    return (
        fields.identifier(record.get("user_id"), "user id"),
        fields.identifier(record.get("business_id"), "item id"),
        fields.moment(_seconds(record.get("date"))),
        fields.rating(record.get("stars")),
        fields.text(record.get("text")),
        fields.count(record.get("useful")),
    )


def _seconds(date: Any) -> int:
    """Unix seconds of ``2016-03-09 21:04:11`` or ``2016-03-09``, which Yelp writes in UTC."""
    try:
        return int(datetime.fromisoformat(str(date)).replace(tzinfo=UTC).timestamp())
    except ValueError as error:
        raise BadRecord("time is not a date") from error


def _business(record: Record) -> Row:
    categories = record.get("categories")
    attributes = record.get("attributes")
    known = attributes if isinstance(attributes, dict) else {}
    level = str(known.get("RestaurantsPriceRange2"))
    return (
        fields.identifier(record.get("business_id"), "item id"),
        fields.text(record.get("name")),
        fields.texts(categories.split(", ") if isinstance(categories, str) else categories),
        fields.text(record.get("city")),
        fields.text(record.get("state")),
        fields.text(record.get("address")),
        _number(record.get("latitude")),
        _number(record.get("longitude")),
        bool(record["is_open"]) if "is_open" in record else None,
        int(level) if level.isdigit() else None,
        [f"{name}: {value}" for name, value in known.items() if value not in (None, "None")] or None,
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
