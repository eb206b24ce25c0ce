"""Writing a bundle: the model, what reads its texts, its folded item vectors, an index, and at last the checksums."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file

import foretaste
from foretaste.core.artefact import MANIFEST
from foretaste.core.errors import ArtefactError
from foretaste.core.files import file_digest, read_json, sync_folder, write_atomic, write_json
from foretaste.data.sequences import Sequences
from foretaste.models.base import Retriever
from foretaste.recipes.run_folder import METRICS, MODEL
from foretaste.recipes.saved import SavedModel
from foretaste.serving.about import about_folder
from foretaste.serving.bundle.onnx_export import export_encoder
from foretaste.serving.bundle.readers import bundle_reader
from foretaste.serving.bundle.verify import ABOUT, ENCODER, FAISS, FORMAT, KIND, VECTORS, is_bundle, refuse_unsafe
from foretaste.serving.index.building import build_index
from foretaste.serving.index.faiss_index import FaissIndex
from foretaste.serving.index.qdrant_index import QdrantIndex
from foretaste.serving.portable import without_paths
from foretaste.serving.recommender import load
from foretaste.serving.shelf import folded
from foretaste.serving.track_record import TRAINING, training_of

QUERIES, LONGEST, SEED = 256, 20, 0
"""Made-up histories on which the index is measured: how many, their greatest length, the seed they are drawn with."""


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        folder: The bundle.
        about: Its ``bundle.json``.
        files: How many files it has.
        bytes: Their size.
    """

    folder: Path
    about: dict[str, Any]
    files: int
    bytes: int


def export_bundle(
    run: str | Path, out: str | Path, *, index: str = "auto", onnx: bool = False, name: str | None = None
) -> Exported:
    """Writes a bundle beside its place and moves it there when it is whole; an older bundle there is replaced.

    Args:
        run: Folder of a finished run, or of a model.
        out: Where the bundle goes.
        index: ``auto``, ``exact``, ``flat``, ``ivf``, ``ivfpq``, ``hnsw`` or ``qdrant``.
        onnx: Whether the sequence encoder is written as an ONNX graph too.
        name: What the model is called; default: the folder's name.

    Raises:
        ForetasteError: If there is no model, ``out`` holds something else, or the encoder cannot be exported.
    """
    target, source = Path(out).expanduser(), Path(run).expanduser()
    if target.exists() and not is_bundle(target) and (target.is_file() or any(target.iterdir())):
        raise ArtefactError(
            f"{str(target)!r} is there already and no bundle, so nothing is written there",
            allowed="a new or empty folder, or an older bundle",
            mend="give another --out",
        )
    saved = load(source).saved
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
    try:
        about = _fill(part, saved, source, index=index, onnx=onnx, name=name)
        done = _finish(part)
        part.chmod(0o755)
        _move(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Exported(target, about, len(done), sum((target / file).stat().st_size for file in done))


def _fill(part: Path, saved: SavedModel, source: Path, *, index: str, onnx: bool, name: str | None) -> dict[str, Any]:
    """Everything but the manifest."""
    shutil.copytree(saved.folder, part / MODEL)
    run = saved.folder.parent
    if (run / METRICS).is_file():
        write_json(part / METRICS, without_paths(read_json(run / METRICS)))
    write_json(part / TRAINING, training_of(run))
    bundle_reader(saved, part)
    facts = about_folder(source, saved, name)
    about: dict[str, Any] = {
        "format": FORMAT,
        **facts.as_dict(),
        "items": len(saved.items),
        "users": 0 if saved.users is None else len(saved.users),
        "written_by": foretaste.__version__,
        "index": _write_index(part, saved, index),
        "onnx": export_encoder(saved, part / ENCODER) if onnx else None,
    }
    write_json(part / ABOUT, about)
    return about


def _write_index(part: Path, saved: SavedModel, kind: str) -> dict[str, Any]:
    """Folded item vectors, and an index over them where scores are inner products."""
    vectors = folded(saved.model)
    if vectors is None:
        return {"kind": "exact", "recall@10": 1.0, "why": "the model has no item vectors: all items are scored"}
    rows = np.ascontiguousarray(vectors.cpu().numpy())
    (part / VECTORS).parent.mkdir()
    write_atomic(part / VECTORS, lambda file: save_file({"vectors": rows}, file))
    assert isinstance(saved.model, Retriever)
    if not saved.model.inner_product:
        return {"kind": "exact", "recall@10": 1.0, "why": "scores are more than an inner product: all are computed"}
    index, measured = build_index(rows, probe_users(saved), kind)
    if isinstance(index, FaissIndex):
        write_atomic(part / FAISS, index.save)
    elif isinstance(index, QdrantIndex):
        index.client.close()
    return measured


def probe_users(saved: SavedModel) -> NDArray[np.float32]:
    """User vectors of made-up histories, whose items are drawn as they were bought in training, ``(n, d)``."""
    assert isinstance(saved.model, Retriever)
    rng = np.random.default_rng(SEED)
    weights = saved.popularity + 1.0
    drawn = rng.choice(len(saved.items), size=(QUERIES, LONGEST), p=weights / weights.sum())
    histories = Sequences.from_lists([row[: int(rng.integers(1, LONGEST + 1))].tolist() for row in drawn])
    with torch.inference_mode():
        vectors: NDArray[np.float32] = saved.model.user_vectors(histories).float().cpu().numpy()
    return np.ascontiguousarray(vectors)


def _finish(part: Path) -> list[str]:
    """The manifest, last."""
    names = sorted(path.relative_to(part).as_posix() for path in part.rglob("*") if path.is_file())
    for name in names:
        refuse_unsafe(name, part)
    digests = {name: file_digest(part / name) for name in names}
    write_json(part / MANIFEST, {"kind": KIND, "format": FORMAT, "files": digests})
    return names


def _move(part: Path, target: Path) -> None:
    """Puts the finished folder in its place; what was there goes when the new one stands."""
    old = part.with_name(part.name + ".old")
    if target.exists():
        target.rename(old)
    part.rename(target)
    sync_folder(target.parent)
    shutil.rmtree(old, ignore_errors=True)
