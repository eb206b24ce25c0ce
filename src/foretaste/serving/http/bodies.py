"""What requests say, checked before anything looks at it: types, lengths, no unknown member, no NaN."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from foretaste.core.errors import DataError
from foretaste.serving.events.event import LONGEST_ID, NO_TEXT, checked_id
from foretaste.serving.queries import ALPHA, Condition, Filters, Query

MOST_ITEMS, MOST_HISTORY, MOST_LISTED, MOST_EVENTS = 1_000, 1_000, 10_000, 1_000
"""Items of an answer, of a history, of an allow or deny list; events of one request."""

LAST_SECOND = 253_402_300_799.0
"""The end of the year 9999."""


def _text(raw: str) -> str:
    if NO_TEXT.search(raw):
        raise ValueError("a character that is no text")
    return raw


def _ids(raw: list[str]) -> list[str]:
    """All of a list at once: a history has many, and nearly always all are fit."""
    if NO_TEXT.search("".join(raw)):
        raise ValueError("an id holds a character that is no text")
    return raw


def _id(raw: str) -> str:
    try:
        return checked_id("the id", raw)
    except DataError as error:
        raise ValueError(error.what) from error


Id = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_ID), AfterValidator(_id)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=1_000), AfterValidator(_text)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Scalar = Annotated[str, StringConstraints(max_length=1_000), AfterValidator(_text)] | bool | int | Number
K = Annotated[int, Field(ge=1, le=MOST_ITEMS, strict=True)]
Names = Annotated[list[Text], Field(max_length=1_000)]
Plain = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_ID)]
Ids = Annotated[list[Plain], Field(max_length=MOST_LISTED), AfterValidator(_ids)]


class Body(BaseModel):
    """A member that is not known is an error, so that a misspelt one is not passed over."""

    model_config = ConfigDict(extra="forbid")


class ConditionIn(Body):
    """A demand on one column of the catalogue."""

    column: Text
    equals: Scalar | None = None
    one_of: Annotated[list[Scalar], Field(max_length=1_000)] | None = None
    minimum: Number | None = None
    maximum: Number | None = None

    def condition(self) -> Condition:
        """The same for the engine."""
        one_of = None if self.one_of is None else tuple(self.one_of)
        return Condition(self.column, self.equals, one_of, self.minimum, self.maximum)


class FiltersIn(Body):
    """Which items may come; applied inside the search, so lists stay full."""

    categories: Names | None = None
    brands: Names | None = None
    price_min: Number | None = None
    price_max: Number | None = None
    in_stock: bool | None = None
    where: Annotated[list[ConditionIn], Field(max_length=20)] = []
    allow: Ids | None = None
    deny: Ids = []
    exclude_seen: bool = True

    def filters(self) -> Filters:
        """The same for the engine."""
        return Filters(
            categories=None if self.categories is None else tuple(self.categories),
            brands=None if self.brands is None else tuple(self.brands),
            price_min=self.price_min,
            price_max=self.price_max,
            in_stock=self.in_stock,
            where=tuple(one.condition() for one in self.where),
            allow=None if self.allow is None else tuple(self.allow),
            deny=tuple(self.deny),
            exclude_seen=self.exclude_seen,
        )


EVERYTHING = Filters()


class Wanted(Body):
    """For whom, and what."""

    user_id: Id | None = Field(None, description="Whose events are the history; a model's share of traffic is by user.")
    history: Annotated[list[Plain], Field(max_length=MOST_HISTORY), AfterValidator(_ids)] | None = Field(
        None, description="Raw item ids, oldest first; used instead of the user's events."
    )
    k: K = Field(10, description="Items wanted.")
    filters: FiltersIn | None = None
    intent: Text | None = Field(None, description="What is looked for, in words; for models that read texts.")
    alpha: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = Field(ALPHA, description="Weight of the intent.")
    diversity: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = Field(0.0, description="Weight of variety.")
    per_category: Annotated[int, Field(ge=1, le=MOST_ITEMS)] | None = None
    reasons: bool = Field(False, description="Whether each item says why it is there.")
    details: bool = Field(False, description="Whether each item comes with what the catalogue has of it.")

    @model_validator(mode="after")
    def _somebody(self) -> Wanted:
        if self.user_id is None and self.history is None and self.intent is None:
            raise ValueError("user_id, history or intent is needed")
        return self

    def query(self, history: list[str], *, knows_users: bool) -> Query:
        """The question for an engine; users are named only to models that know users by id."""
        return Query(
            history=tuple(history),
            user=self.user_id if knows_users else None,
            k=self.k,
            filters=EVERYTHING if self.filters is None else self.filters.filters(),
            intent=self.intent,
            alpha=self.alpha,
            diversity=self.diversity,
            per_category=self.per_category,
            reasons=self.reasons,
        )


class RecommendIn(Wanted):
    """A question to one model."""

    model: Text | None = Field(None, description="Which model answers; default: by the split of the traffic.")


class CompareIn(Wanted):
    """The same question to several models."""

    models: Annotated[list[Text], Field(min_length=1, max_length=8)] | None = Field(None, description="Default: all.")


class EventIn(Body):
    """Something that somebody did."""

    user_id: Id
    item_id: Id
    event_id: Id | None = Field(None, description="Makes sending again harmless; made here when it is missing.")
    timestamp: Annotated[float, Field(ge=0, le=LAST_SECOND, allow_inf_nan=False)] | None = Field(
        None, description="Seconds since 1970; default: now."
    )
    kind: Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_text)] = "view"
    rating: Number | None = None


class EventsIn(Body):
    """Several events, stored all or none."""

    events: Annotated[list[EventIn], Field(min_length=1, max_length=MOST_EVENTS)]


class ItemIn(BaseModel):
    """A new item: its id, and attributes under the names of the catalogue's columns, as ``title``."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"additionalProperties": True})

    item_id: Id
    title: Text

    @model_validator(mode="after")
    def _plain(self) -> ItemIn:
        more: dict[str, Any] = self.model_extra or {}
        if len(more) > 64:
            raise ValueError("more than 64 attributes")
        for name, value in more.items():
            _text(name)
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, str):
                    _text(one)
                elif one is not None and (not isinstance(one, bool | int | float) or one != one or abs(one) > 1e300):
                    raise ValueError("an attribute is a text, a number, true, false, or a list of these")
        return self

    def attributes(self) -> dict[str, Any]:
        """All but the id."""
        return {"title": self.title, **(self.model_extra or {})}
