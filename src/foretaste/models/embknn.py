"""EMB-KNN: a user is the mean of the language vectors of the items taken (a baseline of AlphaRec, arXiv 2407.05441).

Nothing is trained: it shows what the language vectors know of taste by themselves.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from foretaste.data.sequences import Sequences
from foretaste.models.base import Retriever, Users
from foretaste.models.history_means import history_means
from foretaste.nn.growth import NewItems


class EmbKNN(Retriever):
    """Scores are cosines between that mean and the items' language vectors.

    Unlike :class:`~foretaste.models.textknn.TextKNN`, all items of a history speak, each once and alike, and vectors
    are averaged at the length that the encoder gives them.

    Args:
        vectors: Language vectors, ``(num_items, D)``.
    """

    vectors: Tensor

    def __init__(self, vectors: Tensor) -> None:
        super().__init__()
        self.num_items = len(vectors)
        self.sizes = {"text_dim": vectors.shape[1]}
        self.register_buffer("vectors", vectors.float())

    def grow(self, new: NewItems) -> None:
        """A new item is compared like any other."""
        self.vectors = torch.cat([self.vectors, new.text.to(self.vectors)])

    def item_vectors(self) -> Tensor:
        return F.normalize(self.vectors, dim=1)

    def user_vectors(self, histories: Sequences, users: Users = None) -> Tensor:
        return F.normalize(history_means(histories, self.vectors), dim=1)
