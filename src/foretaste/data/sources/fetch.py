"""Bringing one file here: whole, verified, once. Interrupted downloads go on, later runs verify what is here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from time import sleep

from foretaste.core.progress import say
from foretaste.data.sources.bars import byte_bar, size_text
from foretaste.data.sources.checksum import Digest, parse_sidecar
from foretaste.data.sources.held import accept, alone, facts_of, held
from foretaste.data.sources.limits import DownloadError, Limits, TransientError
from foretaste.data.sources.part import Part
from foretaste.data.sources.remote import Fetched, Remote
from foretaste.data.sources.transfer import read_small, transfer

PROGRESS = 1 << 20
"""An attempt that brought this many bytes starts the count of failures again."""


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
    with alone(target):
        here = held(target, remote)
        if here is not None:
            say(f"{remote.name}: already here, checksum verified ({target})")
            return here
        failures: list[DownloadError] = []
        for base in bases:
            try:
                return _download(remote, f"{base.rstrip('/')}/{remote.path}", target, limits)
            except DownloadError as error:
                failures.append(error)
                say(f"{base}: {error.what}")
        raise _nowhere(remote, failures)


def _download(remote: Remote, url: str, target: Path, limits: Limits) -> Fetched:
    part = Part(target)
    expected = _expected(remote, url, limits)
    for again in (True, False):
        _bring(url, part, remote.name, limits)
        facts = facts_of(part.path, url, expected)
        if expected is None or facts[expected.algorithm] == expected.value:
            return accept(part, target, facts)
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
