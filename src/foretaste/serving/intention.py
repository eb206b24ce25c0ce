"""A wish in words beside a history: "a gift for a guitarist"."""

from __future__ import annotations

import torch
from torch import Tensor

from foretaste.core.errors import DataError
from foretaste.data.sequences import Sequences
from foretaste.models.intent import FollowsIntent
from foretaste.recipes.saved import SavedModel


def check_intent(saved: SavedModel, intent: str, alpha: float) -> None:
    """Refuses a wish that cannot be followed.

    Raises:
        DataError: If the recipe knows nothing of texts, the wish is empty, or ``alpha`` is out of range.
    """
    if not isinstance(saved.model, FollowsIntent):
        raise DataError(
            f"the recipe {saved.recipe!r} cannot follow a wish in words: its users are not made of texts",
            allowed="a run of alpharec",
            mend="train one: foretaste train alpharec --data DIR --out RUN",
        )
    if not isinstance(intent, str) or not any(map(str.isalnum, intent)):
        raise DataError(f"intent={intent!r} says nothing", allowed="a text, as 'a gift for a guitarist'")
    if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 <= alpha <= 1:
        raise DataError(f"alpha={alpha!r} is no weight", allowed="a number from 0 (history) to 1 (intention)")


def intent_scores(saved: SavedModel, histories: Sequences, said: Tensor, alpha: float) -> Tensor:
    """Scores of all items for histories beside their wishes, ``(n, V)`` on the CPU.

    Args:
        saved: The model.
        histories: ``n`` rows.
        said: Language vectors of the wishes, ``(n, D)``, or of the one that all have, ``(1, D)``.
        alpha: What it weighs.
    """
    model = saved.model
    assert isinstance(model, FollowsIntent)
    with torch.inference_mode():
        vectors = model.intent_vectors(histories, said.expand(len(histories), -1), alpha)
        scores: Tensor = (vectors @ model.intent_items().T).float().cpu()
    return scores
