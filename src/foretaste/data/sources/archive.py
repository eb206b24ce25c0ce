"""Reading members of archives without unpacking them: nothing is ever written under a name from an archive.

Members are read as streams and found by their own name. An archive that holds a path leading out of itself, a link
in the place of a wanted member, or a member that swells beyond reason is refused.
"""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from foretaste.core.errors import DataError, nearest
from foretaste.data.sources.streams import DAMAGE, Guarded, buffered, damaged, following, limit_for
from foretaste.data.sources.transfer import Advance


@contextmanager
def open_member(archive: Path, name: str, advance: Advance) -> Iterator[BinaryIO]:
    """Opens one member of a zip archive, of a tar archive (also packed, also inside a zip), or of a folder.

    Args:
        archive: The archive or folder.
        name: The member's own name, without folders.
        advance: Follows the reading.

    Raises:
        DataError: If the archive is damaged or unsafe, or has no such member.
    """
    if archive.is_dir():
        path = _in_folder(archive, name)
        with path.open("rb") as raw:
            yield buffered(Guarded(raw, path.stat().st_size, path, following(raw, path, advance)))
        return
    with archive.open("rb") as raw:
        inner = _in_archive(raw, archive, name)
        where = f"{archive}: {name}"
        yield buffered(Guarded(inner, limit_for(archive), where, following(raw, archive, advance)))


def _in_folder(folder: Path, name: str) -> Path:
    hits = sorted(path for path in (folder / name, *folder.glob(f"*/{name}")) if path.is_file())
    if not hits:
        raise _absent(folder, name, [path.name for path in folder.iterdir()])
    return hits[0]


def _in_archive(raw: BinaryIO, archive: Path, name: str) -> IO[bytes]:
    try:
        if zipfile.is_zipfile(raw):
            return _in_zip(zipfile.ZipFile(raw), archive, name)
        raw.seek(0)
        return _in_tar(raw, archive, name)
    except (*DAMAGE, RuntimeError, NotImplementedError) as error:  # the last two: encrypted, unknown method
        raise damaged(archive, error) from error


def _in_zip(pack: zipfile.ZipFile, archive: Path, name: str) -> IO[bytes]:
    infos = [info for info in pack.infolist() if _admit(info.filename, archive)]
    hits = [info for info in infos if _own_name(info.filename) == name]
    if len(hits) > 1:
        raise _unsafe(archive, f"it holds {len(hits)} members called {name}")
    if hits:
        if (hits[0].external_attr >> 16) & 0o170000 == 0o120000:
            raise _unsafe(archive, f"{hits[0].filename} is a link")
        return pack.open(hits[0])
    for info in infos:
        if info.filename.endswith((".tar", ".tgz", ".tar.gz")):
            return _in_tar(pack.open(info), archive, name)
    raise _absent(archive, name, [_own_name(info.filename) for info in infos])


def _in_tar(raw: IO[bytes], archive: Path, name: str) -> IO[bytes]:
    tar = tarfile.open(fileobj=raw, mode="r|*")  # noqa: SIM115 (the member is read after this returns)
    seen: list[str] = []
    for member in tar:
        if not _admit(member.name, archive):
            continue
        if _own_name(member.name) == name:
            stream = tar.extractfile(member) if member.isreg() else None
            if stream is None:
                raise _unsafe(archive, f"{member.name} is a link or a device")
            return stream
        seen.append(_own_name(member.name))
    raise _absent(archive, name, seen)


def _own_name(path: str) -> str:
    return path.rstrip("/").rsplit("/", 1)[-1]


def _admit(path: str, archive: Path) -> bool:
    """Whether a member counts: not the shadow files that macOS adds. Refuses archives with paths out of themselves."""
    parts = path.replace("\\", "/").split("/")
    if ".." in parts or path.startswith(("/", "\\")) or ":" in parts[0]:
        raise _unsafe(archive, f"the path {path!r} leads out of it")
    return "__MACOSX" not in parts and not parts[-1].startswith("._")


def _unsafe(archive: Path, why: str) -> DataError:
    return DataError(
        f"the archive is not safe to read: {why}",
        where=str(archive),
        allowed="an archive of plain files, as its publisher wrote it",
        mend="delete it and fetch it from its publisher",
    )


def _absent(archive: Path, name: str, seen: list[str]) -> DataError:
    guess = nearest(name, seen)
    return DataError(
        f"the archive holds no {name}",
        where=str(archive),
        allowed=", ".join(seen[:20]) or "(it is empty)",
        mend=f"is it {guess!r}? then rename it" if guess else "give the archive that belongs to this source",
    )
