"""Which column of a source is which: named by the user, or recognised by its common names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from foretaste.core.errors import ConfigError, DataError, unknown

LOG_NAMES: dict[str, tuple[str, ...]] = {
    "user": ("user_id", "userid", "user", "reviewerid", "customer_id", "visitorid", "session_id", "uid"),
    "item": (
        "item_id", "itemid", "item", "parent_asin", "asin", "movieid", "movie_id", "product_id", "productid",
        "business_id", "article_id", "book_id", "song_id", "iid",
    ),
    "time": ("timestamp", "unixreviewtime", "unix_time", "time", "ts", "datetime", "event_time", "created_at", "date"),
    "rating": ("rating", "overall", "stars", "score"),
}  # fmt: skip
"""Common names of the columns of a log, folded to lower case, best first."""

ITEM_NAMES: dict[str, tuple[str, ...]] = {
    "item_id": (*LOG_NAMES["item"], "id"),
    "title": ("title", "movie_title", "product_title", "item_name", "product_name", "name"),
    "brand": ("brand", "manufacturer", "store"),
    "categories": ("categories", "category", "genres", "genre"),
    "price": ("price",),
    "description": ("description", "desc"),
    "image": ("image", "image_url", "imurl", "imageurl", "imageurlhighres"),
}
"""Common names of the columns of a catalogue."""

USER_NAMES: dict[str, tuple[str, ...]] = {"user_id": (*LOG_NAMES["user"], "id")}

NO_COLUMN = "none"
"""``--time none``: leave a column out although it is there."""

NAMELESS = "nameless"
"""What a column with an empty name is called."""

FLAGS = {"item_id": "--item-id", "user_id": "--user-id"}


def resolve(
    columns: Sequence[str],
    named: Mapping[str, str],
    common: Mapping[str, tuple[str, ...]],
    needed: tuple[str, ...],
    *,
    where: str,
    doubled: Collection[str] = (),
) -> dict[str, str]:
    """Finds the source column of each role.

    Args:
        columns: The source's columns.
        named: Role → column, as the user said; ``"none"`` means that there is none.
        common: Role → the names it often has.
        needed: Roles without which nothing can be imported.
        where: The source, for messages.
        doubled: Columns whose name stands more than once in the header: too ambiguous for a role.

    Returns:
        Role → source column, only for roles that were found.

    Raises:
        ConfigError: If a named column is not there (with the nearest one that is), or serves two roles.
        DataError: If a needed one was neither named nor recognised.
    """
    found: dict[str, str] = {}
    for role, column in named.items():
        if column in columns:
            found[role] = column
        elif column != NO_COLUMN:
            raise unknown("column", column, columns, where=where)
    for role, names in common.items():
        taken = set(found.values())
        if role not in named and (hit := _recognise(columns, names, taken)) is not None:
            found[role] = hit
    _check_double(found, where)
    for role, column in found.items():
        if column in doubled:
            raise DataError(
                f"the header names two columns {column!r}, and it is unclear which one is the {role.replace('_', ' ')}",
                where=where,
                allowed="a name of its own for each column",
                mend="rename one of them in the file, or name all columns with --columns",
            )
    for role in needed:
        if role not in found:
            raise DataError(
                f"no column of this source looks like the {role.replace('_', ' ')}",
                where=where,
                allowed="one of " + ", ".join(names_of(common[role])) + "; found: " + ", ".join(columns),
                mend=_mend(role, columns),
            )
    return found


def _mend(role: str, columns: Sequence[str]) -> str:
    if len(columns) == 1:
        return "only one column was found: is the separator right? give it with --separator"
    flag = FLAGS.get(role, "--" + role)
    return f"say which one it is with {flag} COLUMN; if the file has no header line, name its columns with --columns"


def names_of(names: tuple[str, ...]) -> tuple[str, ...]:
    """The first few common names of a role."""
    return names[:5]


def _recognise(columns: Sequence[str], names: tuple[str, ...], taken: set[str]) -> str | None:
    folded: dict[str, str] = {}
    for column in columns:
        folded.setdefault(fold(column), column)
    hits = (folded[name] for name in names if name in folded and folded[name] not in taken)
    return next(hits, None)


def fold(column: str) -> str:
    """A column name as it is compared: lower case, without RecBole's type suffix (``user_id:token``)."""
    head, _, kind = column.strip().lower().partition(":")
    return head if kind in ("token", "float", "token_seq", "float_seq") else column.strip().lower()


def _check_double(found: Mapping[str, str], where: str) -> None:
    seen: dict[str, str] = {}
    for role, column in found.items():
        if column in seen:
            raise ConfigError(
                f"the column {column!r} cannot be both the {seen[column]} and the {role}",
                where=where,
                allowed="a column of its own for each",
                mend=f"name another one for the {role}",
            )
        seen[column] = role


class Names:
    """The names of attribute columns in the tidy form: their own, or ``x_source`` where ``x`` is taken.

    >>> names = Names({"user_id"})
    >>> names("colour"), names("user_id"), names.renamed
    ('colour', 'user_id_source', {'user_id': 'user_id_source'})
    """

    def __init__(self, reserved: Collection[str]) -> None:
        self._reserved = set(reserved)
        self.given: dict[str, str] = {}

    def __call__(self, column: str) -> str:
        """The tidy name of a source column; the same each time."""
        if column not in self.given:
            name = column or NAMELESS
            while name in self._reserved or name in self.given.values():
                name += "_source"
            self.given[column] = name
        return self.given[column]

    @property
    def renamed(self) -> dict[str, str]:
        """Source columns that had to take another name."""
        return {old: new for old, new in self.given.items() if old != new}


def header_names(raw: Sequence[str]) -> tuple[list[str], set[str]]:
    """Column names out of a header line (trimmed, gaps named by place, repeats numbered), and which names are repeated.

    >>> header_names([" user", "", "x", "x"])
    (['user', 'column_2', 'x', 'x_2'], {'x'})
    """
    names: list[str] = []
    doubled: set[str] = set()
    for place, text in enumerate(raw, start=1):
        name = base = text.strip().removeprefix("\ufeff") or f"column_{place}"
        copy = 1
        while name in names:
            copy += 1
            name = f"{base}_{copy}"
        if copy > 1:
            doubled.add(base)
        names.append(name)
    return names, doubled
