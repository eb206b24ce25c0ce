"""ItemKNN: items are alike when the same people took them (Sarwar et al., WWW 2001; Deshpande & Karypis, TOIS 2004).

Similarity is the cosine of the items' columns in the binary user-item matrix, with a constant added to both norms so
that rare items do not look alike by chance: ``n_ij / ((sqrt(n_i) + shrink) * (sqrt(n_j) + shrink))``, and zero for an
item with itself.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from foretaste.data.sequences import Sequences

ROWS = 4096
"""Items whose co-occurrences are held unpruned at once."""


def binary_matrix(train: Sequences, num_items: int) -> sparse.csr_matrix:
    """Who took what, ``(users, items)``; a repeated pair counts once."""
    pairs = np.unique(train.owners() * num_items + train.flat())
    ones = np.ones(len(pairs), dtype=np.float32)
    return sparse.csr_matrix((ones, (pairs // num_items, pairs % num_items)), shape=(len(train), num_items))


def cosine_table(train: Sequences, num_items: int, *, shrink: float = 1.0, neighbours: int = 0) -> sparse.csr_matrix:
    """Similarities of all items, ``(num_items, num_items)``.

    Args:
        train: Training sequences, one row for each user.
        num_items: Size of the catalogue.
        shrink: Added to the norm of each item's column.
        neighbours: How many of the most similar items each one keeps; 0 keeps all.
    """
    taken = binary_matrix(train, num_items)
    by_item = taken.T.tocsr()
    norms = np.sqrt(np.diff(by_item.indptr)) + shrink
    scale = np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0)
    blocks = []
    for start in range(0, num_items, ROWS):
        together = (by_item[start : start + ROWS] @ taken).tocoo()
        apart = together.row + start != together.col
        row, col, count = together.row[apart], together.col[apart], together.data[apart]
        alike = (count * scale[row + start] * scale[col]).astype(np.float32)
        block = sparse.csr_matrix((alike, (row, col)), shape=together.shape)
        blocks.append(strongest(block, neighbours) if neighbours else block)
    return sparse.vstack(blocks, format="csr")


def strongest(table: sparse.csr_matrix, count: int) -> sparse.csr_matrix:
    """The ``count`` largest entries of each row; of equal ones the item with the lower id."""
    rows = np.repeat(np.arange(table.shape[0]), np.diff(table.indptr))
    order = np.lexsort((table.indices, -table.data, rows))
    place = np.arange(len(order)) - table.indptr[rows]
    kept = np.sort(order[place < count])
    return sparse.csr_matrix((table.data[kept], (rows[kept], table.indices[kept])), shape=table.shape)
