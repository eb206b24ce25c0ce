"""Pooling, batches and repetitions, against naive loops."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foretaste.text.encoders.base import NotFinite, count_words, encode_distinct, unit
from foretaste.text.encoders.batching import batches_of, padded, token_batches
from foretaste.text.encoders.pooling import POOLINGS, pool


@given(st.lists(st.integers(1, 30), max_size=60), st.integers(1, 64))
def test_batches_hold_every_text_once_within_the_budget(lengths, budget):
    batches = token_batches(lengths, budget)
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[place] for place in batch) <= budget
    flat = [lengths[place] for batch in batches for place in batch]
    assert flat == sorted(lengths, reverse=True)


def test_padding_stands_on_the_right_and_is_masked():
    ids, mask = padded([[7, 8, 9], [5]], pad=3)
    assert ids.tolist() == [[7, 8, 9], [5, 3, 3]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]
    places, ids, mask = next(batches_of([[1], [2, 2]], 8, pad=0))
    assert places == [1, 0]
    assert ids.tolist() == [[2, 2], [1, 0]]
    assert mask.sum(1).tolist() == [2, 1]


@pytest.mark.parametrize("kind", POOLINGS)
@given(lengths=st.lists(st.integers(1, 6), min_size=1, max_size=5), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_pooling_equals_a_loop_over_real_tokens(kind, lengths, seed):
    torch.manual_seed(seed)
    width = max(lengths) + 2
    hidden = torch.randn(len(lengths), width, 4)
    mask = (torch.arange(width)[None] < torch.tensor(lengths)[:, None]).long()
    hidden[mask == 0] = float("nan")  # what stands in padding may be anything
    pick = {"mean": lambda h: h.mean(0), "last": lambda h: h[-1], "cls": lambda h: h[0]}[kind]
    wanted = torch.stack([pick(row[:length]) for row, length in zip(hidden, lengths, strict=True)])
    torch.testing.assert_close(pool(hidden, mask, kind), wanted)


def test_an_unknown_pooling_is_refused():
    with pytest.raises(ValueError, match="mean, last, cls"):
        pool(torch.zeros(1, 1, 1), torch.ones(1, 1), "max")


@given(st.lists(st.sampled_from(["", "a", "bb", "ccc"]), max_size=9))
def test_equal_texts_are_encoded_once_and_counted_all(texts):
    asked: list[list[str]] = []
    done: list[int] = []

    def encode(distinct, report):
        asked.append(distinct)
        report(len(distinct))
        return np.array([[len(text)] for text in distinct], dtype=np.float32).reshape(-1, 1)

    got = encode_distinct(texts, encode, name="e", progress=done.append)
    assert got.ravel().tolist() == [len(text) for text in texts]
    assert sorted(asked[0]) == sorted(set(texts))
    assert sum(done) == len(texts)


def test_a_vector_that_is_none_stops_with_its_text():
    vectors = np.array([[1.0], [np.inf]], dtype=np.float32)
    with pytest.raises(NotFinite, match="'bad'") as caught:
        encode_distinct(["ok", "ok", "bad"], lambda *_: vectors, name="e", progress=None)
    assert caught.value.row == 2


def test_unit_rows_and_words():
    assert unit(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32)).tolist() == [
        [0.6000000238418579, 0.800000011920929],
        [0, 0],
    ]
    assert [count_words(n) for n in (22_713_216, 7_000_000_000, 12_345, 7)] == ["22.7 M", "7 B", "12.3 k", "7"]
