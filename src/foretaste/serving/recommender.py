"""Recommendations from a saved folder and nothing else: raw ids in, raw ids out.

>>> recommender = foretaste.load("runs/sasrec")                              # doctest: +SKIP
>>> recommender.recommend(histories=[["B00KCF8ZWY", "B00DQ2ILQY"]], k=10)    # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretaste.core.errors import ArtefactError, DataError
from foretaste.core.paths import existing_folder
from foretaste.data.sequences import Sequences
from foretaste.models.base import Retriever
from foretaste.recipes.run_folder import MODEL, RUN
from foretaste.recipes.saved import SavedModel, load_model
from foretaste.recipes.text_reader import TextReader
from foretaste.serving.bundle.verify import is_bundle, verify
from foretaste.serving.intention import check_intent, intent_scores
from foretaste.serving.mixing import top
from foretaste.serving.queries import ALPHA
from foretaste.serving.recommendations import Recommendation, Recommendations, Request
from foretaste.serving.requests import check_arguments, read_candidates, read_request, unknown_id

BLOCK_SCORES = 1 << 23
"""Scores held at once (32 MB); bounds the memory of a batch of many histories."""


def load(folder: str | Path) -> Recommender:
    """The recommender in the folder of a run, of a model, or of a bundle, which is verified first.

    Raises:
        ArtefactError: If there is none, or it is damaged; names the nearest folder when the name is misspelt.
    """
    path = existing_folder(folder, "run", allowed="the folder of a finished run", error=ArtefactError)
    if is_bundle(path):
        verify(path)
    inner = path / MODEL
    if not inner.is_dir() and (path / RUN).is_file():
        raise ArtefactError(
            f"the run {str(path)!r} is not finished and has no model yet",
            where=str(path),
            mend=f"go on with `foretaste train --resume {path}`",
        )
    return Recommender(load_model(inner if inner.is_dir() else path))


class Recommender:
    """Answers for histories of raw item ids.

    Args:
        saved: A model read back from its folder.
    """

    def __init__(self, saved: SavedModel) -> None:
        self.saved = saved
        self.items = saved.items
        self._reader: TextReader | None = None

    def __repr__(self) -> str:
        return f"Recommender({self.saved.recipe}, {len(self.items):,} items)"

    def recommend(
        self,
        histories: Sequence[Sequence[str]] | None = None,
        k: int = 10,
        *,
        users: Sequence[str] | None = None,
        exclude_seen: bool = True,
        candidates: Sequence[str] | None = None,
        on_unknown: str = "report",
        intent: str | None = None,
        alpha: float = ALPHA,
    ) -> list[Recommendations]:
        """The ``k`` items most likely to come next, for each history.

        Args:
            histories: Raw item ids, oldest first; one list for each person.
            k: Items wanted for each.
            users: Raw user ids beside the histories, for models that know users; a stranger is reported.
            exclude_seen: Whether items of the history are left out.
            candidates: Raw item ids to choose among; default: the whole catalogue.
            on_unknown: ``report`` skips unknown ids and names them in the answer; ``error`` raises.
            intent: What these people are looking for, in words, for models that read texts (``alpharec``); a history
                may then be empty, and without any histories one list is given.
            alpha: What the intention weighs: 0 is the history alone, 1 the intention alone.

        Returns:
            One list for each history, best first, never longer than ``k`` and never filled up. Each list says which
            ids were unknown (``unknown``), whether popularity stood in (``fallback``), and what else a reader should
            know (``notes``).

        Raises:
            ForetasteError: If the arguments do not fit each other, or an id is unknown under ``error``.
        """
        if intent is not None:
            check_intent(self.saved, intent, alpha)
            histories = [[]] if histories is None and users is None else histories
        check_arguments(histories, k, users, on_unknown)
        allowed, strange = read_candidates(self.saved, candidates, on_unknown)
        rows: Sequence[Sequence[str]] = histories if histories is not None else [[] for _ in users or []]
        owners: Sequence[str | None] = users if users is not None else [None] * len(rows)
        asked = [
            read_request(self.saved, row, user, on_unknown=on_unknown, intent=intent)
            for row, user in zip(rows, owners, strict=True)
        ]
        said = None if intent is None else self._text_reader().said([intent])
        answers: list[Recommendations] = []
        size = max(1, BLOCK_SCORES // max(1, len(self.items)))
        for start in range(0, len(asked), size):
            block = asked[start : start + size]
            scores = self._scores(block) if said is None else self._intent_scores(block, said, alpha)
            answers += [
                self._answer(request, row, k, exclude_seen, allowed, strange)
                for request, row in zip(block, scores, strict=True)
            ]
        return answers

    def similar(self, item_id: str, k: int = 10) -> Recommendations:
        """The items whose vectors point most nearly the same way (cosine), the item itself left out.

        Raises:
            ForetasteError: If the item is unknown, or the model has no item vectors.
        """
        model = self.saved.model
        if not isinstance(model, Retriever):
            raise DataError(
                f"the recipe {self.saved.recipe!r} has no item vectors to compare",
                allowed="a model that retrieves by item vectors",
                mend="ask a run of sasrec, gru4rec, bert4rec, mf or lightgcn",
            )
        index = self.items.index_of(item_id)
        if index is None:
            raise unknown_id("item", item_id, list(self.items))
        with torch.inference_mode():
            vectors = torch.nn.functional.normalize(model.item_vectors().float(), dim=1)
            scores = (vectors @ vectors[index]).cpu()
        return self._answer(Request([index]), scores, k, True, None, [])

    def add_items(
        self,
        items: Sequence[Mapping[str, Any]] | pl.DataFrame,
        *,
        id_rows: str = "near",
        neighbours: int = 10,
        encoder: str | None = None,
    ) -> Recommender:
        """Takes in items that came after the training, by their text; nothing is trained again.

        From then on they are recommended and may stand in histories. They stay until this recommender is gone.

        Args:
            items: ``item_id`` and attributes of each, under the names of the catalogue's columns, as ``title``.
            id_rows: What a new item has where known ones have a free vector of their own: ``"near"``, the mean of
                those of the known items of nearest text at their usual length, or ``"zero"``.
            neighbours: How many these are.
            encoder: Where the text encoder lies now, if it was moved.

        Returns:
            This recommender.

        Raises:
            ForetasteError: If the recipe reads no texts (says which do), an item is known already, has no text or an
                unknown attribute. Nothing has changed then.
        """
        from foretaste.recipes.cold_start import with_items

        reader = self._text_reader(encoder)
        self.saved = with_items(self.saved, items, reader=reader, id_rows=id_rows, neighbours=neighbours)
        self.items = self.saved.items
        return self

    def _text_reader(self, encoder: str | None = None) -> TextReader:
        """What reads texts for this model; its encoder is opened once."""
        from foretaste.recipes.known_texts import reader_of

        if self._reader is None or encoder is not None:
            self._reader = reader_of(self.saved, encoder)
        return self._reader

    def _scores(self, block: list[Request]) -> Tensor:
        """Scores of all items, ``(n, V)`` on the CPU; popularity where there is nothing to go by."""
        histories = Sequences.from_lists([request.history for request in block])
        users = np.array([request.dense_user for request in block], dtype=np.int64)
        with torch.inference_mode():
            scores = self.saved.model.score(histories, users if (users >= 0).any() else None).float().cpu().clone()
            popular = torch.from_numpy(self.saved.popularity.astype(np.float32))
            for row, request in enumerate(block):
                if request.falls_back:
                    scores[row] = popular
        return scores

    def _intent_scores(self, block: list[Request], said: Tensor, alpha: float) -> Tensor:
        """Scores of all items for histories beside an intention, ``(n, V)`` on the CPU."""
        histories = Sequences.from_lists([request.history for request in block])
        return intent_scores(self.saved, histories, said, alpha)

    def _answer(
        self,
        request: Request,
        scores: Tensor,
        k: int,
        exclude_seen: bool,
        allowed: NDArray[np.int64] | None,
        strange: list[str],
    ) -> Recommendations:
        values = scores.numpy().astype(np.float64, copy=True)
        if exclude_seen:
            values[request.history] = np.nan
        pool = np.arange(len(values)) if allowed is None else allowed
        best = top(values, pool, k)
        found = [Recommendation(self.items[i], float(values[i]), self.saved.titles[i]) for i in best.tolist()]
        return Recommendations(found, wanted=k, request=request, unknown_candidates=strange)
