"""The tables of the market, made of what all blocks of users bought."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretaste.data.simulate.blocks import Block
from foretaste.data.simulate.catalogue import BRANDS, MATERIAL_KEYS, STYLE_KEYS, Goods
from foretaste.data.simulate.config import MarketConfig
from foretaste.data.simulate.queries import query_texts
from foretaste.data.simulate.reviews import review_texts
from foretaste.data.simulate.streams import Stream, stream
from foretaste.data.simulate.texts import item_ids
from foretaste.data.simulate.words import DOMAINS, KINDS
from foretaste.data.simulate.words.shared import FAMILIES, OCCASIONS


@dataclass(frozen=True)
class Log:
    """The purchases of all blocks."""

    owners: NDArray[np.int64]
    items: NDArray[np.int32]
    times: NDArray[np.int64]
    sessions: NDArray[np.int64]
    rating: NDArray[np.int8]
    best: NDArray[np.int8]
    worst: NDArray[np.int8]

    @classmethod
    def join(cls, blocks: list[Block]) -> Log:
        """All blocks, one after the other."""
        whole = {name: np.concatenate([getattr(b, name) for b in blocks]) for name in _LOGGED}
        return cls(sessions=np.cumsum(whole.pop("opens")), **whole)


_LOGGED = ("owners", "items", "times", "opens", "rating", "best", "worst")


def user_ids(count: int) -> pl.Series:
    """Names of the users, in order."""
    width = max(5, len(str(count)))
    return pl.Series("user_id", [f"U{row:0{width}d}" for row in range(1, count + 1)])


def interactions(config: MarketConfig, goods: Goods, log: Log, users: pl.Series, items: pl.Series) -> pl.DataFrame:
    """Purchases, with reviews of some."""
    rng = stream(config.seed, Stream.REVIEWS)
    rows = np.flatnonzero(rng.random(len(log.items)) < config.review_share)
    title, text = review_texts(rng, goods, log.items[rows], log.rating[rows], log.best[rows], log.worst[rows])
    return pl.DataFrame(
        {
            "user_id": users.gather(log.owners),
            "item_id": items.gather(log.items),
            "timestamp": log.times,
            "session_id": log.sessions,
            "rating": log.rating.astype(np.float64),
            "review_title": _spread(title, rows, len(log.items)),
            "review_text": _spread(text, rows, len(log.items)),
        }
    )


def _spread(values: pl.Series, rows: NDArray[np.int64], total: int) -> pl.Series:
    """A column of ``total`` rows with the values in the given rows and null elsewhere."""
    place = np.full(total, len(values), dtype=np.int64)
    place[rows] = np.arange(len(values))
    return pl.concat([values, pl.Series(values.name, [None], dtype=values.dtype)]).gather(place)


def queries(config: MarketConfig, goods: Goods, log: Log, users: pl.Series, items: pl.Series) -> pl.DataFrame:
    """Searches that led to a purchase."""
    rng = stream(config.seed, Stream.QUERIES)
    rows = np.flatnonzero(rng.random(len(log.items)) < config.query_share)
    ahead = 45 + rng.integers(15, size=len(rows))
    return pl.DataFrame(
        {
            "user_id": users.gather(log.owners[rows]),
            "session_id": log.sessions[rows],
            "timestamp": log.times[rows] - ahead,
            "query": query_texts(rng, goods, log.items[rows]),
            "item_id": items.gather(log.items[rows]),
        }
    )


def impressions(blocks: list[Block], log: Log, users: pl.Series, items: pl.Series) -> pl.DataFrame:
    """What was shown, and what was clicked and bought."""
    sizes = [len(b.items) for b in blocks]
    offsets = np.cumsum([0, *sizes[:-1]])
    slates = np.cumsum([0, *(int(b.shown.slate.max(initial=-1)) + 1 for b in blocks)])[:-1]
    place = np.concatenate([b.shown.place + start for b, start in zip(blocks, offsets, strict=True)])
    joined = {
        name: np.concatenate([getattr(b.shown, name) for b in blocks]) for name in ("position", "label", "bought")
    }
    return pl.DataFrame(
        {
            "slate_id": np.concatenate([b.shown.slate + first for b, first in zip(blocks, slates, strict=True)]),
            "user_id": users.gather(log.owners[place]),
            "item_id": items.gather(np.concatenate([b.shown.item for b in blocks])),
            "session_id": log.sessions[place],
            "timestamp": log.times[place] - np.concatenate([b.shown.delay for b in blocks]),
            **joined,
        }
    )


def latents(goods: Goods) -> pl.DataFrame:
    """Hidden attributes of the items."""

    def named(names: list[str], codes: NDArray[np.int32]) -> pl.Series:
        return pl.Series(names).gather(codes)

    return pl.DataFrame(
        {
            "item_id": item_ids(len(goods)),
            "domain": named([d.name for d in DOMAINS], goods.domain),
            "kind": named([k.names[0] for k in KINDS], goods.kind),
            "brand": named([b.name for b in BRANDS], goods.brand),
            "style": named(list(STYLE_KEYS), goods.style),
            "occasion": named(list(OCCASIONS), goods.occasion),
            "material": named(list(MATERIAL_KEYS), goods.material),
            "family": named(list(FAMILIES), goods.family),
            "level": goods.level,
            "quality": goods.quality,
            "attention": goods.attention,
        }
    )
