"""Bundles: whole, portable, quick, refused when anything is wrong, and answering like the run they came from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from bundles import untrained, write_priced_shop
from safetensors.numpy import load_file

import foretaste
from foretaste.cli.main import run
from foretaste.core.errors import ArtefactError, ConfigError
from foretaste.core.files import file_digest, read_json, write_json
from foretaste.data.sequences import Sequences
from foretaste.recipes.train import train_run
from foretaste.serving.bundle.onnx_export import TOLERANCE
from foretaste.serving.bundle.verify import SAFE, verify
from foretaste.serving.bundle.write import export_bundle
from foretaste.serving.engine import Engine
from foretaste.serving.queries import Filters, Query

HISTORIES = [("k1", "k2", "k3"), ("g4",), ("m1", "k1", "g1", "nothing"), ()]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of SASRec and its bundle."""
    folder = tmp_path_factory.mktemp("bundles")
    untrained(folder / "run", "sasrec", write_priced_shop(folder / "shop"))
    export_bundle(folder / "run", folder / "bundle")
    return folder


@pytest.fixture
def copied(place: Path, tmp_path: Path) -> Path:
    """A copy of the bundle to be spoilt."""
    return Path(shutil.copytree(place / "bundle", tmp_path / "elsewhere" / "copy"))


def test_a_bundle_answers_like_its_run_wherever_it_lies(place: Path, copied: Path) -> None:
    theirs = foretaste.load(place / "run").recommend(histories=HISTORIES, k=7)
    assert foretaste.load(copied).recommend(histories=HISTORIES, k=7) == theirs
    engine = Engine.open(copied)
    assert engine.recommend([Query(history=history, k=7) for history in HISTORIES]) == theirs
    info = engine.info()
    assert info["metrics"] == {"ndcg@10": 0.25}
    assert info["name"] == "run"
    assert info["version"] == Engine.open(place / "run").info()["version"]


def test_a_bundle_holds_data_only(place: Path) -> None:
    files = [path for path in (place / "bundle").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= set(SAFE)
    assert not any(b"\x80\x04\x95" in path.read_bytes() for path in files)
    vectors = load_file(place / "bundle" / "index" / "vectors.safetensors")["vectors"]
    with torch.inference_mode():
        own = foretaste.load(place / "run").saved.model.item_vectors().numpy()
    np.testing.assert_array_equal(vectors, own)


def test_every_flipped_byte_is_noticed(copied: Path) -> None:
    for path in sorted(copied.rglob("*")):
        if not path.is_file() or path == copied / "manifest.json":
            continue
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        whole = path.read_bytes()
        path.write_bytes(content)
        with pytest.raises(ArtefactError, match="is damaged"):
            foretaste.load(copied)
        path.write_bytes(whole)
    assert verify(copied)["recipe"] == "sasrec"


def test_every_missing_file_is_noticed(copied: Path) -> None:
    for path in sorted(copied.rglob("*")):
        if path.is_file():
            moved = path.rename(copied.parent / "away")
            with pytest.raises(ArtefactError):
                Engine.open(copied)
            moved.rename(path)


@pytest.mark.parametrize("name", ["notes.txt", "model/extra.json", "weights.pkl", "run.py"])
def test_foreign_files_are_refused(copied: Path, name: str) -> None:
    (copied / name).write_text("{}")
    with pytest.raises(ArtefactError, match="not part of this bundle"):
        Engine.open(copied)


def test_links_are_refused(copied: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("{}")
    (copied / "link.json").symlink_to(tmp_path / "outside")
    with pytest.raises(ArtefactError, match="is a link"):
        Engine.open(copied)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kind": "model"}, "'model'"),
        ({"format": 99}, "format 99"),
        ({"files": []}, "manifest"),
        ({"files": {"../run/metrics.json": "0"}}, "leads out"),
        ({"files": {"/etc/passwd.json": "0"}}, "leads out"),
    ],
)
def test_manifests_that_say_something_else_are_refused(copied: Path, change: dict[str, object], reason: str) -> None:
    write_json(copied / "manifest.json", {**read_json(copied / "manifest.json"), **change})
    with pytest.raises(ArtefactError, match=reason):
        Engine.open(copied)


def test_what_could_be_executed_is_refused_even_with_a_checksum(copied: Path) -> None:
    (copied / "hook.py").write_text("print('hello')")
    manifest = read_json(copied / "manifest.json")
    manifest["files"]["hook.py"] = file_digest(copied / "hook.py")
    write_json(copied / "manifest.json", manifest)
    with pytest.raises(ArtefactError, match="of a kind that no bundle holds"):
        Engine.open(copied)


