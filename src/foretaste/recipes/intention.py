"""Does a model follow what people say they look for? Wishes made of attributes, without a word of the title.

For every target a wish is told that fits it: its categories, genres, brand, but none of the words that its title has.
How much the wish weighs (``alpha``) is chosen on the validation targets; the test is read at that weight and without.
The wishes come from a template: the paper let a language model write its own, which are not published.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretaste.core.errors import DataError
from foretaste.data.dataset import Dataset
from foretaste.data.sequences import Sequences
from foretaste.data.split import Targets
from foretaste.evaluation.metrics import mean_metrics
from foretaste.evaluation.ranks import ranks
from foretaste.models.base import Retriever, Users
from foretaste.models.intent import FollowsIntent
from foretaste.recipes.known_texts import reader_of
from foretaste.recipes.measuring import dataset_of
from foretaste.recipes.run_folder import MODEL, read_record
from foretaste.recipes.saved import load_model
from foretaste.recipes.splitting import make_split

ATTRIBUTES = ("genres", "categories", "brand", "directors", "release_year")
"""Columns that wishes are made of, those that a catalogue has."""

ALPHAS = tuple(round(0.1 * step, 1) for step in range(11))
WORD = re.compile(r"\w+")
MOST = 25
"""Words of a wish."""


@dataclass(frozen=True)
class IntentionStudy:
    """How a model follows wishes.

    Attributes:
        alpha: The weight chosen on the validation targets, by NDCG.
        valid: Weight → metrics on the validation targets.
        without: Test metrics of the model as it is.
        wished: Test metrics with wishes, at ``alpha``.
        asked: Test targets that had a wish, and all of them.
        examples: Some item titles and their wishes.
    """

    alpha: float
    valid: dict[float, dict[str, float]]
    without: dict[str, float]
    wished: dict[str, float]
    asked: tuple[int, int]
    examples: list[tuple[str, str]]


def study_intention(
    folder: str | Path,
    *,
    data: str | Path | None = None,
    alphas: Sequence[float] = ALPHAS,
    cutoff: int = 5,
    columns: Sequence[str] = ATTRIBUTES,
) -> IntentionStudy:
    """Measures a finished run with a wish for every target.

    Args:
        folder: The run.
        data: Where its data set lies now, when it was moved.
        alphas: Weights to choose among.
        cutoff: Length of the lists.
        columns: What wishes are made of.

    Raises:
        DataError: If the recipe follows no wishes, or the catalogue has no attributes to make any of.
    """
    saved = load_model(Path(folder) / MODEL)
    if not isinstance(saved.model, FollowsIntent) or not isinstance(saved.model, Retriever):
        raise DataError(f"the recipe {saved.recipe!r} cannot follow a wish in words", allowed="a run of alpharec")
    follower = saved.model
    dataset = dataset_of(read_record(folder), data)
    wishes = item_wishes(dataset, columns)
    told = {text: row for row, text in enumerate(dict.fromkeys(filter(None, wishes)))}
    said = reader_of(saved).said(list(told))
    rows = np.array([told.get(text, -1) for text in wishes])
    split = make_split(dataset, saved.config.split)

    def measure(targets: Targets, alpha: float) -> dict[str, float]:
        asked = targets.take(np.flatnonzero(rows[targets.items] >= 0))
        model = Wishing(follower, said[rows[asked.items]], alpha)
        numbered = replace(asked, users=np.arange(len(asked)))
        places = ranks(model, numbered, mask_seen=saved.config.mask_seen)
        return mean_metrics(places, (cutoff,), ("hr", "ndcg"))

    valid = {alpha: measure(split.valid, alpha) for alpha in alphas}
    best = max(valid, key=lambda alpha: valid[alpha][f"ndcg@{cutoff}"])
    titles = dataset.titles()
    some = np.unique(split.test.items)[:: max(1, dataset.num_items // 5)]
    shown = [(titles[item], wishes[item]) for item in some if wishes[item]]
    count = int((rows[split.test.items] >= 0).sum())
    without, wished = (measure(split.test, alpha) for alpha in (0.0, best))
    return IntentionStudy(best, valid, without, wished, (count, len(split.test)), shown)


def item_wishes(dataset: Dataset, columns: Sequence[str] = ATTRIBUTES) -> list[str]:
    """A wish for every item, empty where its attributes say nothing that its title does not.

    Raises:
        DataError: If nothing can be wished for.
    """
    present = [name for name in columns if name in dataset.catalogue.columns]
    texts = [_values(dataset.catalogue[name]) for name in present]
    wishes = [_wish(title, values) for title, *values in zip(dataset.titles(), *texts, strict=True)]
    if not any(wishes):
        raise DataError(
            "no wish can be made: the catalogue's attributes say nothing that the titles do not",
            where="columns: " + ", ".join(dataset.catalogue.columns),
            allowed="a catalogue with some of " + ", ".join(columns),
        )
    return wishes


def _wish(title: str, values: Sequence[str]) -> str:
    """What the values say in words that neither the title nor an earlier value has."""
    known = {word.casefold() for word in WORD.findall(title)}
    found: list[str] = []
    for word in (word for value in values for word in WORD.findall(value)):
        if word.casefold() not in known:
            known.add(word.casefold())
            found.append(word)
    return " ".join(found[:MOST])


def _values(column: pl.Series) -> list[str]:
    if isinstance(column.dtype, pl.List):
        column = column.cast(pl.List(pl.String)).list.join(" ", ignore_nulls=True)
    return column.cast(pl.String).fill_null("").to_list()


class Wishing(Retriever):
    """A model whose questions come with a wish each; they are told apart by their number, given as the user.

    Args:
        model: A retriever that follows wishes.
        said: Language vectors of the wishes, by number of the question, ``(m, D)``.
        alpha: What they weigh; at 0 the model answers as it is.
    """

    def __init__(self, model: FollowsIntent, said: Tensor, alpha: float) -> None:
        super().__init__()
        self.model, self.said, self.alpha = model, said, alpha
        self.num_items = model.num_items

    def prepare(self) -> None:
        self.model.prepare()

    def item_vectors(self) -> Tensor:
        return self.model.intent_items() if self.alpha else self.model.item_vectors()

    def user_vectors(self, histories: Sequences, users: Users = None) -> Tensor:
        if not self.alpha:
            return self.model.user_vectors(histories)
        assert users is not None
        return self.model.intent_vectors(histories, self.said[_index(users)], self.alpha)


def _index(users: NDArray[np.int64]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(users))
