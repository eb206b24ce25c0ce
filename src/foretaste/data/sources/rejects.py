"""Records that cannot be used: counted, kept with file, line and reason, and too many of them stop the conversion."""

from __future__ import annotations

from collections import Counter

import polars as pl

from foretaste.core.errors import DataError

SCHEMA = pl.Schema({"file": pl.String(), "line": pl.Int64(), "reason": pl.String(), "raw": pl.String()})
KEPT = 500
"""Characters of a refused line that are kept."""
TOLERATED, SHARE = 1000, 0.05
"""More refused lines than this many and this share of a file stop the conversion: it is then another format."""


class BadRecord(ValueError):
    """A line that cannot be used; the message is the reason."""


class Rejects:
    """Collects what was refused."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, int, str, str]] = []
        self.counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, file: str, line: int, reason: str, content: bytes | str) -> None:
        """Notes one refused line.

        Args:
            file: The file's own name.
            line: Its number, from 1.
            reason: Why, in words that are the same for like lines.
            content: What stood there.
        """
        text = content[: 4 * KEPT].decode("utf-8", errors="replace") if isinstance(content, bytes) else content
        self._rows.append((file, line, reason, text[:KEPT]))
        self.counts[reason] += 1

    def check(self, file: str, lines: int, refused_before: int = 0) -> None:
        """Stops when too much of one file has been refused.

        Args:
            file: The file being read.
            lines: Lines of it so far.
            refused_before: How many refusals there were when it was opened.

        Raises:
            DataError: With the first examples.
        """
        refused = len(self._rows) - refused_before
        if refused <= TOLERATED or refused <= SHARE * lines:
            return
        first = "; ".join(f"line {n}: {why} ({text[:60]!r})" for _, n, why, text in self._rows[refused_before:][:3])
        raise DataError(
            f"{refused:,} of the first {lines:,} lines cannot be used, so this is not the format that was expected",
            where=f"{file}: {first}",
            allowed=f"at most {SHARE:.0%} unusable lines",
            mend="check that the file is the one that this source names",
        )

    def table(self) -> pl.DataFrame:
        """All of them, in the order met."""
        return pl.DataFrame(self._rows, schema=SCHEMA, orient="row")
