"""Matrix factorisation trained pairwise (Rendle et al., UAI 2009, arXiv 1205.2618), or with a softmax loss."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from foretaste.core.config import option
from foretaste.data.sequences import Sequences
from foretaste.models.fold_in import fold_in
from foretaste.models.pairs import PairModel, distinct, free_tables, rows_or_zeros
from foretaste.nn.items import ItemRepresentation
from foretaste.nn.losses.base import CatalogueLoss


@dataclass(frozen=True)
class MFConfig:
    """Keys of the network."""

    dim: int = option(64, "Width of the vectors.", paper="10 to 64", low=1)
    init_std: float = option(0.01, "Standard deviation of the initial vectors.", low=0)
    l2: float = option(0.1, "Weight of the squared norm of a batch's vectors.", paper="searched for", low=0)
    ridge: float = option(
        0.1, "How firmly a user's trained vector (zero for a stranger) is held when the history corrects it.", low=0
    )
    fresh: bool = option(
        True,
        "Whether known users too are scored from the history given, newest items included, or as they were trained.",
        paper="false",
    )


class MF(PairModel):
    """Free vectors for users and items.

    The history corrects a user's trained vector by ridge regression (``models/fold_in.py``), so that items newer than
    training count; a stranger is corrected from zero.

    Args:
        num_users: How many users.
        num_items: How many items.
        config: Keys of the network.
        loss: Loss over the catalogue; None for a network that will only score.
        cosine: Whether scores are cosines.
        sparse: Whether gradients touch only the rows used.
        tables: Vectors of users and items; default: free ones.
    """

    def __init__(
        self,
        num_users: int,
        num_items: int,
        config: MFConfig,
        loss: CatalogueLoss | None = None,
        *,
        cosine: bool = False,
        sparse: bool = False,
        tables: tuple[ItemRepresentation, ItemRepresentation] | None = None,
    ) -> None:
        users, items = tables or free_tables(num_users, num_items, config.dim, std=config.init_std, sparse=sparse)
        super().__init__(users, items, loss, l2=config.l2, cosine=cosine)
        self.ridge, self.fresh = config.ridge, config.fresh

    def representations(self) -> tuple[ItemRepresentation, ItemRepresentation]:
        return self.users, self.items

    def place(self, histories: Sequences, users: Tensor) -> Tensor:
        table, vectors = self.scoring_tables()
        trained = rows_or_zeros(table, users)
        placed = fold_in(vectors, distinct(histories, self.num_items), self.ridge, trained)
        return placed if self.fresh else torch.where((users >= 0)[:, None], trained, placed)
