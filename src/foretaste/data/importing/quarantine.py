"""Rows that were refused: kept with file, line, reason and text, counted, and too many of them stop the import."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import polars as pl

from foretaste.core.errors import DataError

RAW_LENGTH = 2000
"""Characters of a refused row that are kept."""

EARLY = 100_000
"""With so many refusals and most of the rows refused, reading on would tell nothing new."""

SCHEMA = {"file": pl.String, "line": pl.Int64, "reason": pl.String, "raw": pl.String}

ADVICE = {
    "invalid UTF-8": "if the file is Latin-1 or Windows text, give --encoding latin-1 or --encoding cp1252",
    "wrong column count": "check the separator (--separator) and the header line (--columns, if there is none)",
    "unparsable time": "check --time and --time-unit",
    "time before 1970": "check --time and --time-unit (s, ms, us, ns, iso, ordinal)",
    "time in the future": "check --time and --time-unit (s, ms, us, ns, iso, ordinal)",
    "not a JSON object": "one JSON object a line is expected; give --format if the file is something else",
}


@dataclass
class Quarantine:
    """The refused rows of one source.

    Attributes:
        file: The source's name as shown to a reader.
        accepted: Rows that passed so far.
        counts: Refused rows by reason.
        harmless: Reasons that are counted but never stop an import.
    """

    file: str
    accepted: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    harmless: frozenset[str] = frozenset()
    _lines: list[int] = field(default_factory=list)
    _reasons: list[str] = field(default_factory=list)
    _raws: list[str] = field(default_factory=list)

    def add(self, line: int, reason: str, raw: str | bytes) -> None:
        """Keeps one refused row; ``line`` counts from 1."""
        self.counts[reason] += 1
        self._lines.append(line)
        self._reasons.append(reason)
        self._raws.append(readable(raw))

    @property
    def rejected(self) -> int:
        """Refused rows so far."""
        return len(self._lines)

    @property
    def share(self) -> float:
        """Refused rows as a share of all, without those refused for a harmless reason."""
        total = self.rejected + self.accepted
        wrong = self.rejected - sum(self.counts[reason] for reason in self.harmless)
        return wrong / total if total else 0.0

    def table(self) -> pl.DataFrame:
        """``file, line, reason, raw``, in the order of the lines."""
        columns = {"file": [self.file] * self.rejected, "line": self._lines, "reason": self._reasons, "raw": self._raws}
        return pl.DataFrame(columns, schema=SCHEMA).sort("line", maintain_order=True)

    def check_early(self, allowed: float) -> None:
        """Stops a hopeless import before the file's end."""
        if self.rejected >= EARLY and self.share > max(allowed, 0.5):
            raise self._too_many(allowed, "so far ")

    def check(self, allowed: float) -> None:
        """Stops the import when more than the ``allowed`` share of the rows was refused, or nothing was left.

        Raises:
            DataError: With the counts by reason and the first examples.
        """
        if self.share > allowed:
            raise self._too_many(allowed, "")
        if not self.accepted:
            raise DataError(
                "no row can be used" + (f": {self.summary()}" if self.rejected else ": the source holds none"),
                where=self.file,
                allowed="at least one row with an id",
                mend=self._advice(),
            )

    def summary(self) -> str:
        """The counts by reason, most frequent first, in one line."""
        return ", ".join(f"{reason} {count:,}" for reason, count in self.counts.most_common())

    def _too_many(self, allowed: float, when: str) -> DataError:
        examples = [
            f"line {line}: {reason}: {raw[:100]!r}"
            for line, reason, raw in sorted(zip(self._lines, self._reasons, self._raws, strict=True))[:5]
        ]
        total = self.rejected + self.accepted
        return DataError(
            f"{when}{self.rejected:,} of {total:,} rows ({self.share:.1%}) were refused: {self.summary()}\n  "
            + "\n  ".join(examples),
            where=self.file,
            allowed=f"at most {allowed:.1%} refused rows (--max-rejected {allowed:g})",
            mend=self._advice(),
        )

    def _advice(self) -> str:
        for reason, _ in self.counts.most_common():
            if reason in ADVICE:
                return ADVICE[reason]
        return "mend the source, or allow more with --max-rejected 1; nothing has been written"


def readable(raw: str | bytes) -> str:
    """The start of a row as text that any reader can show: broken bytes and NULs are escaped."""
    if isinstance(raw, bytes):
        raw = raw[: 4 * RAW_LENGTH].decode("utf-8", errors="backslashreplace")
    text = raw[:RAW_LENGTH].replace("\0", "\\x00")
    return text.encode("utf-8", errors="backslashreplace").decode("utf-8")
