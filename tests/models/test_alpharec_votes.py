"""AlphaRec with votes beside it: one inner product, the same after a reload, and for items that come late."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from foretaste.data.sequences import Sequences
from foretaste.models.alpharec_votes import VotedAlphaRec
from foretaste.models.intent import EPS
from foretaste.models.lightgcn import training_graph
from foretaste.models.textvotes import TextVotes
from foretaste.nn.graph import BipartiteGraph
from foretaste.nn.growth import NewItems, grow
from foretaste.nn.projector import Projector
from foretaste.nn.reduce import whitening

V, D = 8, 5
TRAIN = Sequences.from_lists([[0, 1, 2], [1, 3, 1], [4], [5, 6, 0, 2], [], [2, 3]])
SOMEONE = torch.from_numpy(TRAIN.lengths > 0)[:, None]


def texts(items: int = V) -> Tensor:
    return torch.randn(items, D, generator=torch.Generator().manual_seed(1))


def voted(train: Sequences = TRAIN, vectors: Tensor | None = None, *, votes: float = 0.6, **keys: Any) -> VotedAlphaRec:
    torch.manual_seed(0)
    vectors = texts() if vectors is None else vectors
    projector = Projector(D, 4, 7)
    graph = training_graph(train, len(vectors))
    return VotedAlphaRec(
        graph, vectors, projector, votes=votes, whitening=whitening(vectors, D), **{"layers": 2, "ridge": 0.1, **keys}
    )


def level(table: Tensor, train: Sequences = TRAIN) -> Tensor:
    taken = table[np.unique(train.flat())]
    return table / taken.norm(dim=1).square().mean().sqrt()


def parts(model: VotedAlphaRec, histories: Sequences = TRAIN) -> tuple[Tensor, Tensor]:
    """What the network and what the votes say, each at its own level, from models made for each alone."""
    network = voted(votes=0.0, cosine=model.cosine)
    mean, matrix = (part.float() for part in whitening(texts(), D))
    votes = TextVotes.of(training_graph(TRAIN, V), (texts() - mean) @ matrix)
    return tuple(  # type: ignore[return-value]
        F.normalize(one.user_vectors(histories)[:, :width], dim=1) @ level(one.item_vectors()[:, :width]).T
        for one, width in ((network, 4), (votes, D))
    )


@pytest.mark.parametrize("cosine", [True, False])
@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_score_is_so_much_of_the_cosine_and_so_much_of_the_votes(share: float, cosine: bool) -> None:
    model = voted(votes=share, cosine=cosine)
    cosines, votes = parts(model)
    torch.testing.assert_close(model.score(TRAIN), (1 - share) * cosines + share * votes)
    assert (model.score(Sequences.from_lists([[]])) == 0).all()


def test_a_model_that_is_loaded_scores_the_same() -> None:
    model = voted()
    empty = VotedAlphaRec(
        BipartiteGraph(len(TRAIN), V, model.graph.edges),
        torch.zeros(V, D),
        Projector(D, 4, 7),
        votes=0.6,
        whitening=(torch.zeros(D), torch.zeros(D, D)),
        layers=2,
        ridge=0.1,
    )
    empty.load_state_dict(model.state_dict())
    torch.testing.assert_close(empty.score(TRAIN), model.score(TRAIN))


@pytest.mark.parametrize("served", [True, False])
def test_a_new_item_has_its_texts_own_vote_and_moves_nobody_elses(served: bool) -> None:
    model = voted()
    before = model.score(TRAIN) if served else voted().score(TRAIN)
    late = torch.randn(2, D)
    grow(model, NewItems.of(late, model.vectors, neighbours=2))
    found = model.score(TRAIN)
    torch.testing.assert_close(found[:, :V], before)
    again = voted()
    again.score(TRAIN)
    for row in late:
        grow(again, NewItems.of(row[None], again.vectors, neighbours=2))
    torch.testing.assert_close(again.score(TRAIN), found)
    assert model.score(Sequences.from_lists([[V]])).abs().sum() > 0


def test_renumbering_users_and_items_permutes_the_scores() -> None:
    rng = np.random.default_rng(3)
    items, users = rng.permutation(V), rng.permutation(len(TRAIN))
    renamed = Sequences.from_lists([[int(items[i]) for i in TRAIN[u]] for u in users])
    vectors = torch.empty_like(texts())
    vectors[torch.from_numpy(items)] = texts()
    expected = voted().score(TRAIN)[torch.from_numpy(users)]
    found = voted(renamed, vectors).score(renamed)[:, torch.from_numpy(items)]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_votes_follow_texts_that_are_trained() -> None:
    model = voted(trainable=True, votes=1.0)
    before = model.score(TRAIN)
    with torch.no_grad():
        model.vectors.mul_(-1)
    model.forget()
    assert not torch.allclose(model.score(TRAIN), before)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_a_wish_stands_beside_both(alpha: float) -> None:
    model, said = voted(), torch.randn(len(TRAIN), D)
    mean, matrix = (part.float() for part in whitening(model.vectors, D, eps=EPS))
    like = F.normalize((said - mean) @ matrix, dim=1) @ F.normalize((model.vectors - mean) @ matrix, dim=1).T
    found = model.intent_vectors(TRAIN, said, alpha) @ model.intent_items().T
    torch.testing.assert_close(found, torch.where(SOMEONE, (1 - alpha) * model.score(TRAIN) + alpha * like, like))


def test_the_papers_wish_moves_the_network_alone() -> None:
    model, said = voted(wish="propagated"), torch.randn(len(TRAIN), D)
    assert model.intent_items().shape == (V, 4)
    assert model.intent_vectors(TRAIN, said, 0.3).shape == (len(TRAIN), 4)
