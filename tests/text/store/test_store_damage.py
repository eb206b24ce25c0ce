"""Kills, two writers at once, and files that are not what they were."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from store_fakes import FakeEncoder, catalogue

from foretaste.core.errors import ArtefactError
from foretaste.core.files import file_digest
from foretaste.text.store import EmbeddingStore, StoreSpec, fill
from foretaste.text.store.filling import sweep
from foretaste.text.store.waiting import sole_writer

COUNT = 160


def child(folder: Path, slow: float, count: int = COUNT) -> subprocess.Popen[str]:
    command = [sys.executable, str(Path(__file__).parent / "store_child.py"), str(folder), str(count), str(slow)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def filled(folder: Path, count: int = COUNT) -> EmbeddingStore:
    store = EmbeddingStore.create(folder, StoreSpec.of(FakeEncoder(), "prompt-1"))
    fill(store, *catalogue(count), FakeEncoder(), rows=16)
    return store


def digests(folder: Path) -> dict[str, str]:
    return {path.name: file_digest(path) for path in sorted((folder / "shards").iterdir())}


def test_a_job_killed_at_random_moments_ends_the_same_to_the_bit(tmp_path: Path) -> None:
    whole = digests(filled(tmp_path / "whole").folder)
    rng, kills, sizes = np.random.default_rng(), 0, [0]
    while sizes[-1] < COUNT and kills < 40:
        one = child(tmp_path / "killed", slow=0.003)
        assert one.stdout is not None
        one.stdout.readline()
        time.sleep(rng.uniform(0, 0.25))
        one.send_signal(signal.SIGKILL)
        one.communicate()
        kills += one.returncode == -signal.SIGKILL
        sizes.append(len(EmbeddingStore(tmp_path / "killed")))
    assert kills > 0
    assert sizes == sorted(sizes)
    assert all(size % 16 == 0 or size == COUNT for size in sizes)
    filled(tmp_path / "killed")
    assert digests(tmp_path / "killed") == whole


def test_what_a_kill_left_half_written_is_swept_up(tmp_path: Path) -> None:
    filled(tmp_path, 20)
    left = [tmp_path / "shards" / name for name in (".00002.safetensors.abc.part", ".tmpRw0tLm")]
    for path in left:
        path.write_bytes(b"half")
    filled(tmp_path, 40)
    assert not any(path.exists() for path in left)
    sweep(tmp_path / "nowhere")


def test_a_second_process_waits_for_the_first_and_encodes_nothing_twice(tmp_path: Path) -> None:
    with sole_writer(tmp_path):
        second = child(tmp_path, slow=0)
        assert second.stderr is not None
        told = second.stderr.readline()
    outputs = [second.communicate(timeout=60), child(tmp_path, slow=0).communicate(timeout=60)]
    assert [int(out.split()[-1]) for out, _ in outputs] == [COUNT, 0]
    assert f"another process (pid {os.getpid()})" in told
    assert digests(tmp_path) == digests(filled(tmp_path / "whole").folder)


@pytest.mark.parametrize("place", [5, 200, -1])
def test_a_flipped_byte_is_noticed_and_its_shard_can_be_made_again(tmp_path: Path, place: int) -> None:
    store = filled(tmp_path, 40)
    before = store.vectors(store.ids).copy()
    ids, path = store.ids, tmp_path / "shards" / "00001.safetensors"
    raw = bytearray(path.read_bytes())
    raw[place] ^= 1
    path.unlink()  # a new file: the old one is mapped
    path.write_bytes(raw)
    with pytest.raises(ArtefactError, match="00001") as caught:
        EmbeddingStore(tmp_path).vectors(ids)
    assert "remove that file" in caught.value.mend
    path.unlink()
    np.testing.assert_allclose(filled(tmp_path, 40).vectors(ids), before, atol=1e-4)


def test_a_shard_cut_short_is_noticed_when_the_store_is_opened(tmp_path: Path) -> None:
    filled(tmp_path, 40)
    path = tmp_path / "shards" / "00000.safetensors"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ArtefactError, match="damaged"):
        EmbeddingStore(tmp_path)


def test_a_shard_of_another_store_is_refused(tmp_path: Path) -> None:
    filled(tmp_path / "a", 20)
    other = EmbeddingStore.create(tmp_path / "b", StoreSpec.of(FakeEncoder(fingerprint="fake-2"), "prompt-1"))
    fill(other, *catalogue(20), FakeEncoder(fingerprint="fake-2"))
    (tmp_path / "b/shards/00000.safetensors").rename(tmp_path / "a/shards/00007.safetensors")
    with pytest.raises(ArtefactError, match="another store"):
        EmbeddingStore(tmp_path / "a")


def test_folders_of_other_things_are_refused(tmp_path: Path) -> None:
    spec = StoreSpec.of(FakeEncoder(), "prompt-1")
    (tmp_path / "thesis.txt").write_text("words")
    with pytest.raises(ArtefactError, match="not empty"):
        EmbeddingStore.create(tmp_path, spec)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["thesis.txt"]
    with pytest.raises(ArtefactError, match="no embedding store"):
        EmbeddingStore(tmp_path)
    for content in ('{"kind": "model", "format": 1, "spec": {}}', "[1", '"text"'):
        (tmp_path / "manifest.json").write_text(content)
        with pytest.raises(ArtefactError):
            EmbeddingStore.create(tmp_path, spec)
