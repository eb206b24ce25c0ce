"""Text votes against loops over users; who comes late; what nobody took."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from foretaste.data.sequences import Sequences
from foretaste.models.lightgcn import training_graph
from foretaste.models.textvotes import TextVotes
from foretaste.nn.growth import NewItems, grow

V, D = 9, 5
ROWS = [[0, 1, 2], [1, 3, 1], [4], [5, 6, 0, 2], [], [2, 3], [7]]
TRAIN = Sequences.from_lists(ROWS)
TEXT = torch.randn(V, D, generator=torch.Generator().manual_seed(1))
STRANGERS = Sequences.from_lists([[3, 8, 3], [], [2], [8]])


def votes() -> TextVotes:
    return TextVotes.of(training_graph(TRAIN, V), TEXT)


def test_people_of_like_texts_vote_for_what_they_took() -> None:
    taken = [sorted(set(row)) for row in ROWS]
    degrees = [max(1, sum(item in row for row in taken)) for item in range(V)]
    sent = [TEXT[item] / degrees[item] ** 0.5 for item in range(V)]
    voices = [sum((sent[t] for t in row), torch.zeros(D)) for row in taken]
    wanted = torch.zeros(len(STRANGERS), V)
    for number, history in enumerate(STRANGERS):
        asks = sum((sent[t] for t in set(history.tolist())), torch.zeros(D))
        for item in range(V):
            for row, voice in zip(taken, voices, strict=True):
                wanted[number, item] += (asks @ voice) / len(row) if item in row else 0.0
            wanted[number, item] += asks @ sent[item]
    torch.testing.assert_close(votes().score(STRANGERS), wanted)


def test_order_and_repeats_say_nothing() -> None:
    model = votes()
    rows = model.user_vectors(Sequences.from_lists([[3, 8, 2], [2, 3, 8, 3, 2]]))
    torch.testing.assert_close(rows[0], rows[1])
    assert not model.user_vectors(Sequences.from_lists([[]])).any()


@pytest.mark.parametrize("likeness", [1.0, -1.0])
def test_what_nobody_took_is_found_by_its_text(likeness: float) -> None:
    model = votes()
    before = model.score(STRANGERS)
    grow(model, NewItems.of(likeness * 3 * TEXT[4:5], TEXT, neighbours=2))
    after = model.score(STRANGERS)
    torch.testing.assert_close(after[:, :V], before)
    (asks,) = model.score(Sequences.from_lists([[4]]))
    assert (float(asks[V]) > 0) == (likeness > 0)
    assert model.user_vectors(Sequences.from_lists([[V]])).abs().sum() > 0


def test_it_is_built_again_from_its_sizes() -> None:
    model = votes()
    empty = torch.zeros(V, model.sizes["text_dim"])
    again = TextVotes(empty, empty, empty[:, 0])
    again.load_state_dict(model.state_dict())
    assert torch.equal(again.score(STRANGERS), model.score(STRANGERS))
    assert np.isfinite(again.item_vectors().numpy()).all()