def test_an_older_bundle_is_replaced_and_anything_else_is_not(place: Path, copied: Path, tmp_path: Path) -> None:
    (copied / "stray.txt").write_text("from before")
    export_bundle(place / "run", copied, name="newer")
    assert Engine.open(copied).info()["name"] == "newer"
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear")
    with pytest.raises(ArtefactError, match="no bundle"):
        export_bundle(place / "run", tmp_path / "home")
    assert sorted(path.name for path in copied.parent.iterdir()) == ["copy"]


BESIDE = ["tune_neighbours=false", "neighbour_weight=4", "neighbour_floor=0.5"]


@pytest.mark.parametrize(
    ("name", "keys"),
    [*((name, []) for name in ("sasrec", "gru4rec", "bert4rec", "llmemb", "llmesr", "pad")),
     ("pad", BESIDE), ("pad", [*BESIDE, "neighbour_prior=2"]), ("pad", [*BESIDE[:1], "neighbour_prior=2"])],
)  # fmt: skip
def test_the_onnx_graph_gives_the_vectors_of_torch(place: Path, tmp_path: Path, name: str, keys: list[str]) -> None:
    runtime = pytest.importorskip("onnxruntime")
    run = untrained(tmp_path / "run", name, place / "shop", *keys)
    about = export_bundle(run, tmp_path / "b", onnx=True).about["onnx"]
    assert about["difference"] <= TOLERANCE
    table = load_file(tmp_path / "b" / about["table"])["table"]
    session = runtime.InferenceSession(str(tmp_path / "b" / about["file"]), providers=["CPUExecutionProvider"])
    items, lengths = np.array([[3, 1, 4, 1, 5], [9, 0, 0, 0, 0], [2, 6, 5, 0, 0]]), np.array([5, 1, 3])
    (users,) = session.run(["users"], {"table": table, "items": items, "lengths": lengths})
    histories = Sequences.from_lists([row[:length].tolist() for row, length in zip(items, lengths, strict=True)])
    own = foretaste.load(tmp_path / "b").saved.model.user_vectors(histories).numpy()  # type: ignore[union-attr]
    np.testing.assert_allclose(users, own, atol=1e-4)
    theirs = foretaste.load(tmp_path / "run").recommend(histories=HISTORIES, k=7)
    assert Engine.open(tmp_path / "b").recommend([Query(history=history, k=7) for history in HISTORIES]) == theirs


def test_models_without_an_encoder_say_so(place: Path, tmp_path: Path) -> None:
    train_run("textknn", place / "shop", tmp_path / "run", ["text.encoder=tfidf", "text.tfidf.max_share=1"])
    with pytest.raises(ConfigError, match="no sequence encoder"):
        export_bundle(tmp_path / "run", tmp_path / "b", onnx=True)
    assert not (tmp_path / "b").exists()
    export_bundle(tmp_path / "run", tmp_path / "b")
    shutil.rmtree(tmp_path / "run")
    engine = Engine.open(tmp_path / "b")
    engine.add_items([{"item_id": "k99", "title": "golden whisk for the kitchen", "in_stock": True, "price": 2}])
    (answer,) = engine.recommend([Query(history=("k4", "k5"), k=3, filters=Filters(allow=("k99", "g1")))])
    assert answer[0].item_id == "k99"


@pytest.mark.parametrize("kind", ["flat", "ivf", "hnsw"])
def test_an_index_is_measured_kept_and_used(place: Path, tmp_path: Path, kind: str) -> None:
    pytest.importorskip("faiss")
    about = export_bundle(place / "run", tmp_path / "b", index=kind).about
    assert about["index"]["recall@10"] >= 0.95
    engine = Engine.open(tmp_path / "b")
    assert engine.info()["index"]["kind"] == kind
    theirs = foretaste.load(place / "run").recommend(histories=HISTORIES, k=7)
    ours = engine.recommend([Query(history=history, k=7) for history in HISTORIES])
    assert [[one.item_id for one in a] for a in ours] == [[one.item_id for one in a] for a in theirs]


def test_the_command_line_writes_a_bundle(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", str(place / "run"), "--out", str(tmp_path / "b"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["index"]["recall@10"] == 1
    assert facts["files"] == len([path for path in (tmp_path / "b").rglob("*") if path.is_file()]) - 1
    assert run(["export", str(place / "run"), "--out", str(tmp_path / "b"), "--index", "magic"]) == 2
    assert run(["export", str(place / "run"), "--out", str(tmp_path / "b")]) == 0
    assert "recall@10 1.0000" in capsys.readouterr().out
