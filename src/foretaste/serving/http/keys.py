"""API keys: 256 random bits, kept as SHA-256 digests beside a name and a role, compared in constant time.

A slow hash is for passwords, which can be guessed; a random key cannot, so one fast digest is enough.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from foretaste.core.errors import ConfigError, unknown

ROLES: dict[str, int] = {"read": 1, "write": 2, "admin": 3}
"""Each may do what those before it may."""

VARIABLE = "FORETASTE_KEYS"
"""Environment variable with lines like those of the file, commas or line ends between them."""


@dataclass(frozen=True)
class Key:
    """One key, as it is kept.

    Attributes:
        name: Who has it; shown in logs and counted in rates.
        role: ``read``, ``write`` or ``admin``.
        digest: SHA-256 of the key, in hexadecimal.
    """

    name: str
    role: str
    digest: str

    @property
    def level(self) -> int:
        """The role as a number."""
        return ROLES[self.role]

    def line(self) -> str:
        """How it stands in a file."""
        return f"{self.name}:{self.role}:{self.digest}"


class Keys:
    """All keys of a service; none means that nobody is asked for one."""

    def __init__(self, keys: Iterable[Key] = ()) -> None:
        self._keys = tuple(keys)

    def __len__(self) -> int:
        return len(self._keys)

    def owner(self, token: str) -> Key | None:
        """The key that a token is, or None. Takes as long for every token, whichever key it is, if any."""
        digest = digest_of(token)
        found = None
        for key in self._keys:
            if hmac.compare_digest(digest, key.digest):
                found = key
        return found


def digest_of(token: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def new_key(name: str, role: str) -> tuple[str, Key]:
    """A fresh token, to be told once, and what is kept of it.

    Raises:
        ConfigError: If the name or the role does not exist.
    """
    token = "ft_" + secrets.token_urlsafe(32)
    return token, _key(f"{name}:{role}:{digest_of(token)}", "the new key")


def add_key(file: Path, name: str, role: str) -> str:
    """Makes a key, adds it to a file that only its owner can read, and returns the token.

    Raises:
        ConfigError: If the name or the role does not exist.
    """
    token, key = new_key(name, role)
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8") as stream:
        stream.write(key.line() + "\n")
    return token


def read_keys(file: Path | None, environment: Mapping[str, str]) -> Keys:
    """The keys of a file and of the variable ``FORETASTE_KEYS``.

    Raises:
        ConfigError: If a line is no key, or the file cannot be read or holds none.
    """
    found = [
        _key(line.strip(), f"{VARIABLE}, entry {place}")
        for place, line in enumerate(re.split(r"[,\n]", environment.get(VARIABLE, "")), 1)
        if line.strip()
    ]
    if file is not None:
        lines = [
            (place, line.strip())
            for place, line in enumerate(_read(file).splitlines(), 1)
            if line.strip() and not line.lstrip().startswith("#")
        ]
        if not lines:
            raise ConfigError("the file of API keys holds none", where=str(file), mend="add one with `foretaste key`")
        found += [_key(line, f"{file}, line {place}") for place, line in lines]
    return Keys(found)


def _read(file: Path) -> str:
    try:
        return file.expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the file of API keys cannot be read: {error}", where=str(file), mend="check it") from error


def _key(line: str, where: str) -> Key:
    parts = line.split(":")
    if len(parts) != 3 or not re.fullmatch(r"[\w.-]{1,64}", parts[0]) or not re.fullmatch(r"[0-9a-f]{64}", parts[2]):
        raise ConfigError(  # the line itself is not shown: it may be a key that somebody pasted as it is
            "this is no API key as it is kept",
            where=where,
            allowed="name:role:sha256",
            mend="make it with `foretaste key`",
        )
    if parts[1] not in ROLES:
        raise unknown("role", parts[1], ROLES, where=where)
    return Key(*parts)
