"""One kind of error for everything a user can mend: what came, where, what is allowed, how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ForetasteError(Exception):
    """A mistake in the input, not in the program; the command line prints it without a traceback.

    Args:
        what: What is wrong, in one sentence, quoting what came.
        where: File, row, column, key or option in which it was found.
        allowed: What would have been accepted.
        mend: What to do now.
    """

    def __init__(self, what: str, *, where: str = "", allowed: str = "", mend: str = "") -> None:
        self.what, self.where, self.allowed, self.mend = what, where, allowed, mend
        super().__init__(self._text())

    def _text(self) -> str:
        parts = [self.what]
        if self.where:
            parts.append(f"  where:   {self.where}")
        if self.allowed:
            parts.append(f"  allowed: {self.allowed}")
        if self.mend:
            parts.append(f"  mend:    {self.mend}")
        return "\n".join(parts)

    def as_dict(self) -> dict[str, str]:
        """The same facts for ``--json`` output."""
        return {"error": self.what, "where": self.where, "allowed": self.allowed, "mend": self.mend}


class DataError(ForetasteError):
    """Something in a table, a file or a source cannot be used."""


class ConfigError(ForetasteError):
    """A key, value or option that does not exist or does not fit."""


class ArtefactError(ForetasteError):
    """A saved folder that is missing, unfinished, damaged, or of something else."""


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The one of ``words`` closest to ``word`` by spelling, or None when nothing is close.

    >>> nearest("bakcbone", ["backbone", "dropout"])
    'backbone'
    """
    known = list(words)
    folded = {w.lower(): w for w in known}
    hits = difflib.get_close_matches(word.lower(), folded, n=1, cutoff=0.5)
    return folded[hits[0]] if hits else None


def unknown(kind: str, word: str, words: Iterable[str], *, where: str = "") -> ConfigError:
    """The error for a misspelt name: suggests the nearest known one and lists them all.

    Args:
        kind: What was looked for ("key", "recipe", "column", …).
        word: What came.
        words: Every allowed name.
        where: Where it was read.
    """
    known = sorted(words)
    guess = nearest(word, known)
    return ConfigError(
        f"unknown {kind} {word!r}",
        where=where,
        allowed=", ".join(known) if known else "(none)",
        mend=f"did you mean {guess!r}?" if guess else f"choose one of the allowed {kind}s",
    )
