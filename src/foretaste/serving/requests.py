"""From raw ids to what a model can read, and the error for an id that nobody knows."""

from __future__ import annotations

from collections.abc import Sequence

from foretaste.core.errors import DataError, nearest
from foretaste.recipes.saved import SavedModel
from foretaste.serving.recommendations import Request

MANY = 200_000
"""Beyond as many ids a misspelt one is not searched for the nearest."""


def read_request(
    saved: SavedModel,
    history: Sequence[str],
    user: str | None,
    *,
    on_unknown: str = "report",
    intent: str | None = None,
) -> Request:
    """One question in dense ids.

    Args:
        saved: The model that is asked.
        history: Raw item ids, oldest first.
        user: Raw user id, or None.
        on_unknown: ``report`` notes unknown ids in the request; ``error`` raises.
        intent: What is looked for, in words.

    Raises:
        DataError: If an id is unknown under ``error``.
    """
    dense = saved.items.encode(map(str, history)).tolist()
    strange = [str(raw) for raw, index in zip(history, dense, strict=True) if index < 0]
    known_user = saved.users.index_of(str(user)) if saved.users is not None and user is not None else None
    if on_unknown == "error":
        if strange:
            raise unknown_id("item", strange[0], list(saved.items))
        if user is not None and saved.users is not None and known_user is None:
            raise unknown_id("user", str(user), list(saved.users))
    return Request(
        [index for index in dense if index >= 0],
        unknown=strange,
        user=None if user is None else str(user),
        dense_user=-1 if known_user is None else known_user,
        knows_users=saved.users is not None,
        intent=intent,
    )


class UnknownId(DataError):
    """An id that the model or the data does not know."""


def unknown_id(kind: str, raw: str, known: list[str]) -> UnknownId:
    """The error for an id that the model or the data does not know; names the nearest one."""
    guess = nearest(raw, known) if len(known) <= MANY else None
    return UnknownId(
        f"unknown {kind} {raw!r}",
        allowed=f"one of {len(known):,} known {kind}s",
        mend=f"did you mean {guess!r}?" if guess else "check the id",
    )
