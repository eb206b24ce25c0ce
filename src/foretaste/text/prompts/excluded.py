"""Columns that no prompt shows: what leaks popularity, and what says nothing to a reader of language."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

LEAKY = (
    *("rank", "*_rank", "*_rank_*", "rank_*", "sales*", "*sales", "sold", "*_sold", "bestseller*", "best_seller*"),
    *("*review*", "stars", "*_stars", "rating", "ratings", "*_rating", "*_ratings", "rating_*", "average_rating*"),
    *("score", "*_score", "*popular*", "*vote*", "*_count", "*_counts", "num_*", "number_of_*", "n_*", "helpful*"),
    *("likes", "views", "clicks", "downloads", "purchases", "followers", "plays", "interactions", "trending*"),
)
"""Aggregates over all interactions, the held-out ones included."""

RELATED = ("related*", "*also_*", "*bought_*", "*_together", "similar*", "recommended*", "*neighbours", "*neighbors")
"""Lists of other items, which are interactions in another dress."""

WORDLESS = (
    *("id", "*_id", "ids", "*_ids", "*_id_*", "asin", "*_asin", "sku", "upc", "ean", "gtin", "isbn*", "sid", "*_sid"),
    *("index", "*_index", "code", "*_code", "codes", "*_codes", "*hash*", "image*", "*_image*", "im_url", "*photo*"),
    *("*picture*", "*poster*", "*thumb*", "*video*", "url", "urls", "*_url*", "*link*", "*href*"),
    *("timestamp", "*_timestamp", "*_at", "*latitude*", "*longitude*", "lat", "lon", "lng"),
)
"""Ids, addresses of pictures and pages, moments in seconds, places on the globe."""

EXCLUDED = (*LEAKY, *RELATED, *WORDLESS)

REASONS = (
    (LEAKY, "tells how popular or well rated the item is, held-out interactions included"),
    (RELATED, "lists other items"),
    (WORDLESS, "an id, an address or a number without a meaning in words"),
)


def excluding_pattern(column: str, patterns: Iterable[str]) -> str | None:
    """The first pattern that fits the column's name, whose humps count as underscores: ``salesRank`` as ``sales_rank``.

    >>> excluding_pattern("salesRank", LEAKY), excluding_pattern("brand", EXCLUDED)
    ('*_rank', None)
    """
    plain = re.sub(r"[\s.\-]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column.strip())).lower()
    return next((p for p in patterns if fnmatchcase(plain, p.lower()) or p == column), None)


def reason(pattern: str) -> str:
    """Why the columns of a pattern are left out."""
    return next((why for group, why in REASONS if pattern in group), "excluded by the specification")
