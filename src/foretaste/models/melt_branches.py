"""The two terms that MELT adds to the loss: see ``models/melt.py``.

Users, items and contexts are drawn on the CPU, where the histories lie, all of a step at once.
"""

from __future__ import annotations

import math
from abc import abstractmethod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from foretaste.data.contexts import Contexts
from foretaste.data.sequences import Sequences
from foretaste.models.auxiliary import AuxiliaryLoss
from foretaste.models.melt import MELTConfig
from foretaste.models.melt_states import encode_rows, evaluating, means, newest, split_blocks, without_dropout
from foretaste.models.sequence import SequenceRecommender
from foretaste.nn.batch import SequenceBatch
from foretaste.nn.draws import draw_distinct, draw_sizes
from foretaste.nn.items import IdTable
from foretaste.nn.ridge import Ridge

ITEM_SPAN = 50
"""Interactions beyond the threshold at which the weights of head items stop changing."""


class Branch(AuxiliaryLoss):
    """One branch: a weighted mean square over some heads, drawn anew at each step.

    The weights move over the epochs from the heads far from the threshold to those near it:
    ``w = |sin(π/2 · epoch / epochs + phase)|``, where the phase grows from 0 at the threshold to about ``π/2``.

    Args:
        phase: One for each head, ``(heads,)``.
        weight: Factor of the term (the paper's λ).
        users: The map ``W_U``. It belongs to the recommender; here it is only used.
        config: Keys.
    """

    done: Tensor
    phase: Tensor

    def __init__(self, phase: NDArray[np.float64], weight: float, users: nn.Linear, config: MELTConfig) -> None:
        super().__init__()
        self.weight, self.config = weight, config
        self._users = (users,)  # in a tuple, so that its weights are not counted as this module's too
        self.register_buffer("phase", torch.from_numpy(phase).float(), persistent=False)
        self.register_buffer("done", torch.zeros(()))

    def begin_epoch(self, model: SequenceRecommender, epoch: int, epochs: int) -> None:
        self.done.fill_(epoch / epochs)
        if epoch == 0 and self.config.warm_start:
            with evaluating(model):
                self.warm_start(model)

    def forward(self, model: SequenceRecommender, batch: SequenceBatch) -> Tensor:
        if self.config.branch_dropout:
            return self.term(model)
        with without_dropout(model):
            return self.term(model)

    @abstractmethod
    def term(self, model: SequenceRecommender) -> Tensor:
        """The term for heads drawn now, a scalar."""

    @abstractmethod
    def warm_start(self, model: SequenceRecommender) -> None:
        """Sets the branch's map to its least-squares solution on all heads."""

    def complete(self, states: Tensor) -> Tensor:
        """``u + W_U u``, ``(n, d)`` → ``(n, d)``."""
        return states + self.missing(states)

    def missing(self, states: Tensor) -> Tensor:
        """``W_U u``, ``(n, d)`` → ``(n, d)``."""
        found: Tensor = self._users[0](states)
        return found

    def draw(self) -> NDArray[np.int64]:
        """Heads of a step, ``(branch_rows,)``."""
        drawn: NDArray[np.int64] = torch.randint(len(self.phase), (self.config.branch_rows,)).numpy()
        return drawn

    def distance(self, heads: NDArray[np.int64], found: Tensor, wanted: Tensor) -> Tensor:
        """The term: the weighted mean square of ``found - wanted``, both ``(B, d)``."""
        picked = torch.from_numpy(heads).to(found.device)
        weights = (math.pi / 2 * self.done + self.phase[picked]).sin().abs()
        squares = (found - (wanted.detach() if self.config.detach else wanted)).square().mean(1)
        return self.weight * (weights * squares).mean()


