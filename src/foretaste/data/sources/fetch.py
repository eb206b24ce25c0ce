"""Bringing one file here: whole, verified, once. Interrupted downloads go on, later runs verify what is here."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import Any

from foretaste.core.errors import DataError
from foretaste.core.files import read_json, write_json
from foretaste.core.progress import say
from foretaste.data.sources.bars import byte_bar, size_text
from foretaste.data.sources.checksum import Digest, file_digests, parse_sidecar
from foretaste.data.sources.limits import DownloadError, Limits, TransientError
from foretaste.data.sources.part import Part
from foretaste.data.sources.transfer import Advance, read_small, transfer

PROGRESS = 1 << 20
"""An attempt that brought this many bytes starts the count of failures again."""


@dataclass(frozen=True)
class Remote:
    """A file at a publisher.

    Attributes:
        path: Where it lies below the publisher's address; its last part is the name it gets here.
        digest: ``algorithm:value`` as published, "" if the publisher states none.
        sidecar: Ending of the checksum file that the publisher keeps beside it (".md5"), "" if there is none.
    """

    path: str
    digest: str = ""
    sidecar: str = ""

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Fetched:
    """A file that is here and verified.

    Attributes:
        path: Where it lies.
        facts: Address, bytes, ``sha256`` and which published digest was verified ("" if none is published).
    """

    path: Path
    facts: dict[str, Any]


def fetch(remote: Remote, bases: Sequence[str], folder: Path, limits: Limits) -> Fetched:
    """Downloads a file unless a verified copy is here.

    Args:
        remote: The file.
        bases: Addresses of the publisher and its mirrors, tried in this order.
        folder: Where the file is kept.
        limits: Patience.

    Raises:
        DownloadError: If no address has it, in time and undamaged.
        DataError: If the disk refuses, or another process is fetching the same file.
    """
    target = folder / remote.name
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(target):
        held = _held(target, remote)
        if held is not None:
            say(f"{remote.name}: already here, checksum verified ({target})")
            return held
        failures: list[DownloadError] = []
        for base in bases:
            try:
                return _download(remote, f"{base.rstrip('/')}/{remote.path}", target, limits)
            except DownloadError as error:
                failures.append(error)
                say(f"{base}: {error.what}")
        raise _nowhere(remote, failures)


def verify_local(remote: Remote, path: Path) -> Fetched:
    """Accepts a file that the user fetched, if it is the published one where that can be known.

    Raises:
        DataError: If its digest is not the published one.
    """
    expected = Digest.read(remote.digest) if remote.digest else None
    facts = _facts(path, str(path), expected)
    if expected is not None and facts[expected.algorithm] != expected.value:
        raise DataError(
            f"{path.name} is not the published file: its {expected.algorithm} is {facts[expected.algorithm]}",
            where=str(path),
            allowed=str(expected),
            mend="download it again",
        )
    return Fetched(path, facts)


def _download(remote: Remote, url: str, target: Path, limits: Limits) -> Fetched:
    part = Part(target)
    expected = _expected(remote, url, limits)
    for again in (True, False):
        _bring(url, part, remote.name, limits)
        facts = _facts(part.path, url, expected)
        if expected is None or facts[expected.algorithm] == expected.value:
            return _accept(part, target, facts)
        part.clear()
        say(f"{remote.name}: the checksum is wrong" + ("; downloading once more" if again else ""))
    assert expected is not None
    raise DownloadError(
        f"{remote.name} arrived twice with a wrong checksum: {expected.algorithm} {facts[expected.algorithm]}",
        where=url,
        allowed=str(expected),
        mend="a proxy may be changing the file, or the publisher has replaced it: try later, or another --base-url",
    )


def _bring(url: str, part: Part, name: str, limits: Limits) -> None:
    """Attempts until the file is whole, or too many attempts in a row brought nothing."""
    began = part.size
    say(f"{name}: " + (f"going on after {size_text(began)}" if began else "downloading") + f" from {url}")
    with byte_bar(name) as advance:
        _persist(lambda: transfer(url, part, limits, advance), url, limits, lambda: part.size)
    say(f"{name}: {size_text(part.size)} complete")


def _persist(attempt: Callable[[], object], url: str, limits: Limits, size: Callable[[], int]) -> None:
    failures, before = 0, size()
    while True:
        try:
            attempt()
            return
        except TransientError as error:
            failures = 1 if size() - before >= PROGRESS else failures + 1
            before = size()
            if failures >= limits.attempts:
                raise _given_up(url, failures, error) from error
            wait = limits.wait(failures, error.after)
            say(f"{error.reason}; attempt {failures + 1} of {limits.attempts} in {wait:g} s")
            sleep(wait)


def _expected(remote: Remote, url: str, limits: Limits) -> Digest | None:
    """What the publisher says now, beside the file; else what it is known to have said."""
    known = Digest.read(remote.digest) if remote.digest else None
    if not remote.sidecar:
        return known
    found: list[bytes | None] = []
    _persist(lambda: found.append(read_small(url + remote.sidecar, limits)), url + remote.sidecar, limits, lambda: 0)
    stated = parse_sidecar(found[-1] or b"", remote.name)
    if stated is None:
        return known
    if known is not None and stated != known:
        say(f"{remote.name}: this address states {stated}, the file known to this version of foretaste has {known}")
    return stated


def _facts(path: Path, url: str, expected: Digest | None) -> dict[str, Any]:
    extra = [expected.algorithm] if expected is not None and expected.algorithm != "sha256" else []
    values = dict(zip(["sha256", *extra], file_digests(path, "sha256", *extra), strict=True))
    return {"url": url, "bytes": path.stat().st_size, "published": str(expected or ""), **values}


def _record(target: Path) -> Path:
    return target.with_name(target.name + ".json")


def _accept(part: Part, target: Path, facts: dict[str, Any]) -> Fetched:
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


def _held(target: Path, remote: Remote) -> Fetched | None:
    """The copy that is here, if its digest is the recorded one; a damaged or unknown copy is removed."""
    if not target.is_file():
        return None
    facts = _recorded(_record(target))
    if facts and file_digests(target, "sha256")[0] == facts["sha256"]:
        return Fetched(target, facts)
    if remote.digest and (known := Digest.read(remote.digest)) == known.of(target):
        facts = _facts(target, str(target), known)
        write_json(_record(target), facts)
        return Fetched(target, facts)
    say(f"{remote.name}: the copy in {target.parent} is damaged; fetching it again")
    target.unlink()
    return None


@contextmanager
def _alone(target: Path) -> Iterator[None]:
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


def _given_up(url: str, failures: int, error: TransientError) -> DownloadError:
    return DownloadError(
        f"gave up after {failures} attempts in a row: {error.reason}",
        where=url,
        allowed="a server that answers",
        mend="check the network and run the command again: it goes on where it stopped; "
        "--timeout and --attempts change the patience",
    )


def _nowhere(remote: Remote, failures: list[DownloadError]) -> DownloadError:
    if len(failures) == 1:
        return failures[0]
    return DownloadError(
        f"{remote.name} could not be fetched from any of {len(failures)} addresses; the last said: {failures[-1].what}",
        where=", ".join(error.where for error in failures),
        allowed=failures[-1].allowed,
        mend=failures[-1].mend,
    )


__all__ = ["Advance", "Fetched", "Limits", "Remote", "fetch", "verify_local"]
