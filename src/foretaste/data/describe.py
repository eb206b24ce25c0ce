"""What a data set looks like before anything is trained on it: sizes, the long tail, repeats, ties, time and text."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from foretaste.data.dataset import Dataset
from foretaste.data.describe_text import text_columns
from foretaste.data.description import RARE, Cold, Counts, Description, Period, Repeats, Spread, Tail, Ties
from foretaste.data.sequences import Sequences

HEAD_SHARE = 0.2


def describe(dataset: Dataset) -> Description:
    """Measures a data set; nothing here looks at one user or item at a time."""
    rows = dataset.sequences
    popularity = rows.counts(dataset.num_items)
    occurring = popularity[popularity > 0]
    cells = dataset.num_users * len(occurring)
    return Description(
        name=dataset.name,
        folder=str(dataset.folder),
        fingerprint=dataset.fingerprint,
        timestamp="none" if rows.times is None else "unix_seconds" if dataset.real_times else "ordinal",
        users=dataset.num_users,
        items_listed=dataset.num_items,
        items_interacted=len(occurring),
        interactions=rows.total,
        density_pct=100 * rows.total / cells if cells else 0.0,
        history_length=Spread.of(rows.lengths),
        item_frequency=Spread.of(occurring),
        tail=long_tail(popularity),
        repeats=_repeats(rows, dataset.num_items),
        ties=_ties(rows),
        cold=_cold(popularity),
        period=_period(rows) if dataset.real_times else None,
        text=text_columns(dataset.catalogue),
    )


def gini(counts: Counts) -> float:
    """Gini coefficient of non-negative counts: half the mean absolute difference, relative to the mean.

    >>> gini(np.array([1, 1, 1, 1])), gini(np.array([0, 0, 0, 8]))
    (0.0, 0.75)
    """
    total = counts.sum()
    if not total:
        return 0.0
    n = len(counts)
    weights = 2 * np.arange(1, n + 1) - n - 1
    return float(weights @ np.sort(counts) / (n * total))


def long_tail(popularity: Counts) -> Tail:
    """Head and tail by the Pareto rule, from the interactions of every listed item."""
    falling = np.sort(popularity[popularity > 0])[::-1]
    total = max(int(falling.sum()), 1)
    head = round(HEAD_SHARE * len(falling))
    mass = np.cumsum(falling)
    share = float(mass[head - 1] / total) if head else 0.0
    enough = int(np.searchsorted(mass, 0.8 * total)) + 1 if len(falling) else 0
    tail_share = 1.0 - share if len(falling) else 0.0
    return Tail(gini(falling), gini(popularity), head, share, len(falling) - head, tail_share, enough)


def _repeats(rows: Sequences, num_items: int) -> Repeats:
    owners = rows.owners()
    pairs = np.sort(owners * max(num_items, 1) + rows.flat())
    again = pairs[1:][pairs[1:] == pairs[:-1]]
    users = len(np.unique(again // max(num_items, 1)))
    return Repeats(len(again), len(again) / max(len(pairs), 1), users)


def _ties(rows: Sequences) -> Ties | None:
    if rows.times is None:
        return None
    times, owners = rows.times[rows.places()], rows.owners()
    same = (times[1:] == times[:-1]) & (owners[1:] == owners[:-1])
    tied = np.zeros(len(times), dtype=np.bool_)
    tied[1:] |= same
    tied[:-1] |= same
    return Ties(int(tied.sum()), float(tied.sum()) / max(len(times), 1), len(np.unique(owners[tied])))


def _cold(popularity: Counts) -> Cold:
    listed = max(len(popularity), 1)
    never, rare = int((popularity == 0).sum()), int((popularity < RARE).sum())
    return Cold(never, never / listed, rare, rare / listed)


def _period(rows: Sequences) -> Period | None:
    if rows.times is None or not rows.total:
        return None
    times = rows.times[rows.places()]
    first, last = int(times.min()), int(times.max())
    return Period(_iso(first), _iso(last), (last - first) / 86_400)


def _iso(moment: int) -> str:
    try:
        return datetime.fromtimestamp(moment, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return f"{moment} s"
