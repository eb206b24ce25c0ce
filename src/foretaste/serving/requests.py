"""From what a caller says to what a model can read, and the errors for what it cannot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from foretaste.core.errors import DataError, nearest, unknown
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


def check_arguments(
    histories: Sequence[Sequence[str]] | None, k: int, users: Sequence[str] | None, on_unknown: str
) -> None:
    """Refuses what does not fit together before anything is computed.

    Raises:
        ForetasteError: If so.
    """
    if on_unknown not in ("report", "error"):
        raise unknown("value of on_unknown", on_unknown, ("report", "error"))
    if histories is None and users is None:
        raise DataError("neither histories nor users were given", allowed="histories=[[…]], users=[…], or both")
    if isinstance(histories, str) or any(isinstance(row, str) for row in histories or []):
        raise DataError(
            "a history is a list of item ids, but a text came",
            allowed='histories=[["B00A", "B00B"]]: a list of lists',
            mend="put each history into a list, and the histories into a list",
        )
    if users is not None and histories is not None and len(users) != len(histories):
        raise DataError(f"{len(histories)} histories came with {len(users)} users", allowed="one user for each history")
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise DataError(f"k={k!r} items cannot be recommended", allowed="a whole number, 1 or more")


def read_candidates(
    saved: SavedModel, candidates: Sequence[str] | None, on_unknown: str
) -> tuple[NDArray[np.int64] | None, list[str]]:
    """Dense ids to choose among, rising, or None for all; and raw ids that nobody knows.

    Raises:
        DataError: If an id is unknown under ``error``.
    """
    if candidates is None:
        return None, []
    if isinstance(candidates, str):
        raise DataError("candidates came as one text", allowed='candidates=["B00A", "B00B"]: a list of item ids')
    dense = saved.items.encode(map(str, candidates))
    strange = [str(raw) for raw, index in zip(candidates, dense, strict=True) if index < 0]
    if strange and on_unknown == "error":
        raise unknown_id("item", strange[0], list(saved.items))
    return np.unique(dense[dense >= 0]).astype(np.int64), strange


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
