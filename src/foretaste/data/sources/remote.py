"""A file at a publisher, and the same file once it is here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


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
