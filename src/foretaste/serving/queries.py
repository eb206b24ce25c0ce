"""What a service is asked: a history or a user, how many items, which ones may come, and how they are mixed."""

from __future__ import annotations

from dataclasses import dataclass, field

Value = str | int | float | bool

ALPHA = 0.7
"""What a wish weighs unless told otherwise: best on the validation targets of amazon_scientific and movielens_100k."""


@dataclass(frozen=True)
class Condition:
    """A demand on one column of the catalogue; what is left None demands nothing.

    In a column of lists an item fits when one of its entries does. An item without a value fits no demand.

    Attributes:
        column: Name of the column.
        equals: The value itself.
        one_of: One of these values.
        minimum: At least this.
        maximum: At most this.
    """

    column: str
    equals: Value | None = None
    one_of: tuple[Value, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class Filters:
    """Which items may be recommended; all demands hold together. Equal filters are hashable and found again.

    Attributes:
        categories: One of these, in the column ``categories`` or ``category``.
        brands: One of these, in the column ``brand``.
        price_min: Least price, in the currency of the column ``price``.
        price_max: Greatest price.
        in_stock: True: only what the column ``in_stock`` (true or false) or ``stock`` (a number) says is there; False:
            only what is not; None: all.
        where: Demands on any other columns.
        allow: Raw ids to choose among; None for the whole catalogue.
        deny: Raw ids that never come.
        exclude_seen: Whether the items of the history are left out.
    """

    categories: tuple[str, ...] | None = None
    brands: tuple[str, ...] | None = None
    price_min: float | None = None
    price_max: float | None = None
    in_stock: bool | None = None
    where: tuple[Condition, ...] = ()
    allow: tuple[str, ...] | None = None
    deny: tuple[str, ...] = ()
    exclude_seen: bool = True

    @property
    def narrows(self) -> bool:
        """Whether it asks anything of an item beyond not to have been seen."""
        given = (self.categories, self.brands, self.price_min, self.price_max, self.in_stock, self.allow)
        return bool(self.where or self.deny or any(one is not None for one in given))


@dataclass(frozen=True)
class Query:
    """One question.

    Attributes:
        history: Raw item ids, oldest first; may be empty.
        user: Raw user id, for models that know users; a stranger is reported in the answer.
        k: Items wanted.
        filters: Which items may come.
        intent: What is looked for, in words, for models that read texts; None for no such wish.
        alpha: What the intent weighs against the history, from 0 to 1.
        diversity: Weight of being unlike what stands above in the list, from 0 (the best scores) to 1 (maximal marginal
            relevance; Carbonell and Goldstein 1998, whose lambda is one minus this).
        per_category: How many items of one category a list may hold; None for no limit.
        reasons: Whether each item says why it is there.
    """

    history: tuple[str, ...] = ()
    user: str | None = None
    k: int = 10
    filters: Filters = field(default_factory=Filters)
    intent: str | None = None
    alpha: float = ALPHA
    diversity: float = 0.0
    per_category: int | None = None
    reasons: bool = False
