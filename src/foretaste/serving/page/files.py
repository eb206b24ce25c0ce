"""The page's files, all of them in memory: a request chooses among names, never among paths."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""What the page is made of."""

INDEX = "index.html"


@dataclass(frozen=True)
class PageFile:
    """One file of the page.

    Attributes:
        content: Its bytes.
        kind: Its media type.
        tag: Its entity tag, a digest of the bytes in quotes.
    """

    content: bytes
    kind: str
    tag: str

    @classmethod
    def of(cls, content: bytes, kind: str) -> PageFile:
        """The file with these bytes."""
        return cls(content, kind, f'"{hashlib.sha256(content).hexdigest()[:32]}"')


def page_files() -> dict[str, PageFile]:
    """All files of the page by name."""
    folder = files("foretaste.serving.page") / "static"
    return {
        entry.name: PageFile.of(entry.read_bytes(), KINDS[entry.name[entry.name.rindex(".") :]])
        for entry in folder.iterdir()
    }
