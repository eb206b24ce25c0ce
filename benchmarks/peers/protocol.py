"""What is the same for every library in the comparison: the log, the split, and the evaluator.

Split: leave-one-out. A user's last item is the test target (never touched here), the one before is the validation
target, everything earlier is for training. Evaluation: full ranking over the whole catalogue, the user's training
items masked, ranks found by counting, a tie counts half, a NaN is worst. Needs numpy, polars and torch only, because
it runs inside every library's own environment.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

MAX_LENGTH = 50
DIMENSION = 64
LAYERS = 2


@dataclass(frozen=True)
class Log:
    """Every user's items, oldest first, as one flat array.

    Attributes:
        items: Dense item ids of all users one behind the other, ``(N,)``.
        offsets: Where each user starts, ``(users + 1,)``.
        num_items: Size of the catalogue, interacted with or not.
        name: What the data set is called.
    """

    items: NDArray[np.int64]
    offsets: NDArray[np.int64]
    num_items: int
    name: str

    @classmethod
    def load(cls, folder: str | Path, users: int | None = None) -> Log:
        """Reads a folder in the tidy form; ``users`` keeps only the first so many (for trying a driver out)."""
        path = Path(folder)
        table = pl.read_parquet(path / "interactions.parquet")
        order = table["position" if "position" in table.columns else "timestamp"]
        owner = dense(table["user_id"], table["user_id"].unique(maintain_order=True))
        catalogue = pl.read_parquet(path / "items.parquet", columns=["item_id"])["item_id"]
        item = dense(table["item_id"], catalogue)
        rows = np.lexsort((order.to_numpy(), owner))
        offsets = np.concatenate([[0], np.cumsum(np.bincount(owner))])
        if users is not None:
            offsets = offsets[: users + 1]
        flat = item[rows][: offsets[-1]]
        return cls(flat, offsets, len(catalogue), path.resolve().name)

    @property
    def num_users(self) -> int:
        """How many users."""
        return len(self.offsets) - 1

    @property
    def train_lengths(self) -> NDArray[np.int64]:
        """Training items of each user."""
        return np.diff(self.offsets) - 2

    @property
    def valid_targets(self) -> NDArray[np.int64]:
        """The last item but one of each user."""
        return self.items[self.offsets[1:] - 2]

    @property
    def targets_per_epoch(self) -> int:
        """Training positions that have a predecessor, at most ``MAX_LENGTH`` for each user."""
        return int(np.minimum(self.train_lengths - 1, MAX_LENGTH).sum())

    def train(self, user: int) -> NDArray[np.int64]:
        """The training items of one user, oldest first."""
        return self.items[self.offsets[user] : self.offsets[user + 1] - 2]

    def columns(self, drop: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """User, item and place of every interaction but each user's newest ``drop``."""
        lengths = np.diff(self.offsets)
        owner = np.repeat(np.arange(self.num_users), lengths)
        place = np.arange(len(self.items)) - self.offsets[owner]
        keep = place < lengths[owner] - drop
        return owner[keep], self.items[keep], place[keep]

    def histories(self, padding: int, left: bool) -> NDArray[np.int64]:
        """The newest ``MAX_LENGTH`` training items of all users, padded on one side, ``(users, MAX_LENGTH)``."""
        out = np.full((self.num_users, MAX_LENGTH), padding, dtype=np.int64)
        for user in range(self.num_users):
            row = self.train(user)[-MAX_LENGTH:]
            start = MAX_LENGTH - len(row) if left else 0
            out[user, start : start + len(row)] = row
        return out


def dense(ids: pl.Series, vocabulary: pl.Series) -> NDArray[np.int64]:
    """Places of raw ids in a vocabulary."""
    places = {raw: place for place, raw in enumerate(vocabulary)}
    return np.fromiter((places[raw] for raw in ids), dtype=np.int64, count=len(ids))


@torch.no_grad()
def evaluate(
    log: Log, users: torch.Tensor, items: torch.Tensor, known: torch.Tensor | None = None, block: int = 256
) -> dict[str, float]:
    """NDCG@10 and HR@10 of the validation targets for scores that are inner products.

    Args:
        log: Whose validation targets are asked for.
        users: One vector for each user, ``(users, d)``.
        items: One vector for each item of the catalogue, ``(num_items, d)``.
        known: Which items the library has in its vocabulary at all; the others are ranked last.
        block: Users scored at a time.
    """
    targets = torch.from_numpy(log.valid_targets)
    owner, seen, _ = log.columns(drop=2)
    starts = np.concatenate([[0], np.cumsum(log.train_lengths)])
    ranks = torch.empty(log.num_users, dtype=torch.float64)
    for a in range(0, log.num_users, block):
        b = min(a + block, log.num_users)
        scores = users[a:b] @ items.T
        if known is not None:
            scores[:, ~known] = -torch.inf
        own = scores.gather(1, targets[a:b, None])
        part = slice(starts[a], starts[b])
        scores[torch.from_numpy(owner[part] - a), torch.from_numpy(seen[part])] = -torch.inf
        scores.scatter_(1, targets[a:b, None], own)
        above = (scores > own).sum(1).double()
        level = (scores == own).sum(1).double() - 1
        ranks[a:b] = torch.where(own[:, 0].isnan(), float(log.num_items), above + level / 2)
    found = ranks < 10
    gain = torch.where(found, 1 / torch.log2(ranks + 2), 0.0)
    return {"valid_ndcg@10": gain.mean().item(), "valid_hr@10": found.double().mean().item()}
