"""Which items stand near each other in the same histories."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from foretaste.data.sequences import Sequences


def cooccurrence(rows: Sequences, num_items: int, *, window: int, decay: float) -> Any:
    """How often two items stand at most ``window`` places apart, nearer ones counting more.

    Args:
        rows: Histories.
        num_items: Size of the catalogue.
        window: Largest distance that counts.
        decay: Weight of distance ``k`` is ``decay ** (k - 1)``.

    Returns:
        A symmetric ``scipy.sparse`` CSR matrix, ``(num_items, num_items)`` float32; an item beside itself counts too.
    """
    items, owners = rows.flat(), rows.owners()
    total = sparse.csr_matrix((num_items, num_items), dtype=np.float32)
    for distance in range(1, min(window, len(items) - 1) + 1):
        same = owners[distance:] == owners[:-distance]
        left, right = items[:-distance][same], items[distance:][same]
        weight = np.full(len(left), decay ** (distance - 1), dtype=np.float32)
        total = total + sparse.csr_matrix((weight, (left, right)), shape=total.shape)
    return total + total.T
