"""Puts the market together: blocks of users shop, their purchases become tables, the tables a tidy folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from foretaste.core.config import to_dict
from foretaste.core.files import atomic_path
from foretaste.core.progress import track
from foretaste.data.simulate.blocks import block
from foretaste.data.simulate.catalogue import departments, kind_shares, stock
from foretaste.data.simulate.clock import DAY, history_lengths
from foretaste.data.simulate.config import MarketConfig
from foretaste.data.simulate.moments import World
from foretaste.data.simulate.shelves import Shelves
from foretaste.data.simulate.streams import Stream, stream
from foretaste.data.simulate.tables import Log, impressions, interactions, latents, queries, user_ids
from foretaste.data.simulate.texts import catalogue_table
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
        block(world, number, lengths[start : start + BLOCK], start)
        for number, start in enumerate(track(starts, len(starts), "shopping"))
    ]
    users = user_ids(config.users)
    log = Log.join(blocks)
    return Market(
        config=config,
        interactions=interactions(config, world.goods, log, users, items["item_id"]),
        items=items,
        users=pl.DataFrame({"user_id": users, "joined": log.times[np.cumsum(lengths) - lengths] // DAY * DAY}),
        queries=queries(config, world.goods, log, users, items["item_id"]),
        impressions=impressions(blocks, log, users, items["item_id"]),
        latents=latents(world.goods),
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
