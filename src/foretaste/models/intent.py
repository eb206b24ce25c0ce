"""Models that take a wish in words beside a history."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor
from torch.nn import functional as F

from foretaste.data.sequences import Sequences
from foretaste.models.base import Retriever
from foretaste.nn.reduce import whitening

MOST = 512
"""Directions of text that are compared at the most."""

EPS = 0.1
"""Added to each direction's variance, as a share of the largest. Brought to one variance, directions of noise would
count like the others; as they are, a wish is like everything, for all texts of a model have much in common."""


class FollowsIntent(Retriever):
    """A retriever whose users may say what they are looking for."""

    @abstractmethod
    def intent_vectors(self, histories: Sequences, texts: Tensor, alpha: float) -> Tensor:
        """Vectors of users with these histories and wishes, ``(n, D')``.

        Args:
            histories: ``n`` rows, each may be empty.
            texts: Language vectors of the wishes, ``(n, D)``.
            alpha: What the wish weighs, from 0 to 1.
        """

    @abstractmethod
    def intent_items(self) -> Tensor:
        """The items as those vectors are compared with them, ``(V, D')``: a score is their product."""


class TextLikeness:
    """Language vectors as a wish and an item are compared: softly whitened by the catalogue, at length 1.

    The map is made from the items that are there when somebody first wishes; later ones go through the same. What is
    kept is replaced at once, so that two who wish at the same moment do not get in each other's way.
    """

    def __init__(self) -> None:
        self._made: tuple[Tensor, Tensor, Tensor] | None = None

    def forget(self) -> None:
        """The catalogue's vectors are others now."""
        self._made = None

    def items(self, vectors: Tensor) -> Tensor:
        """Of all items, ``(V, D)`` → ``(V, D')``."""
        return self._of_all(vectors)[2]

    def of(self, texts: Tensor, vectors: Tensor) -> Tensor:
        """Of wishes, ``(n, D)`` → ``(n, D')``; ``vectors`` are those of all items."""
        mean, matrix, _ = self._of_all(vectors)
        return F.normalize((texts.to(vectors) - mean) @ matrix, dim=1)

    def _of_all(self, vectors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Mean and matrix of the map, and the items behind it."""
        made = self._made
        if made is None:
            mean, matrix = whitening(vectors, min(MOST, vectors.shape[1]), eps=EPS)
            made = mean.to(vectors), matrix.to(vectors), vectors.new_empty(0, matrix.shape[1])
        mean, matrix, items = made
        later = vectors[len(items) :]
        if len(later):
            made = mean, matrix, torch.cat([items, F.normalize((later - mean) @ matrix, dim=1)])
        self._made = made
        return made


class ComparesTexts(FollowsIntent):
    """Compares a wish with the items' texts: ``(1 - alpha) cos(u, i) + alpha cos(wish, text of i)``.

    Attributes:
        vectors: Language vectors of the items, ``(V, D)``.
    """

    vectors: Tensor
    _likeness: TextLikeness

    def compared(self, histories: Sequences) -> Tensor:
        """Users as a wish stands beside them, ``(n, d)``."""
        return F.normalize(self.user_vectors(histories), dim=1)

    def compared_items(self) -> Tensor:
        """Items as those are compared with them, ``(V, d)``."""
        return F.normalize(self.item_vectors(), dim=1)

    def intent_vectors(self, histories: Sequences, texts: Tensor, alpha: float) -> Tensor:
        """Users who say what they are looking for; a row without items is what it says alone."""
        with torch.inference_mode():
            own, like = self.compared(histories), self._likeness.of(texts, self.vectors)
            said = torch.where(nothing(histories).to(like.device), 1.0, alpha)
            return torch.cat([(1 - alpha) * own, said * like], dim=1)

    def intent_items(self) -> Tensor:
        with torch.inference_mode():
            return torch.cat([self.compared_items(), self._likeness.items(self.vectors)], dim=1)


def nothing(histories: Sequences) -> Tensor:
    """Which rows have no item, ``(n, 1)`` bool."""
    return torch.from_numpy(histories.lengths == 0)[:, None]
