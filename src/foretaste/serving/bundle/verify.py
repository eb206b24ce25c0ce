"""A bundle is believed only when every file is there, is the one that was written, and nothing else lies beside it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from foretaste.core.artefact import MANIFEST
from foretaste.core.errors import ArtefactError
from foretaste.core.files import file_digest, read_json

KIND, FORMAT = "bundle", 1
ABOUT, INDEX, VECTORS, ENCODER = "bundle.json", "index", "index/vectors.safetensors", "encoder.onnx"
FAISS = "index/index.faiss"

SAFE = (".json", ".safetensors", ".parquet", ".toml", ".npy", ".onnx", ".faiss", ".txt", ".model", ".jinja")
"""What a bundle may hold: formats that carry data and no program. There is no pickle among them."""


def is_bundle(folder: Path) -> bool:
    """Whether anything in the folder says that it is a bundle; that it is whole, :func:`verify` finds out."""
    if (folder / ABOUT).is_file():
        return True
    try:
        manifest = read_json(folder / MANIFEST)
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and manifest.get("kind") == KIND


def verify(folder: Path) -> dict[str, Any]:
    """What the bundle says of itself, once all of it has been looked at.

    Raises:
        ArtefactError: If it is unfinished, of another format, holds a file that is missing, damaged, foreign or of a
            kind that could be executed, or a link.
    """
    files = _listed(folder)
    for name in files:
        refuse_unsafe(name, folder)
    there = set()
    for path in folder.rglob("*"):
        if path.is_symlink():
            raise _refused(folder, f"{path.relative_to(folder)} is a link")
        if path.is_file() and path != folder / MANIFEST:
            there.add(path.relative_to(folder).as_posix())
    foreign = sorted(there - set(files))
    if foreign:
        raise _refused(folder, f"{', '.join(foreign[:5])} is not part of this bundle")
    for name, digest in files.items():
        if name not in there:
            raise _refused(folder, f"{name} is missing")
        if file_digest(folder / name) != digest:
            raise _refused(folder, f"{name} is damaged: its checksum is not the one recorded")
    if ABOUT not in files:
        raise _refused(folder, f"{ABOUT} is missing")
    about: dict[str, Any] = read_json(folder / ABOUT)
    return about


def refuse_unsafe(name: str, folder: Path) -> None:
    """Refuses a name that leads out of the bundle, or a kind of file that it may not hold."""
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts or "\\" in name:
        raise _refused(folder, f"{name!r} leads out of the bundle")
    if pure.suffix not in SAFE:
        raise _refused(folder, f"{name} is of a kind that no bundle holds", allowed=", ".join(SAFE))


def _listed(folder: Path) -> dict[str, str]:
    """Names and checksums out of the manifest."""
    if not (folder / MANIFEST).is_file():
        raise _refused(folder, "its writing was cut off: there is no manifest")
    try:
        manifest = read_json(folder / MANIFEST)
        files, kind, version = manifest["files"], manifest["kind"], manifest["format"]
        fits = isinstance(files, dict) and all(isinstance(value, str) for value in files.values())
    except (ValueError, KeyError, TypeError) as error:
        raise _refused(folder, f"its manifest is damaged: {error!r}") from error
    if kind != KIND or not fits:
        raise _refused(folder, f"its manifest is one of a {kind!r}")
    if version != FORMAT:
        raise ArtefactError(
            f"this bundle was written in format {version!r}, and this version reads format {FORMAT}",
            where=str(folder),
            mend="update foretaste, or export it again",
        )
    found: dict[str, str] = files
    return found


def _refused(folder: Path, why: str, *, allowed: str = "") -> ArtefactError:
    return ArtefactError(
        f"the bundle {folder.name!r} is not to be trusted: {why}",
        where=str(folder),
        allowed=allowed or "the files that `foretaste export` wrote, and no others",
        mend="copy the bundle again, or export it again",
    )
