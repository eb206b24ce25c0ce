"""First-order transitions: what came directly after this item, and how often (a Markov chain, Rendle et al. 2010).

Only the newest item of a history speaks; an item that never came after it is not scored.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from foretaste.data.sequences import Sequences


def transition_table(train: Sequences, num_items: int) -> sparse.csr_matrix:
    """How often item ``j`` came directly after item ``i`` in a training sequence, ``(num_items, num_items)``."""
    owners, items = train.owners(), train.flat().astype(np.int64)
    follows = owners[1:] == owners[:-1]
    steps = items[:-1][follows] * num_items + items[1:][follows]
    pairs, counts = np.unique(steps, return_counts=True)
    entries = (counts.astype(np.float32), (pairs // num_items, pairs % num_items))
    return sparse.csr_matrix(entries, shape=(num_items, num_items))
