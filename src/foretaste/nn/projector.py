"""From a language vector to a collaborative one (Sheng et al., ICLR 2025, arXiv 2407.05441, eq. 1 and 2)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.nn.items import ItemRepresentation


class Projector(nn.Module):
    """One map for users and items: linear, or two layers with a LeakyReLU between them.

    Both begin with a linear map, so a user, who is a mean of items, is mapped by the mean of what :meth:`lift` makes
    of them: the wide product is done for items alone.

    Args:
        width: Width of the language vectors, ``D``.
        dim: Width of what comes out.
        hidden: Width between the layers; 0 for one linear map without a bias.
    """

    def __init__(self, width: int, dim: int, hidden: int) -> None:
        super().__init__()
        self.first = nn.Linear(width, hidden or dim, bias=bool(hidden))
        self.second = nn.Linear(hidden, dim) if hidden else None

    @property
    def linear(self) -> bool:
        """Whether it is one linear map."""
        return self.second is None

    def lift(self, vectors: Tensor) -> Tensor:
        """The linear part, ``(n, D)`` → ``(n, hidden or dim)``."""
        return F.linear(vectors, self.first.weight)

    def finish(self, lifted: Tensor) -> Tensor:
        """What follows it, ``(n, hidden or dim)`` → ``(n, dim)``."""
        if self.second is None:
            return lifted
        made: Tensor = self.second(F.leaky_relu(lifted + self.first.bias))
        return made

    def forward(self, vectors: Tensor) -> Tensor:
        """``(n, D)`` → ``(n, dim)``."""
        return self.finish(self.lift(vectors))


class Projected(ItemRepresentation):
    """Vectors behind a linear projector, which maps only those that are asked for.

    Args:
        vectors: ``(n, D)``.
        projector: A linear one.
    """

    def __init__(self, vectors: Tensor, projector: Projector) -> None:
        super().__init__()
        self.vectors, self.projector = vectors, projector
        self.num_items, self.dim = len(vectors), projector.first.out_features

    def forward(self, ids: Tensor) -> Tensor:
        return self.projector.lift(F.embedding(ids, self.vectors))

    def table(self) -> Tensor:
        return self.projector.lift(self.vectors)
