"""Puts the market together: blocks of users shop, their purchases become tables, the tables a tidy folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretaste.core.config import to_dict
from foretaste.core.files import atomic_path
from foretaste.core.progress import track
from foretaste.data.simulate.catalogue import BRANDS, MATERIAL_KEYS, STYLE_KEYS, Goods, departments, kind_shares, stock
from foretaste.data.simulate.clock import DAY, history_lengths, visits
from foretaste.data.simulate.config import MarketConfig
from foretaste.data.simulate.impressions import Shown, clicks
from foretaste.data.simulate.queries import query_texts
from foretaste.data.simulate.reviews import review_texts, stars
from foretaste.data.simulate.shelves import Shelves
from foretaste.data.simulate.shopping import World, shop
from foretaste.data.simulate.streams import Stream, stream
from foretaste.data.simulate.texts import catalogue_table, item_ids
from foretaste.data.simulate.words import DOMAINS, KINDS
from foretaste.data.simulate.words.shared import FAMILIES, OCCASIONS
from foretaste.data.tidy import MANIFEST, write_tidy

BLOCK = 8192
"""Users simulated at once; part of the process, since every block has its own random numbers."""

EXTRA_TABLES = ("queries.parquet", "impressions.parquet")


@dataclass(frozen=True)
class Market:
    """A simulated market as tables.

    Attributes:
        config: What it was made from.
        interactions: ``user_id, item_id, timestamp, session_id, rating, review_title, review_text``: purchases, user by
            user, oldest first.
        items: The catalogue: ``item_id, title, brand, categories, price, description, listed_at``.
        users: ``user_id, joined``.
        queries: ``user_id, session_id, timestamp, query, item_id``: searches and the purchase that each led to.
        impressions: ``slate_id, user_id, item_id, session_id, timestamp, position, label, bought``.
        latents: Hidden attributes of the items; not written to disk, where they would be an answer key.
    """

    config: MarketConfig
    interactions: pl.DataFrame
    items: pl.DataFrame
    users: pl.DataFrame
    queries: pl.DataFrame
    impressions: pl.DataFrame
    latents: pl.DataFrame


@dataclass(frozen=True)
class _Block:
    """Purchases of consecutive users, user by user, and what was shown to them."""

    owners: NDArray[np.int64]
    items: NDArray[np.int32]
    times: NDArray[np.int64]
    opens: NDArray[np.bool_]
    rating: NDArray[np.int8]
    best: NDArray[np.int8]
    worst: NDArray[np.int8]
    shown: Shown


def simulate(config: MarketConfig | None = None) -> Market:
    """Makes a market; the same config gives the same one, bit for bit.

    Args:
        config: Sizes, seed and forces; the default is a small market for demos and tests.
    """
    config = config or MarketConfig()
    world = _world(config)
    items = catalogue_table(stream(config.seed, Stream.TEXTS), world.goods)
    lengths = history_lengths(stream(config.seed, Stream.LENGTHS), config)
    starts = range(0, config.users, BLOCK)
    blocks = [
        _block(world, number, lengths[start : start + BLOCK], start)
        for number, start in enumerate(track(starts, len(starts), "shopping"))
    ]
    users = _user_ids(config.users)
    log = _Log.join(blocks)
    return Market(
        config=config,
        interactions=_interactions(config, world.goods, log, users, items["item_id"]),
        items=items,
        users=pl.DataFrame({"user_id": users, "joined": log.times[np.cumsum(lengths) - lengths] // DAY * DAY}),
        queries=_queries(config, world.goods, log, users, items["item_id"]),
        impressions=_impressions(blocks, log, users, items["item_id"]),
        latents=_latents(world.goods),
    )


def write_market(market: Market, out: str | Path, *, name: str = "simulated-market") -> dict[str, Any]:
    """Writes the market in the tidy form, with ``queries.parquet`` and ``impressions.parquet`` beside the tables.

    Returns:
        The manifest, which is written last.
    """
    folder = Path(out)
    (folder / MANIFEST).unlink(missing_ok=True)
    for file, table in zip(EXTRA_TABLES, (market.queries, market.impressions), strict=True):
        with atomic_path(folder / file) as part:
            table.write_parquet(part, compression="zstd")
    extra = {
        "origin": {"source": "foretaste data simulate", "config": to_dict(market.config)},
        "extra_tables": {"queries.parquet": market.queries.height, "impressions.parquet": market.impressions.height},
    }
    return write_tidy(folder, market.interactions, market.items, market.users, name=name, real_times=True, extra=extra)


def _world(config: MarketConfig) -> World:
    rng = stream(config.seed, Stream.STOCK)
    kinds = sum(len(domain.kinds) for domain in departments(config.items))
    shares = kind_shares(rng, kinds)
    goods = stock(rng, config, shares)
    return World(config, goods, Shelves.fill(goods, kinds), shares)


def _block(world: World, number: int, lengths: NDArray[np.int64], first_user: int) -> _Block:
    """Users with longer histories come first while they shop, and are put back in their own order afterwards."""
    config = world.config
    order = np.argsort(-lengths, kind="stable")
    when = visits(stream(config.seed, Stream.CLOCK, number), config, lengths[order])
    log_rng = stream(config.seed, Stream.LOGGING, number)
    logged = log_rng.random(len(when.times)) < config.impression_share
    done = shop(world, lengths[order], when, logged, stream(config.seed, Stream.CHOICES, number), log_rng)
    rating = stars(
        stream(config.seed, Stream.RATINGS, number), done.fit, np.repeat(np.arange(len(lengths)), lengths[order])
    )
    shown = clicks(log_rng, done.slates, config.slate)
    back, forth = _back_in_order(lengths, order)
    return _Block(
        owners=np.repeat(np.arange(len(lengths)) + first_user, lengths),
        items=done.items[back],
        times=when.times[back],
        opens=when.opens[back],
        rating=rating[back],
        best=done.best[back],
        worst=done.worst[back],
        shown=_moved(shown, forth),
    )


def _back_in_order(lengths: NDArray[np.int64], order: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Old place of each new one, and new place of each old one, when rows sorted by ``order`` are put back."""
    sorted_starts = np.cumsum(lengths[order]) - lengths[order]
    starts = np.empty_like(sorted_starts)
    starts[order] = sorted_starts
    own = np.cumsum(lengths) - lengths
    back = np.arange(int(lengths.sum())) + np.repeat(starts - own, lengths)
    forth = np.empty_like(back)
    forth[back] = np.arange(len(back))
    return back, forth


