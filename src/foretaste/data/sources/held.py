"""What is known of files that are here: a record beside each, which later runs verify it by."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from foretaste.core.errors import DataError
from foretaste.core.files import read_json, write_json
from foretaste.core.progress import say
from foretaste.data.sources.checksum import Digest, file_digests
from foretaste.data.sources.part import Part
from foretaste.data.sources.remote import Fetched, Remote


def verify_local(remote: Remote, path: Path) -> Fetched:
    """Accepts a file that the user fetched, if it is the published one where that can be known.

    Raises:
        DataError: If its digest is not the published one.
    """
    expected = Digest.read(remote.digest) if remote.digest else None
    facts = facts_of(path, str(path), expected)
    if expected is not None and facts[expected.algorithm] != expected.value:
        raise DataError(
            f"{path.name} is not the published file: its {expected.algorithm} is {facts[expected.algorithm]}",
            where=str(path),
            allowed=str(expected),
            mend="download it again",
        )
    return Fetched(path, facts)


def facts_of(path: Path, url: str, expected: Digest | None) -> dict[str, Any]:
    """What is recorded of a file: address, bytes, digests, and what the publisher stated."""
    extra = [expected.algorithm] if expected is not None and expected.algorithm != "sha256" else []
    values = dict(zip(["sha256", *extra], file_digests(path, "sha256", *extra), strict=True))
    return {"url": url, "bytes": path.stat().st_size, "published": str(expected or ""), **values}


def _record(target: Path) -> Path:
    return target.with_name(target.name + ".json")


def accept(part: Part, target: Path, facts: dict[str, Any]) -> Fetched:
    """Moves a verified download to its name, unless it contradicts what was recorded of an earlier one."""
    record = _record(target)
    before = _recorded(record)
    if before and not facts["published"] and before["url"] == facts["url"] and before["sha256"] != facts["sha256"]:
        raise DataError(
            f"{target.name} is not the file that was fetched from this address before "
            f"(sha256 {facts['sha256'][:16]}… now, {before['sha256'][:16]}… then)",
            where=facts["url"],
            allowed=f"sha256:{before['sha256']}",
            mend=f"if the publisher has renewed the data and you want that, delete {record} and run the command again",
        )
    write_json(record, facts)
    part.path.replace(target)
    part.clear()
    return Fetched(target, facts)


def _recorded(record: Path) -> dict[str, Any]:
    if not record.is_file():
        return {}
    try:
        found: dict[str, Any] = read_json(record)
        return found if {"url", "sha256"} <= found.keys() else {}
    except ValueError:
        return {}


def held(target: Path, remote: Remote) -> Fetched | None:
    """The copy that is here, if its digest is the recorded one; a damaged or unknown copy is removed."""
    if not target.is_file():
        return None
    facts = _recorded(_record(target))
    if facts and file_digests(target, "sha256")[0] == facts["sha256"]:
        return Fetched(target, facts)
    if remote.digest and (known := Digest.read(remote.digest)) == known.of(target):
        facts = facts_of(target, str(target), known)
        write_json(_record(target), facts)
        return Fetched(target, facts)
    say(f"{remote.name}: the copy in {target.parent} is damaged; fetching it again")
    target.unlink()
    return None


@contextmanager
def alone(target: Path) -> Iterator[None]:
    """Keeps two processes from writing the same file; the lock ends with the process, however it ends."""
    with target.with_name(f".{target.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DataError(
                f"another process is fetching {target.name}",
                where=str(target.parent),
                allowed="one download of a file at a time",
                mend="wait for it, or choose another folder with --cache",
            ) from error
        yield
