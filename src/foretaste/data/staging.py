"""A folder that is filled aside and moved into place when it is whole: nobody ever sees half an import."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foretaste.core.errors import DataError
from foretaste.core.files import sync_folder


@contextmanager
def staged_folder(out: Path, *, owned: tuple[str, ...], last: str) -> Iterator[Path]:
    """Yields an empty folder beside ``out``; when the block ends well, its entries become those of ``out``.

    Args:
        out: The folder to make or to renew. Entries that are not named in ``owned`` are left alone.
        owned: Names that belong to the writer: those that the new content lacks are removed.
        last: The entry (a manifest) that is removed first and moved last, so that its presence means "whole".

    Raises:
        DataError: If the folder cannot be written.
    """
    out = out.absolute()  # "." has no name and no parent of its own
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".part", dir=out.parent))
    except OSError as error:
        raise _unwritable(out, error) from error
    try:
        yield stage
        try:
            _publish(stage, out, owned, last)
        except OSError as error:
            raise _unwritable(out, error) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _publish(stage: Path, out: Path, owned: tuple[str, ...], last: str) -> None:
    stage.chmod(0o755)
    for file in stage.rglob("*"):
        if file.is_file():
            with file.open("rb") as written:
                os.fsync(written.fileno())
    if not out.exists():
        os.rename(stage, out)
        sync_folder(out.parent)
        return
    for name in (last, *(n for n in owned if n != last)):
        _remove(out / name)
    for entry in sorted(stage.iterdir(), key=lambda entry: entry.name == last):
        _remove(out / entry.name)
        os.rename(entry, out / entry.name)
    sync_folder(out)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _unwritable(out: Path, error: OSError) -> DataError:
    return DataError(
        f"the folder {str(out)!r} cannot be written: {error.strerror or error}",
        where=str(error.filename or out),
        allowed="a folder on a disk with space, that you may write",
        mend="give another folder with --out",
    )
