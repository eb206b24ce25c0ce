"""RLMRec: item vectors that keep in touch with what the text says (Ren et al., WWW 2024, arXiv 2310.15950).

Two terms beside the recommendation loss, both an InfoNCE over cosines. *Con* (eq. 8) maps the text vector to the width
of the item vector and asks which item's text it is; *Gen* (eq. 10) hides items, and asks what the network says of their
places for the text that stood there. The paper aligns users as well, from texts a language model wrote about them; here
items alone are aligned, as in LLM-ESR's use of it. An item with the same text as another is no negative of it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foretaste.models.auxiliary import AuxiliaryLoss
from foretaste.models.sequence import SequenceRecommender
from foretaste.nn.batch import SequenceBatch
from foretaste.nn.losses.infonce import infonce


class TextContrast(AuxiliaryLoss):
    """RLMRec-Con: ``-log softmax_j(cos(v_i, f(s_j)) / t)[i]`` over the distinct items of a batch.

    Args:
        vectors: Text vectors ``s``, ``(num_items, D)``; they stay as they are.
        dim: Width of an item vector ``v``.
        weight: Weight of the term.
        temperature: ``t``.
    """

    vectors: Tensor
    texts: Tensor

    def __init__(self, vectors: Tensor, dim: int, *, weight: float, temperature: float) -> None:
        super().__init__()
        self.weight, self.temperature = weight, temperature
        self.register_buffer("vectors", vectors.float(), persistent=False)
        self.register_buffer("texts", same_rows(vectors), persistent=False)
        self.project = two_layers(vectors.shape[1], dim)

    def forward(self, model: SequenceRecommender, batch: SequenceBatch) -> Tensor:
        items = torch.unique(batch.items[batch.mask()])
        made, texts = self.project(self.vectors[items]), self.texts[items]
        return self.weight * matching(model.items(items), (made, texts), (made, texts), self.temperature)


class TextGeneration(AuxiliaryLoss):
    """RLMRec-Gen: the text of hidden items, from the states at their places.

    Item vectors at random places are replaced by a mask vector, as the paper does with the nodes of its graph; what
    the encoder then has at the place, an MLP turns into a text vector, which has to be nearer to the item's own than to
    those of the other hidden items. A causal encoder knows what came before, a bidirectional one both sides.

    Args:
        vectors: Text vectors, ``(num_items, D)``; they stay as they are.
        dim: Width of an item vector.
        weight: Weight of the term.
        temperature: Of the softmax over cosines.
        share: Share of the places that are hidden, one at least.
        from_item: Whether the text is made from the item's own vector, and the encoder left out.
    """

    vectors: Tensor
    texts: Tensor

    def __init__(
        self, vectors: Tensor, dim: int, *, weight: float, temperature: float, share: float, from_item: bool = False
    ) -> None:
        super().__init__()
        self.weight, self.temperature, self.share, self.from_item = weight, temperature, share, from_item
        self.register_buffer("vectors", vectors.float(), persistent=False)
        self.register_buffer("texts", same_rows(vectors), persistent=False)
        self.project = two_layers(dim, vectors.shape[1])
        self.mask_vector = None if from_item else nn.Parameter(torch.zeros(dim))

    def forward(self, model: SequenceRecommender, batch: SequenceBatch) -> Tensor:
        # The newest item is left out: a causal encoder has no place for more than max_len items.
        items, lengths = batch.items[:, :-1], batch.lengths - 1
        noise = torch.rand(items.shape, device=items.device).masked_fill(~batch.mask()[:, 1:], 2.0)
        hidden = (noise < self.share) | (noise == noise.amin())
        targets = items[hidden]
        others = torch.unique(targets)
        if self.mask_vector is None:
            targets, states = others, model.items(others)
        else:
            vectors = torch.where(hidden[:, :, None], self.mask_vector, model.items(items) * model.factor)
            states = model.encoder(vectors, lengths)[hidden]
        own, among = ((self.vectors[ids], self.texts[ids]) for ids in (targets, others))
        return self.weight * matching(self.project(states), own, among, self.temperature)


def matching(queries: Tensor, own: tuple[Tensor, Tensor], among: tuple[Tensor, Tensor], temperature: float) -> Tensor:
    """Mean InfoNCE over cosines; vectors of the query's own text are no negatives of it.

    Args:
        queries: ``(N, d)``.
        own: The vector that each should be near to, ``(N, d)``, and the number of its text, ``(N,)``.
        among: The vectors that it has to be told from, ``(K, d)``, and the numbers of their texts, ``(K,)``.
        temperature: Cosines are divided by it.
    """
    rows, columns = (own[1][:, None] == among[1]).nonzero(as_tuple=True)
    queries = F.normalize(queries, dim=-1) / temperature
    return infonce(queries, F.normalize(own[0], dim=-1), F.normalize(among[0], dim=-1), (rows, columns))


def same_rows(vectors: Tensor) -> Tensor:
    """A number for each row, the same for equal rows, ``(n,)`` int64."""
    numbers: Tensor = torch.unique(vectors, dim=0, return_inverse=True)[1]
    return numbers


def two_layers(width: int, out: int) -> nn.Sequential:
    """RLMRec's map between widths: the layer between them is half as wide as both together."""
    inner = (width + out) // 2
    layers = nn.Sequential(nn.Linear(width, inner), nn.LeakyReLU(), nn.Linear(inner, out))
    for layer in layers:
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
    return layers
