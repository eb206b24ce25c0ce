"""Matrix factorisation trained pairwise (Rendle et al., UAI 2009, arXiv 1205.2618), or with a softmax loss."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from foretaste.core.config import option
from foretaste.data.sequences import Sequences
from foretaste.models.pairs import PairModel, distinct, rows_or_zeros
from foretaste.nn.items import IdTable, ItemRepresentation
from foretaste.nn.losses.base import CatalogueLoss


@dataclass(frozen=True)
class MFConfig:
    """Keys of the network."""

    dim: int = option(64, "Width of the vectors.", paper="10 to 64", low=1)
    init_std: float = option(0.01, "Standard deviation of the initial vectors.", low=0)
    l2: float = option(0.1, "Weight of the squared norm of a batch's vectors.", paper="searched for", low=0)


class MF(PairModel):
    """Free vectors for users and items.

    A stranger gets the mean vector of his distinct items.

    Args:
        users: Free vectors of the users.
        items: Free vectors of the items.
        config: Keys of the network.
        loss: Loss over the catalogue; None for a network that will only score.
        cosine: Whether scores are cosines.
        sparse: Whether gradients touch only the rows used.
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
    ) -> None:
        users, items = (IdTable(n, config.dim, std=config.init_std, sparse=sparse) for n in (num_users, num_items))
        super().__init__(users, items, loss, l2=config.l2, cosine=cosine)

    def representations(self) -> tuple[ItemRepresentation, ItemRepresentation]:
        return self.users, self.items

    def place(self, histories: Sequences, users: Tensor) -> Tensor:
        table, vectors = self.scoring_tables()
        owners, items = distinct(histories, self.num_items, users.device)
        total = vectors.new_zeros(len(histories), vectors.shape[1]).index_add_(0, owners, vectors[items])
        return torch.where((users >= 0)[:, None], rows_or_zeros(table, users), total)