class UserBranch(Branch):
    """A head user's whole history told from its newest items: ``w · |W_U f(few) - f(all)|²``.

    Args:
        train: Training sequences.
        users: The map ``W_U``.
        config: Keys.
        longest: Items in the history of a tail user at the most.
        max_len: Newest items of a history that the sequence model looks at.
    """

    def __init__(self, train: Sequences, users: nn.Linear, config: MELTConfig, *, longest: int, max_len: int) -> None:
        self.longest, self.heads = longest, train.take(np.flatnonzero(train.lengths > longest)).last(max_len)
        beyond = np.maximum(self.heads.lengths - longest - 1, 0)
        super().__init__(math.pi / 2 * beyond / max(max_len - longest - 1, 1), config.user_weight, users, config)

    def term(self, model: SequenceRecommender) -> Tensor:
        heads = self.draw()
        whole = self.heads.take(heads)
        few = newest(whole, draw_sizes(torch.from_numpy(self.most(whole))).numpy())
        return self.distance(heads, self.missing(encode_rows(model, few)), encode_rows(model, whole))

    def most(self, rows: Sequences) -> NDArray[np.int64]:
        """How many items a shortened history keeps at the most: fewer than the threshold, at least one."""
        kept: NDArray[np.int64] = np.maximum(np.minimum(rows.lengths, self.longest) - 1, 1)
        return kept

    def warm_start(self, model: SequenceRecommender) -> None:
        layer = self._users[0]
        ridge = Ridge(layer.in_features, layer.out_features, layer.weight.device)
        for heads in split_blocks(np.arange(len(self.heads))):
            whole = self.heads.take(heads)
            few = newest(whole, 1 + heads % self.most(whole))
            ridge.add(encode_rows(model, few), encode_rows(model, whole))
        ridge.solve(layer)


class ItemBranch(Branch):
    """A head item's vector told from some of its contexts: ``w · |W_I mean(f(c) + W_U f(c)) - E[i]|²``.

    Args:
        contexts: Training contexts of every item, the item itself last.
        popularity: Training interactions of every item, ``(num_items,)``.
        users: The map ``W_U`` by which contexts, being short histories, are completed.
        config: Keys.
        rarest: Interactions of a tail item at the most.
    """

    def __init__(
        self, contexts: Contexts, popularity: NDArray[np.int64], users: nn.Linear, config: MELTConfig, *, rarest: int
    ) -> None:
        self.heads = np.flatnonzero(popularity > rarest)
        self.tail = np.flatnonzero((popularity <= rarest) & (contexts.counts > 0))
        beyond = np.minimum(popularity[self.heads] - rarest, ITEM_SPAN) - 1
        super().__init__(math.pi / 2 * beyond / ITEM_SPAN, config.item_weight, users, config)
        self.contexts, self.most = contexts, max(1, min(rarest, config.max_contexts))
        self.map = nn.Linear(users.in_features, users.out_features)

    def term(self, model: SequenceRecommender) -> Tensor:
        heads = self.draw()
        items = self.heads[heads]
        totals = torch.from_numpy(self.contexts.counts[items])
        sizes = draw_sizes(totals.clamp_max(self.most))
        drawn, counts = draw_distinct(totals, sizes)
        rows = (torch.from_numpy(self.contexts.offsets[items])[:, None] + drawn)[counts].numpy()
        states = self.complete(encode_rows(model, self.contexts.rows.take(rows)))
        owners = np.repeat(np.arange(len(items)), sizes.numpy())
        vectors = model.items(torch.from_numpy(items).to(states.device))
        return self.distance(heads, self.map(means(states, owners, len(items))), vectors)

    def begin_epoch(self, model: SequenceRecommender, epoch: int, epochs: int) -> None:
        """Gives tail items the vectors that their contexts tell.

        The optimiser's moments of these rows stay as they are: they are running means of gradients, not of weights.
        What is written depends on the weights alone, so a run that is resumed writes the same.
        """
        super().begin_epoch(model, epoch, epochs)
        table = model.items
        if not isinstance(table, IdTable):
            raise TypeError("the item branch rewrites rows of a table of ids, and this model has none")
        with evaluating(model):
            told = [self.map(self.told(model, items, None)) for items in split_blocks(self.tail)]
            if told:
                table.weight[torch.from_numpy(self.tail).to(table.weight.device)] = torch.cat(told)

    def told(self, model: SequenceRecommender, items: NDArray[np.int64], most: int | None) -> Tensor:
        """The mean state of the (first ``most``) contexts of each item, ``(n, d)``."""
        rows, owners = self.contexts.of(items, most)
        states = encode_rows(model, self.contexts.rows.take(rows))
        completed = self.complete(states) if self.config.complete_contexts else states
        return means(completed, owners, len(items))

    def warm_start(self, model: SequenceRecommender) -> None:
        ridge = Ridge(self.map.in_features, self.map.out_features, self.map.weight.device)
        for items in split_blocks(self.heads):
            vectors = model.items(torch.from_numpy(items).to(self.map.weight.device))
            ridge.add(self.told(model, items, self.most), vectors)
        ridge.solve(self.map)
