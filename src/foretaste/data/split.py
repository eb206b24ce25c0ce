"""What a model may learn from, and what it is asked: one validation target and one test target for each user.

A target is a place in a user's sequence; its history is everything before that place. So a split only stores lengths
and places, and every part of it is a view of the same sequences.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretaste.core.errors import DataError
from foretaste.data.sequences import Sequences


@dataclass(frozen=True)
class Targets:
    """Questions: what does ``users[i]`` take at place ``places[i]`` of the sequence, given all before it?

    Attributes:
        users: Dense user ids, ``(m,)``.
        places: Places within the users' sequences, ``(m,)``.
        items: The answers, ``(m,)``.
        histories: What came before, ``m`` rows.
    """

    users: NDArray[np.int64]
    places: NDArray[np.int64]
    items: NDArray[np.int32]
    histories: Sequences

    @classmethod
    def at(cls, sequences: Sequences, users: NDArray[np.int64], places: NDArray[np.int64]) -> Targets:
        """Targets at the given places of the given users."""
        rows = sequences.take(users)
        return cls(users, places, sequences.items[rows.starts + places], rows.first(places))

    def __len__(self) -> int:
        return len(self.users)

    def take(self, index: NDArray[np.int64]) -> Targets:
        """Some of the targets, in the given order."""
        return Targets(self.users[index], self.places[index], self.items[index], self.histories.take(index))


@dataclass(frozen=True)
class Split:
    """Training rows (one for each user, possibly empty) and the two sets of targets.

    Attributes:
        train: Training part of every user, as many rows as there are users.
        valid: Targets for choosing among models.
        test: Targets that are read once.
        protocol: How the split was made, in words and numbers, to be printed beside every result.
        warnings: What a careful reader should know of it.
    """

    train: Sequences
    valid: Targets
    test: Targets
    protocol: dict[str, Any]
    warnings: tuple[str, ...] = field(default=())


MIN_LENGTH = 3
"""Shorter sequences cannot give a training item, a validation target and a test target."""


def leave_one_out(sequences: Sequences, *, real_times: bool = False) -> Split:
    """The newest item of each user is the test target, the one before it the validation target.

    Users with fewer than three items are trained on whole and not evaluated; they are counted in the protocol.

    Args:
        sequences: All interactions, oldest first.
        real_times: Whether ``sequences.times`` are times, so that leaking the future can be measured.
    """
    long = np.flatnonzero(sequences.lengths >= MIN_LENGTH).astype(np.int64)
    if not len(long):
        raise DataError(
            f"no user has {MIN_LENGTH} interactions or more, so nothing can be held out",
            allowed=f"at least one user with {MIN_LENGTH} interactions",
            mend="import more of the log, or lower the k-core filter",
        )
    held = np.zeros(len(sequences), dtype=np.int64)
    held[long] = 2
    train = sequences.first(sequences.lengths - held)
    lengths = sequences.lengths[long]
    valid, test = (Targets.at(sequences, long, lengths - back) for back in (2, 1))
    leak = _future_share(train, test) if real_times else None
    protocol: dict[str, Any] = {
        "split": "leave-one-out",
        "evaluated_users": len(long),
        "excluded_users": int(len(sequences) - len(long)),
    }
    warnings: tuple[str, ...] = ()
    if leak is not None:
        protocol["future_in_training"] = round(leak, 4)
        if leak > 0.01:
            warnings = (
                f"leave-one-out leaks the future here: at the time of a test target, {leak:.0%} of the training "
                "interactions had not happened yet; split=time avoids it",
            )
    return Split(train, valid, test, protocol, warnings)


def global_time(
    sequences: Sequences,
    *,
    valid_from: int | None = None,
    test_from: int | None = None,
    shares: tuple[float, float] = (0.1, 0.1),
) -> Split:
    """Trains on what happened before one moment, validates on each user's next item, tests after a second moment.

    A user's target is the first interaction of the period, its history everything before the period's start.

    Args:
        sequences: All interactions with times, oldest first in each row.
        valid_from: Start of the validation period; default: so that ``sum(shares)`` of the interactions come after it.
        test_from: Start of the test period; default: so that ``shares[1]`` of the interactions come after it.
        shares: Share of all interactions in the validation and the test period.
    """
    if sequences.times is None:
        raise DataError(
            "a split by time needs real times, and this data set has only an order",
            allowed="a data set whose manifest says timestamp: unix_seconds",
            mend="use split=leave-one-out",
        )
    times = sequences.times[sequences.places()]
    edges = np.quantile(times, [1 - sum(shares), 1 - shares[1]], method="higher")
    first = int(edges[0]) if valid_from is None else valid_from
    second = int(edges[1]) if test_from is None else test_from
    if not first < second:
        raise DataError(
            f"the validation period must start before the test period, but {first} is not before {second}",
            allowed="valid_from < test_from",
            mend="give both moments, or other shares",
        )
    owners = sequences.owners()
    before = [np.bincount(owners[times < edge], minlength=len(sequences)).astype(np.int64) for edge in (first, second)]
    has_valid = np.flatnonzero((before[1] > before[0]) & (before[0] > 0)).astype(np.int64)
    has_test = np.flatnonzero((sequences.lengths > before[1]) & (before[1] > 0)).astype(np.int64)
    if not len(has_valid) or not len(has_test):
        raise DataError(
            "no user has both a history and a target on the two sides of the moments chosen",
            where=f"valid_from={first}, test_from={second}",
            allowed="moments with active users on both sides",
            mend="choose other moments, or split=leave-one-out",
        )
    protocol = {
        "split": "global-time",
        "valid_from": first,
        "test_from": second,
        "evaluated_users": len(has_test),
        "excluded_users": int(len(sequences) - len(has_test)),
    }
    return Split(
        sequences.first(before[0]),
        Targets.at(sequences, has_valid, before[0][has_valid]),
        Targets.at(sequences, has_test, before[1][has_test]),
        protocol,
    )


def _future_share(train: Sequences, test: Targets) -> float | None:
    """Mean share of the training interactions that are newer than a test target."""
    if train.times is None or not train.total:
        return None
    newest = np.sort(train.times[train.places()])
    starts = test.histories.starts + test.places
    asked = train.times[starts]
    later = len(newest) - np.searchsorted(newest, asked, side="right")
    return float(later.mean() / len(newest))
