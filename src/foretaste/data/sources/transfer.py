"""One attempt to bring the missing bytes of a file over HTTP; what arrived stays, so that the next attempt goes on."""

from __future__ import annotations

import http.client
import re
import shutil
import ssl
from collections.abc import Callable
from time import monotonic
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from foretaste.core.errors import DataError
from foretaste.data.sources.limits import RETRIED, DownloadError, Limits, TransientError, retry_after
from foretaste.data.sources.part import Origin, Part, write_block

AGENT = "foretaste (research data fetcher)"
BLOCK = 1 << 18
SPARE = 64 << 20
"""Bytes that must stay free on the disk beside the file."""
DRIP = 1024
"""A connection that brings fewer bytes than this within the time limit counts as silent."""

Advance = Callable[[int, int | None], None]
"""Is told how many bytes are here and how many there will be."""


def transfer(url: str, part: Part, limits: Limits, advance: Advance) -> None:
    """Goes on with a download where it stopped, or starts it, and returns when the file is whole.

    The bytes that are here are used only if the server confirms that they belong to the same version of the file
    (``If-Range`` with its tag or date); otherwise the download starts again.

    Raises:
        TransientError: If it was interrupted; what arrived is kept.
        DownloadError: If the server refuses, or is not to be trusted.
        DataError: If the disk has no room.
    """
    known = part.origin()
    if known is None or known.url != url or not (known.validator or known.total == part.size):
        part.clear()
        known = None
    elif known.total is not None and part.size >= known.total:
        if part.size == known.total:
            return
        part.clear()
        known = None
    response = _ask(url, part, known, limits)
    with response:
        origin = _admit(url, response, part, known)
        _require_space(part, origin)
        _receive(response, part, origin, limits, advance)


def read_small(url: str, limits: Limits, most: int = 4096) -> bytes | None:
    """A small file beside the data (a checksum), or None where there is none.

    Raises:
        TransientError: If the server could not be reached.
    """
    try:
        with _open(Request(url, headers={"User-Agent": AGENT}), limits) as response:
            return bytes(response.read(most))
    except DownloadError:
        return None
    except (OSError, http.client.HTTPException) as error:
        raise TransientError(_reason(error)) from error


def _ask(url: str, part: Part, known: Origin | None, limits: Limits) -> http.client.HTTPResponse:
    headers = {"User-Agent": AGENT, "Accept-Encoding": "identity"}
    if known is not None and part.size:
        headers |= {"Range": f"bytes={part.size}-", "If-Range": known.validator}
    return _open(Request(url, headers=headers), limits, on_beyond=part.clear)


def _open(request: Request, limits: Limits, on_beyond: Callable[[], None] = lambda: None) -> http.client.HTTPResponse:
    try:
        response: http.client.HTTPResponse = urlopen(request, timeout=limits.timeout)
    except HTTPError as error:
        with error:
            if error.code == 416:  # fewer bytes there than here: another version
                on_beyond()
                raise TransientError("the file on the server is shorter now") from error
            if error.code in RETRIED:
                wait = retry_after(error.headers.get("Retry-After"))
                raise TransientError(f"the server answered {error.code} {error.reason}", wait) from error
            raise _refused(request.full_url, error) from error
    except URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise _untrusted(request.full_url, error.reason) from error
        raise TransientError(_reason(error.reason)) from error
    except (OSError, http.client.HTTPException) as error:
        raise TransientError(_reason(error)) from error
    return response


def _admit(url: str, response: http.client.HTTPResponse, part: Part, known: Origin | None) -> Origin:
    """Decides whether the answer continues what is here; if not, throws that away."""
    etag, modified = response.headers.get("ETag", ""), response.headers.get("Last-Modified", "")
    if response.status == 206:
        span = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", "").strip())
        same = known is not None and (not etag or etag == known.etag)
        fits = span is not None and int(span[1]) == part.size
        if known is None or not same or not fits or (span and span[2] not in ("*", str(known.total))):
            part.clear()
            raise TransientError("the server sent another piece than the one asked for")
        return known
    kind = response.headers.get_content_type()
    if kind == "text/html":
        raise DownloadError(
            "the server answered with a web page where a data file was expected",
            where=url,
            allowed="the file itself",
            mend="open the address in a browser: you may have to sign in, or the file has moved; "
            "then use --archive or --base-url",
        )
    length = response.headers.get("Content-Length", "")
    origin = Origin(url, etag, modified, int(length) if length.isdigit() else None)
    part.begin(origin)
    return origin


def _require_space(part: Part, origin: Origin) -> None:
    missing = (origin.total or 0) - part.size
    free = shutil.disk_usage(part.path.parent).free
    if free < missing + SPARE:
        raise DataError(
            f"the disk has {free / 1e9:.2f} GB free and the download needs {(missing + SPARE) / 1e9:.2f} GB",
            where=str(part.path.parent),
            allowed="a folder on a disk with enough room",
            mend="free some space, or choose another folder with --cache",
        )


def _receive(response: http.client.HTTPResponse, part: Part, origin: Origin, limits: Limits, advance: Advance) -> None:
    here = part.size
    advance(here, origin.total)
    mark, mark_time = here, monotonic()
    with part.append() as stream:
        while block := _block(response):
            write_block(stream, block, part.path)
            here += len(block)
            advance(here, origin.total)
            if (now := monotonic()) - mark_time > limits.timeout:
                if here - mark < DRIP:
                    raise TransientError(f"fewer than {DRIP} bytes came within {limits.timeout:g} s")
                mark, mark_time = here, now
    if origin.total is not None and here != origin.total:
        raise TransientError(f"the connection ended after {here:,} of {origin.total:,} bytes")


def _block(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read1(BLOCK)
    except (OSError, http.client.HTTPException) as error:
        raise TransientError(_reason(error)) from error


def _reason(error: object) -> str:
    if isinstance(error, TimeoutError):
        return "the server did not answer in time"
    if isinstance(error, http.client.IncompleteRead):
        return "the connection ended early"
    return str(error) or type(error).__name__


def _refused(url: str, error: HTTPError) -> DownloadError:
    return DownloadError(
        f"the server answered {error.code} {error.reason}",
        where=url,
        allowed="an address at which the file lies",
        mend="the publisher may have moved the file: see the home page of the data, then give --base-url or --archive",
    )


def _untrusted(url: str, error: ssl.SSLCertVerificationError) -> DownloadError:
    return DownloadError(
        f"the server's certificate is not valid: {error.verify_message or error}",
        where=url,
        allowed="a server that proves who it is",
        mend="check this machine's clock and certificates; if the publisher's certificate has expired, fetch the file "
        "yourself and give it with --archive (known checksums are verified there too)",
    )
