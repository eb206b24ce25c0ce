"""What a person may say about an import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from foretaste.core.errors import ConfigError, unknown

TIME_UNITS = ("auto", "s", "ms", "us", "ns", "iso", "ordinal")
FORMATS = ("auto", "csv", "tsv", "jsonl", "parquet", "sql")
CORE_MODES = ("iterated", "single-pass")


def _help(text: str) -> dict[str, str]:
    return {"help": text}


@dataclass(frozen=True)
class ImportOptions:
    """How sources are read, checked and filtered; the defaults suit most files.

    Every column that is not named is looked for under its common names (:mod:`foretaste.data.importing.columns`).
    """

    log_columns: Mapping[str, str] = field(
        default_factory=dict, metadata=_help("source columns of user, item, time and rating, where named")
    )
    item_columns: Mapping[str, str] = field(
        default_factory=dict, metadata=_help("source columns of item_id, title, brand, … in the catalogue, where named")
    )
    user_columns: Mapping[str, str] = field(
        default_factory=dict, metadata=_help("source column of user_id in the table of users, where named")
    )
    query: str | None = field(default=None, metadata=_help("SQL query that gives the log"))
    items_query: str | None = field(default=None, metadata=_help("SQL query that gives the catalogue"))
    users_query: str | None = field(default=None, metadata=_help("SQL query that gives the users"))
    format: str = field(
        default="auto", metadata=_help("auto (by suffix and first bytes), csv, tsv, jsonl, parquet, sql")
    )
    separator: str | None = field(
        default=None, metadata=_help("column separator of CSV files; default: found in the header")
    )
    encoding: str = field(default="utf-8", metadata=_help("encoding of text files; UTF-16 is recognised by its mark"))
    header: tuple[str, ...] | None = field(
        default=None, metadata=_help("column names of a CSV log without a header line")
    )
    time_unit: str = field(default="auto", metadata=_help("auto, s, ms, us, ns, iso or ordinal"))
    max_rejected: float = field(default=0.05, metadata=_help("share of refused rows above which the import stops"))
    min_user: int = field(default=1, metadata=_help("k-core: interactions that a user must have"))
    min_item: int = field(default=1, metadata=_help("k-core: interactions that an item must have"))
    core_mode: str = field(default="iterated", metadata=_help("k-core: iterated or single-pass"))
    cold_items: bool | None = field(
        default=None, metadata=_help("keep items without interactions; default: yes, but no after a k-core filter")
    )
    force: bool = field(default=False, metadata=_help("write into a folder that holds other things"))
    now: float | None = field(default=None, metadata=_help("Unix seconds taken as the present; default: the clock"))

    def __post_init__(self) -> None:
        """Refuses values that cannot mean anything."""
        for name, value, allowed in (
            ("time_unit", self.time_unit, TIME_UNITS),
            ("format", self.format, FORMATS),
            ("core_mode", self.core_mode, CORE_MODES),
        ):
            if value not in allowed:
                raise unknown(name.replace("_", "-"), value, allowed)
        if not 0 <= self.max_rejected <= 1:
            raise ConfigError(
                f"max-rejected is a share, and {self.max_rejected} is none", allowed="0 to 1", mend="give 0.05 for 5 %"
            )
        if min(self.min_user, self.min_item) < 1:
            raise ConfigError(
                "a k-core threshold below 1 means nothing", allowed="1 (no filter) or more", mend="give --kcore 5"
            )
        if self.separator is not None and (len(self.separator.encode()) != 1 or self.separator in '"\r\n'):
            raise ConfigError(
                f"the separator {self.separator!r} cannot be used",
                allowed="one ASCII character that is neither a quote nor a line break; \\t for a tab",
                mend="give --separator ';'",
            )
