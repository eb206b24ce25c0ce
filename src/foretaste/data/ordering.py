"""Rows user by user, oldest first: one sort, used wherever sequences are made."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


def user_order(users: NDArray[np.int32], times: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """The rows in the order of (user, time, place in the input).

    A log that is already in the order of time, as most are, costs one counting sort, which is linear.

    Args:
        users: Dense user of each row, ``(N,)``.
        times: Time of each row, ``(N,)``; without times the input's order counts.

    Returns:
        Places in the input, ``(N,)``.
    """
    if times is None or bool((times[1:] >= times[:-1]).all()):
        return _grouped(users)
    by_time = np.argsort(times, kind="stable")
    return by_time[_grouped(users[by_time])]


def _grouped(users: NDArray[np.int32]) -> NDArray[np.int64]:
    """A stable counting sort: building a sparse matrix with one cell for each row does exactly that."""
    if bool((users[1:] >= users[:-1]).all()):
        return np.arange(len(users), dtype=np.int64)
    cells = (np.ones(len(users), dtype=np.int8), (users, np.arange(len(users))))
    matrix = csr_array(cells, shape=(int(users.max()) + 1, len(users)))
    return np.asarray(matrix.indices, dtype=np.int64)