def _moved(shown: Shown, forth: NDArray[np.int64]) -> Shown:
    place = forth[shown.place]
    order = np.argsort(place, kind="stable")
    slate = shown.slate[order]
    renumbered = np.cumsum(np.diff(slate, prepend=slate[:1]) != 0)
    return Shown(
        place[order],
        renumbered,
        *(getattr(shown, name)[order] for name in ("item", "position", "label", "bought", "delay")),
    )


@dataclass(frozen=True)
class _Log:
    """The purchases of all blocks."""

    owners: NDArray[np.int64]
    items: NDArray[np.int32]
    times: NDArray[np.int64]
    sessions: NDArray[np.int64]
    rating: NDArray[np.int8]
    best: NDArray[np.int8]
    worst: NDArray[np.int8]

    @classmethod
    def join(cls, blocks: list[_Block]) -> _Log:
        whole = {name: np.concatenate([getattr(b, name) for b in blocks]) for name in _LOGGED}
        return cls(sessions=np.cumsum(whole.pop("opens")), **whole)


_LOGGED = ("owners", "items", "times", "opens", "rating", "best", "worst")


def _user_ids(count: int) -> pl.Series:
    width = max(5, len(str(count)))
    return pl.Series("user_id", [f"U{row:0{width}d}" for row in range(1, count + 1)])


def _interactions(config: MarketConfig, goods: Goods, log: _Log, users: pl.Series, items: pl.Series) -> pl.DataFrame:
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


def _queries(config: MarketConfig, goods: Goods, log: _Log, users: pl.Series, items: pl.Series) -> pl.DataFrame:
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


def _impressions(blocks: list[_Block], log: _Log, users: pl.Series, items: pl.Series) -> pl.DataFrame:
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


def _latents(goods: Goods) -> pl.DataFrame:
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
