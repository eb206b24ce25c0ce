"""What reads new items' texts, brought into a bundle so that nothing there points to where the run once lay."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch

from foretaste.core.artefact import MANIFEST
from foretaste.core.files import file_digest, read_json, write_json
from foretaste.nn.growth import growing
from foretaste.recipes.run_folder import MODEL
from foretaste.recipes.saved import MODEL as ABOUT_MODEL
from foretaste.recipes.saved import SavedModel
from foretaste.recipes.text_reader import TEXT, TextReader
from foretaste.recipes.texts import COMPANION
from foretaste.serving.portable import without_paths

STORE = "store"
"""Where the vectors of the known items lie in a bundle, if the weights do not hold them."""


def bundle_reader(saved: SavedModel, part: Path) -> None:
    """Copies an encoder that was tuned in the run, and the vectors of the known items where the weights lack them.

    A language model from elsewhere stays where it is; its name, or the path that was given when the run was trained,
    and its fingerprint are kept, or nothing would find it again. All other paths go.

    Args:
        saved: The model of the run.
        part: The bundle that is being written; the model's folder is in it already.
    """
    _forget_paths(part / MODEL)
    file = part / MODEL / COMPANION / TEXT
    if not file.is_file():
        return
    run = saved.folder.parent
    content = read_json(file)
    if content["encoder_in_run"] is not None:
        _copy(run / content["encoder_in_run"], part / content["encoder_in_run"])
        content["config"]["encoder"] = content["encoder_in_run"]
    store = TextReader.load(saved.folder / COMPANION, run).store
    kept = store is not None and store.is_dir() and not _weights_hold_texts(saved)
    if store is not None and kept:
        _copy(store, part / STORE)
    encoder = content["config"]["encoder"]
    content["config"] = {**without_paths(content["config"]), "encoder": encoder, "store": "", "prompt": ""}
    content["store"], content["store_in_run"] = None, STORE if kept else None
    write_json(file, content)
    _record(part / MODEL, file)


def _weights_hold_texts(saved: SavedModel) -> bool:
    return any(isinstance(getattr(module, "vectors", None), torch.Tensor) for module in growing(saved.model))


def _copy(origin: Path, place: Path) -> None:
    if origin.is_dir():
        shutil.copytree(origin, place, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*"))  # as a lock
    elif origin.is_file():
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(origin, place)


def _forget_paths(model: Path) -> None:
    about = read_json(model / ABOUT_MODEL)
    write_json(model / ABOUT_MODEL, {**about, "config": without_paths(about["config"])})
    _record(model, model / ABOUT_MODEL)


def _record(model: Path, file: Path) -> None:
    """Brings the model's own manifest up to a file that was changed."""
    manifest = read_json(model / MANIFEST)
    manifest["files"][file.relative_to(model).as_posix()] = file_digest(file)
    write_json(model / MANIFEST, manifest)
