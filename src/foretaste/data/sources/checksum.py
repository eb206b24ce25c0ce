"""Digests of files, in the forms in which publishers write them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

LENGTHS = {32: "md5", 40: "sha1", 64: "sha256"}


@dataclass(frozen=True)
class Digest:
    """An algorithm and the hexadecimal value that a file must have.

    Attributes:
        algorithm: ``md5``, ``sha1`` or ``sha256``.
        value: Lower-case hexadecimal digits.
    """

    algorithm: str
    value: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.value}"

    @classmethod
    def read(cls, text: str) -> Digest:
        """Reads ``algorithm:value``."""
        algorithm, _, value = text.partition(":")
        return cls(algorithm, value.lower())

    def of(self, path: Path) -> Digest:
        """The digest of a file by the same algorithm."""
        return Digest(self.algorithm, file_digests(path, self.algorithm)[0])


def file_digests(path: Path, *algorithms: str) -> list[str]:
    """Several digests of a file in one reading."""
    digests = [hashlib.new(name, usedforsecurity=False) for name in algorithms]
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            for digest in digests:
                digest.update(block)
    return [digest.hexdigest() for digest in digests]


def parse_sidecar(text: bytes, name: str) -> Digest | None:
    """The digest that a checksum file states for ``name``; None if it is no checksum file.

    Three forms are in use: ``MD5 (name) = value`` (BSD, GroupLens), ``value  name`` (GNU) and the bare value.

    >>> str(parse_sidecar(b"MD5 (a.zip) = 0E33842E24A9C977BE4E0107933C0723", "a.zip"))
    'md5:0e33842e24a9c977be4e0107933c0723'
    """
    lines = text.decode("utf-8", errors="replace").splitlines()
    bsd, gnu = r"\w+ ?\((?P<name>.+)\) ?= ?(?P<value>[0-9a-fA-F]+)", r"(?P<value>[0-9a-fA-F]+)(?:\s+\*?(?P<name>.+))?"
    for line in lines:
        match = re.fullmatch(bsd, line.strip()) or re.fullmatch(gnu, line.strip())
        if match is None or len(match["value"]) not in LENGTHS:
            continue
        stated = match["name"]
        if stated is None or stated.replace("\\", "/").rsplit("/", 1)[-1] == name:
            return Digest(LENGTHS[len(match["value"])], match["value"].lower())
    return None
