"""How patient a download is, and the two ways in which it fails."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import time

from foretaste.core.errors import DataError

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP answers that may be different a moment later."""


@dataclass(frozen=True)
class Limits:
    """Bounds of one download.

    Attributes:
        timeout: Seconds without news from the server (or with almost none) before a connection is given up.
        attempts: Failures in a row before the download is given up; one that brought data starts the count again.
        backoff: Seconds before the second attempt; each later wait is twice as long.
        longest_wait: No wait is longer, whatever the server asks for.
    """

    timeout: float = 60.0
    attempts: int = 6
    backoff: float = 1.0
    longest_wait: float = 60.0

    def wait(self, failures: int, asked: float | None) -> float:
        """Seconds to wait after ``failures`` failures in a row, where the server may have asked for a time."""
        own = self.backoff * 2.0 ** max(failures - 1, 0)
        return min(max(own, asked or 0.0), self.longest_wait)


class TransientError(Exception):
    """A failure that another attempt may get past.

    Args:
        reason: What happened, in a few words.
        after: Seconds that the server asked to be left alone, if it did.
    """

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.after = reason, after


class DownloadError(DataError):
    """A file cannot be had from an address, now or at all."""


def retry_after(value: str | None) -> float | None:
    """Seconds meant by a ``Retry-After`` header, which holds a number or a date."""
    if value is None:
        return None
    try:
        return max(float(value), 0.0)
    except ValueError:
        pass
    try:
        return max(parsedate_to_datetime(value).timestamp() - time(), 0.0)
    except (TypeError, ValueError):
        return None
