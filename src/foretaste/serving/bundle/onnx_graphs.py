"""What becomes an ONNX graph: from a table of item vectors, histories and lengths to user vectors."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from foretaste.models.bert4rec import BERT4Rec
from foretaste.models.neighbour_expert import LEVEL, NeighbourExpert
from foretaste.models.sequence import SequenceRecommender


class LastState(nn.Module):
    """The state after the newest item, out of a table of item vectors; no size of the traced batch is baked in.

    It is what :meth:`SequenceRecommender.last_states` and :meth:`BERT4Rec.last_states` compute, spelled in operations
    whose shapes stay free.
    """

    def __init__(self, network: SequenceRecommender) -> None:
        super().__init__()
        self.encoder, self.factor = network.encoder, network.factor
        self.mask_vector = network.mask_vector if isinstance(network, BERT4Rec) else None
        self.head = network.head if isinstance(network, BERT4Rec) else nn.Identity()

    def forward(self, table: Tensor, items: Tensor, lengths: Tensor) -> Tensor:
        vectors = nn.functional.embedding(items, table) * self.factor
        last = lengths - 1
        if self.mask_vector is not None:  # a mask behind the history, where the answer is read
            vectors = torch.cat([vectors, torch.zeros_like(vectors[:, :1])], dim=1)
            here = torch.arange(vectors.shape[1])[None, :, None] == lengths[:, None, None]
            vectors = torch.where(here, self.mask_vector, vectors)
            lengths, last = lengths + 1, lengths
        states = self.encoder(vectors, lengths)
        picked = states.gather(1, last[:, None, None].expand(-1, 1, states.shape[2]))[:, 0]
        users: Tensor = self.head(picked)
        return users


class WithNeighbours(nn.Module):
    """The same, with what :meth:`NeighbourExpert.user_vectors` puts behind it; texts stand beside the item vectors."""

    def __init__(self, state: LastState, model: NeighbourExpert) -> None:
        super().__init__()
        self.state, self.width, self.decay = state, model.network.items.dim, model.decay
        self.texts, self.prior = model.widths

    def forward(self, table: Tensor, items: Tensor, lengths: Tensor) -> Tensor:
        parts = [self.state(table[:, : self.width], items, lengths)]
        if self.texts:
            back = lengths[:, None] - 1 - torch.arange(items.shape[1])
            weights = torch.where(back >= 0, torch.pow(self.decay, back.clamp_min(0).float()), 0.0)
            parts.append((nn.functional.embedding(items, table[:, self.width :]) * weights[..., None]).sum(1))
        if self.prior:
            parts.append(torch.full_like(parts[0][:, :1], LEVEL))
        return torch.cat(parts, dim=1)


@torch.inference_mode()
def graph_of(model: nn.Module, network: SequenceRecommender) -> tuple[nn.Module, Tensor]:
    """A model's graph, and the table that it reads, ``(V, D)`` float32.

    Args:
        model: The saved model.
        network: Its network.
    """
    table, state = network.items.table(), LastState(network)
    if not isinstance(model, NeighbourExpert):
        return state, table.float().cpu().clone()
    if model.widths[0]:
        table = torch.cat([table, model.unit_text()], dim=1)
    return WithNeighbours(state, model), table.float().cpu().clone()
