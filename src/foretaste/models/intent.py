"""Models that take a wish in words beside a history."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor

from foretaste.data.sequences import Sequences
from foretaste.models.base import Retriever


class FollowsIntent(Retriever):
    """A retriever whose users may say what they are looking for."""

    @abstractmethod
    def intent_vectors(self, histories: Sequences, texts: Tensor, alpha: float) -> Tensor:
        """Vectors of users with these histories and wishes, ``(n, d)``; a score is their product with an item's.

        Args:
            histories: ``n`` rows, each may be empty.
            texts: Language vectors of the wishes, ``(n, D)``.
            alpha: What the wish weighs, from 0 to 1.
        """
