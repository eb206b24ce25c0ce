"""What a store answers, what it appends, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_fakes import FakeEncoder, catalogue, one

from foretaste.core.errors import ArtefactError, ConfigError, DataError
from foretaste.core.files import file_digest, read_json
from foretaste.text.store import EmbeddingStore, Filled, StoreSpec, fill, rows_of_shard

IDS, TEXTS = catalogue(50)


def begin(folder: Path, encoder: FakeEncoder | None = None, prompt: str = "prompt-1", dtype: str = "fp32"):
    return EmbeddingStore.create(folder, StoreSpec.of(encoder or FakeEncoder(), prompt, dtype))


def naive(texts: list[str]) -> np.ndarray:
    return np.array([one(text, 4) for text in texts], dtype=np.float32)


def shard_digests(folder: Path) -> dict[str, str]:
    return {path.name: file_digest(path) for path in sorted((folder / "shards").iterdir())}


@pytest.mark.parametrize(("dtype", "close"), [("fp32", 1e-3), ("fp16", 5e-3)])
def test_rows_come_back_by_id_in_the_order_asked_for(tmp_path: Path, dtype: str, close: float) -> None:
    store = begin(tmp_path, dtype=dtype)
    assert fill(store, IDS, TEXTS, FakeEncoder(), rows=8).encoded == 50
    again = EmbeddingStore(tmp_path)
    order = [*np.random.default_rng(0).permutation(50).tolist(), 3, 3, 49]
    found = again.vectors([IDS[i] for i in order], [TEXTS[i] for i in order])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, naive([TEXTS[i] for i in order]), atol=close)
    assert (again.vectors([IDS[i] for i in order]) == found).all()
    assert again.ids == IDS
    assert len(again) == 50


def test_blocks_hold_the_ids_in_order_and_are_bounded(tmp_path: Path) -> None:
    encoder = FakeEncoder()
    fill(begin(tmp_path), IDS, TEXTS, encoder, rows=16)
    assert encoder.blocks == [TEXTS[start : start + 16] for start in range(0, 50, 16)]
    manifest = read_json(tmp_path / "manifest.json")
    assert [shard["rows"] for shard in manifest["shards"]] == [16, 16, 16, 2]
    assert manifest["rows"] == 50
    assert manifest["spec"]["encoder"] == "fake"


@pytest.mark.parametrize(
    ("tokens", "dim", "rows"), [(2048, 384, 256), (65_536, 384, 8192), (1 << 20, 384, 43_690), (2048, 1 << 25, 1)]
)
def test_a_shard_fills_batches_and_stays_bounded(tokens: int, dim: int, rows: int) -> None:
    assert rows_of_shard(tokens, dim) == rows


def test_appending_encodes_only_what_is_new_and_touches_no_shard(tmp_path: Path) -> None:
    fill(begin(tmp_path), IDS[:30], TEXTS[:30], FakeEncoder(), rows=16)
    before = shard_digests(tmp_path)
    encoder, store = FakeEncoder(), begin(tmp_path)
    done = fill(store, IDS[::-1], TEXTS[::-1], encoder, rows=16)
    assert (done.asked, done.encoded) == (50, 20)
    assert [text for block in encoder.blocks for text in block] == TEXTS[:29:-1]
    assert before.items() <= shard_digests(tmp_path).items()
    np.testing.assert_allclose(store.vectors(IDS), naive(TEXTS), atol=1e-3)


def test_nothing_new_writes_nothing(tmp_path: Path) -> None:
    fill(begin(tmp_path), IDS, TEXTS, FakeEncoder())
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    encoder = FakeEncoder()
    assert fill(begin(tmp_path), IDS[5:9], TEXTS[5:9], encoder) == Filled(4, 0)
    assert encoder.blocks == []
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_equal_texts_are_encoded_once_and_get_equal_bits(tmp_path: Path) -> None:
    ids, texts = [f"i{i}" for i in range(40)], [f"text {i % 7}" for i in range(40)]
    encoder, store = FakeEncoder(), begin(tmp_path)
    fill(store, ids, texts, encoder, rows=10)
    assert len(encoder.blocks) == 1
    found = store.vectors(ids)
    assert all((found[i] == found[i % 7]).all() for i in range(40))


def test_truncated_texts_are_counted(tmp_path: Path) -> None:
    done = fill(begin(tmp_path), IDS, TEXTS, FakeEncoder(), rows=16)
    assert done.truncated == sum(len(text) > 30 for text in TEXTS) > 0


def test_a_changed_text_is_refused_and_named(tmp_path: Path) -> None:
    store = begin(tmp_path)
    fill(store, IDS, TEXTS, FakeEncoder())
    texts = [*TEXTS[:4], "a corrected title", *TEXTS[5:]]
    with pytest.raises(ArtefactError, match=repr(IDS[4])) as caught:
        fill(store, IDS, texts, FakeEncoder())
    assert "a corrected title" in caught.value.where
    with pytest.raises(ArtefactError, match="another text"):
        store.vectors(IDS, texts)


def test_a_changed_text_may_be_encoded_beside_the_old_row(tmp_path: Path) -> None:
    store = begin(tmp_path)
    fill(store, IDS, TEXTS, FakeEncoder())
    before, texts = shard_digests(tmp_path), [*TEXTS[:4], "a corrected title", *TEXTS[5:]]
    assert fill(store, IDS, texts, FakeEncoder(), changed="encode").encoded == 1
    for asked in (store, EmbeddingStore(tmp_path)):
        np.testing.assert_allclose(asked.vectors(IDS, texts), naive(texts), atol=1e-3)
        np.testing.assert_allclose(asked.vectors(IDS, TEXTS), naive(TEXTS), atol=1e-3)
        np.testing.assert_allclose(asked.vectors(IDS), naive(texts), atol=1e-3)
    assert fill(store, IDS, TEXTS, FakeEncoder(), changed="encode").encoded == 0
    assert before.items() <= shard_digests(tmp_path).items()


OTHERS: dict[str, Callable[[Path], object]] = {
    "encoder": lambda folder: begin(folder, FakeEncoder(fingerprint="fake-2")),
    "dimension: 4 there, 5 now": lambda folder: begin(folder, FakeEncoder(5)),
    "prompt": lambda folder: begin(folder, prompt="prompt-2"),
    "numbers: fp32 there, fp16 now": lambda folder: begin(folder, dtype="fp16"),
}


@pytest.mark.parametrize("word", OTHERS)
def test_a_stranger_is_refused_with_the_difference(tmp_path: Path, word: str) -> None:
    fill(begin(tmp_path), IDS, TEXTS, FakeEncoder())
    with pytest.raises(ArtefactError) as caught:
        OTHERS[word](tmp_path)
    assert word in caught.value.where
    assert caught.value.allowed
    assert caught.value.mend


def test_an_encoder_is_checked_again_when_it_encodes(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="something else"):
        fill(begin(tmp_path), IDS, TEXTS, FakeEncoder(fingerprint="fake-2"))


def test_unknown_ids_are_refused_with_the_nearest(tmp_path: Path) -> None:
    store = begin(tmp_path)
    fill(store, ["apple", "pear"], ["a", "b"], FakeEncoder())
    with pytest.raises(ArtefactError, match="'aple'") as caught:
        store.vectors(["pear", "aple"])
    assert "'apple'" in caught.value.mend


@pytest.mark.parametrize("rows", [3, 16, 1000])
def test_a_nan_stops_the_job_and_names_the_item(tmp_path: Path, rows: int) -> None:
    store = begin(tmp_path)
    with pytest.raises(DataError, match=repr(IDS[20])) as caught:
        fill(store, IDS, TEXTS, FakeEncoder(bad=f"{IDS[20]} "), rows=rows)
    assert TEXTS[20] in caught.value.where
    kept = len(EmbeddingStore(tmp_path))
    assert kept == 20 // rows * rows
    assert fill(store, IDS, TEXTS, FakeEncoder(), rows=rows).encoded == 50 - kept


def test_a_number_too_large_for_half_precision_stops_the_job(tmp_path: Path) -> None:
    class Large(FakeEncoder):
        def _encode(self, texts: list[str], report: object) -> np.ndarray:
            return np.full((len(texts), 4), 1e5, dtype=np.float32)

    with pytest.raises(DataError, match="fp16") as caught:
        fill(begin(tmp_path, dtype="fp16"), IDS, TEXTS, Large())
    assert IDS[0] in caught.value.where


@pytest.mark.parametrize("wrong", ["double", "lengths", "changed", "rows"])
def test_a_wrong_call_is_refused(tmp_path: Path, wrong: str) -> None:
    calls = {
        "double": lambda: fill(begin(tmp_path), ["a", "b", "a"], ["x", "y", "z"], FakeEncoder()),
        "lengths": lambda: fill(begin(tmp_path), ["a", "b"], ["x"], FakeEncoder()),
        "changed": lambda: fill(begin(tmp_path), ["a"], ["x"], FakeEncoder(), changed="perhaps"),
        "rows": lambda: fill(begin(tmp_path), ["a"], ["x"], FakeEncoder(), rows=0),
    }
    with pytest.raises((DataError, ConfigError)):
        calls[wrong]()


def test_an_empty_request_is_no_work(tmp_path: Path) -> None:
    store = begin(tmp_path)
    assert fill(store, [], [], FakeEncoder()) == Filled(0, 0)
    assert store.vectors([]).shape == (0, 4)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2)), max_size=12), max_size=6))
def test_any_history_of_jobs_answers_every_text_ever_asked(tmp_path_factory, jobs) -> None:
    folder = tmp_path_factory.mktemp("store")
    asked: dict[tuple[str, str], np.ndarray] = {}
    for job in jobs:
        rows = {f"i{number}": f"text {number} {version}" for number, version in job}
        store = begin(folder)
        fill(store, list(rows), list(rows.values()), FakeEncoder(), changed="encode", rows=3)
        asked |= {pair: one(pair[1], 4) for pair in rows.items()}
    store = begin(folder)
    for (raw, text), vector in asked.items():
        np.testing.assert_allclose(store.vectors([raw], [text])[0], vector, atol=1e-3)
