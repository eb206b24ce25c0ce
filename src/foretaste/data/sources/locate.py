"""Bringing all files of a source here: from its publisher, a mirror, or what the user has fetched."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from foretaste.core.errors import DataError
from foretaste.data.sources.fetch import fetch
from foretaste.data.sources.held import verify_local
from foretaste.data.sources.limits import Limits
from foretaste.data.sources.remote import Fetched, Remote
from foretaste.data.sources.source import Source

CACHE = "FORETASTE_CACHE"
MIRROR = "FORETASTE_DATA_URL"


def default_cache() -> Path:
    """Where downloads are kept: ``$FORETASTE_CACHE``, else a folder in the user's cache."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get(CACHE) or f"{home}/foretaste").expanduser()


def download(
    source: Source, roles: list[str], base_url: str | None, cache: Path | None, limits: Limits
) -> dict[str, Fetched]:
    """Fetches the files of the given roles into the cache.

    Args:
        source: What to fetch.
        roles: Which of its files.
        base_url: Address to use in place of the publisher's; default ``$FORETASTE_DATA_URL``, if that is set.
        cache: Folder for downloads; default :func:`default_cache`.
        limits: Patience.

    Raises:
        DataError: If the source cannot be downloaded, or a file cannot be had.
    """
    mirror = base_url or os.environ.get(MIRROR, "")
    if mirror and urlsplit(mirror).scheme not in ("http", "https"):
        raise DataError(
            f"{mirror!r} is no web address",
            where="--base-url" if base_url else MIRROR,
            allowed="an address that begins with http:// or https://",
            mend="give the address of the folder that holds the files; for files on this machine use --archive",
        )
    if source.account and not mirror:
        raise DataError(
            f"{source.name} cannot be downloaded without accepting its terms at the publisher",
            where=source.home,
            allowed="--archive PATH: the archive, or the folder with its unpacked files",
            mend=f"accept the terms at {source.home}, download the JSON archive there, and give it with --archive",
        )
    folder = (cache or default_cache()).expanduser() / "downloads" / source.name
    bases = (mirror,) if mirror else source.bases
    return {role: fetch(source.files[role], bases, folder, limits) for role in roles}


def use_local(source: Source, roles: list[str], archive: Path) -> dict[str, Fetched]:
    """The files of the given roles from what the user has: an archive, or a folder of the published files.

    Raises:
        DataError: If something is missing, or is not the published file.
    """
    if not archive.exists():
        raise DataError(
            f"there is no {str(archive)!r}",
            where="--archive",
            allowed=", ".join(source.files[role].name for role in roles) + ", or a folder that holds them",
            mend="check the path",
        )
    return {role: _local(source.files[role], role, archive, alone=len(roles) == 1) for role in roles}


def _local(remote: Remote, role: str, archive: Path, *, alone: bool) -> Fetched:
    if archive.is_file() and alone:
        return verify_local(remote, archive)
    inside = archive / remote.name
    if inside.is_file():
        return verify_local(remote, inside)
    if archive.is_dir() and role == "archive":  # unpacked by the user
        return Fetched(archive, {"url": str(archive), "published": ""})
    raise DataError(
        f"{remote.name} is missing",
        where=str(archive),
        allowed="a folder that holds the source's files under their published names",
        mend="download it too, or leave the catalogue out with --no-items"
        if role == "meta"
        else "give the folder that holds it",
    )
