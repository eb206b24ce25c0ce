"""An answer and what a careful reader should know of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Reasons:
    """Why an item is in a list.

    Attributes:
        nearest: Items of the history whose vectors are most like its own, with their cosines, nearest first.
        parts: What its score is the sum of, by name; empty when the score does not come apart.
        group: ``head`` for the most popular fifth of the items, ``tail`` for the others, ``new`` for what nobody has
            had in training.
        popularity: Its interactions in training.
    """

    nearest: tuple[tuple[str, float], ...]
    parts: dict[str, float]
    group: str
    popularity: int

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        nearest = [{"item_id": item_id, "cosine": cosine} for item_id, cosine in self.nearest]
        return {"nearest": nearest, "parts": self.parts, "group": self.group, "popularity": self.popularity}


@dataclass(frozen=True)
class Recommendation:
    """One recommended item.

    Attributes:
        item_id: Its raw id.
        score: The model's score; comparable within one list only.
        title: A name to show.
        reasons: Why it is there, where that was asked.
    """

    item_id: str
    score: float
    title: str
    reasons: Reasons | None = None

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        plain: dict[str, Any] = {"item_id": self.item_id, "score": self.score, "title": self.title}
        return plain if self.reasons is None else {**plain, "reasons": self.reasons.as_dict()}


@dataclass(frozen=True)
class Request:
    """What was asked, in dense ids.

    Attributes:
        history: Dense ids of the known items, oldest first.
        unknown: Raw ids of the history that the model does not know.
        user: Raw id of the user, or None.
        dense_user: Dense id of the user, -1 for a stranger.
        knows_users: Whether the model knows users by id at all.
        intent: What the user says to be looking for, or None.
    """

    history: list[int]
    unknown: list[str] = field(default_factory=list)
    user: str | None = None
    dense_user: int = -1
    knows_users: bool = False
    intent: str | None = None

    @property
    def falls_back(self) -> bool:
        """Whether nothing is known to go by: no item of the history, not the user, and no intention."""
        return not self.history and self.dense_user < 0 and self.intent is None


class Recommendations(list[Recommendation]):
    """A list of recommendations, best first.

    Attributes:
        unknown: Raw ids of the history that were skipped because the model does not know them.
        unknown_candidates: Raw ids among the candidates that the model does not know.
        fallback: ``"popularity"`` when the most popular items stand in for an answer, else None.
        notes: The same and what else a reader should know, in sentences.
    """

    def __init__(
        self, found: Iterable[Recommendation], *, wanted: int, request: Request, unknown_candidates: list[str]
    ) -> None:
        super().__init__(found)
        self.unknown = list(request.unknown)
        self.unknown_candidates = list(unknown_candidates)
        self.fallback = "popularity" if request.falls_back else None
        self.notes = self._notes(wanted, request)

    def _notes(self, wanted: int, request: Request) -> list[str]:
        notes: list[str] = []
        if self.unknown:
            notes.append(f"unknown items of the history were skipped: {_some(self.unknown)}")
        if self.unknown_candidates:
            notes.append(f"unknown candidates were skipped: {_some(self.unknown_candidates)}")
        if request.user is not None and request.dense_user < 0:
            why = "is unknown to the model" if request.knows_users else "is not looked at: this model goes by histories"
            notes.append(f"the user {request.user!r} {why}")
        if self.fallback:
            why = "none of the history's items is known" if request.unknown else "the history is empty"
            notes.append(f"{why}, so these are the most popular items")
        if len(self) < wanted:
            notes.append(f"{len(self)} items instead of {wanted}: no more can be recommended here")
        return notes


def _some(ids: list[str], shown: int = 5) -> str:
    rest = f" and {len(ids) - shown} more" if len(ids) > shown else ""
    return ", ".join(ids[:shown]) + rest
