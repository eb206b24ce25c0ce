"""``foretaste data get``: one call from a name to a tidy folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foretaste.core.errors import ConfigError, unknown
from foretaste.core.progress import say
from foretaste.data.sources.convert import convert
from foretaste.data.sources.limits import Limits
from foretaste.data.sources.locate import download, use_local
from foretaste.data.sources.registry import find_source
from foretaste.data.sources.selection import CORES, Selection


def get_source(
    name: str,
    out: Path,
    *,
    subset: str = "",
    archive: Path | None = None,
    base_url: str | None = None,
    cache: Path | None = None,
    limits: Limits | None = None,
    selection: Selection | None = None,
) -> dict[str, Any]:
    """Fetches a public source and writes it as a tidy folder.

    Args:
        name: The source ("movielens-1m", "amazon-2018-video-games", "yelp").
        out: The folder to write.
        subset: For Amazon "5core", "full" or "ratings"; "" for the usual one.
        archive: Files that are here already, instead of a download.
        base_url: A mirror to use in place of the publisher.
        cache: Where downloads are kept.
        limits: Patience of the download.
        selection: What is kept.

    Returns:
        The manifest of the folder.

    Raises:
        ConfigError: For an unknown name, subset or value.
        DataError: If the files cannot be had, verified or read.

    Example:
        >>> get_source("movielens-1m", Path("data/ml-1m"))  # doctest: +SKIP
    """
    source = find_source(name, subset)
    chosen = selection or Selection()
    _check(chosen)
    say(f"{source.name}: {source.about}\nTerms of use: {source.terms}\nMore: {source.home}")
    roles = [role for role in source.files if chosen.items or role != "meta"]
    if archive is not None:
        fetched = use_local(source, roles, archive.expanduser())
    else:
        fetched = download(source, roles, base_url, cache, limits or Limits())
    files = {role: file.path for role, file in fetched.items()}
    return convert(source, files, out, chosen, {"files": [file.facts for file in fetched.values()]})


def _check(selection: Selection) -> None:
    if selection.core_mode not in CORES:
        raise unknown("k-core mode", selection.core_mode, CORES, where="--kcore-mode")
    for option, value in (("--min-user", selection.min_user), ("--min-item", selection.min_item)):
        if value < 1:
            raise ConfigError(
                f"a k-core threshold of {value} means nothing",
                where=f"{option} or --kcore",
                allowed="1 (no rule) or more",
                mend="--kcore 5 is the usual choice",
            )
