"""What a model can be asked beyond the next item, and what its catalogue tells of one."""

from __future__ import annotations

from typing import Any

import polars as pl

from foretaste.models.intent import FollowsIntent
from foretaste.serving.shelf import Shelf

OWN = frozenset({"item_id", "popularity"})
"""Columns that are not attributes of an item."""


def abilities(shelf: Shelf) -> dict[str, Any]:
    """``has_vectors`` (items can be compared and laid out), ``follows_intent`` (wishes in words), and ``columns``."""
    return {
        "has_vectors": has_plane(shelf),
        "follows_intent": isinstance(shelf.saved.model, FollowsIntent),
        "columns": {name: kind(dtype) for name, dtype in shelf.saved.catalogue.schema.items() if name not in OWN},
    }


def has_plane(shelf: Shelf) -> bool:
    """Whether items have vectors with at least two directions, without which all that point up look alike."""
    vectors = shelf.made.vectors
    return vectors is not None and vectors.shape[1] >= 2


def kind(dtype: pl.DataType) -> str:
    """What a column holds: ``text``, ``number``, ``flag``, ``list`` (of texts), or ``other``.

    >>> [kind(dtype) for dtype in (pl.String(), pl.Float64(), pl.List(pl.String()), pl.Boolean())]
    ['text', 'number', 'list', 'flag']
    """
    if dtype == pl.List(pl.String):
        return "list"
    if dtype == pl.Boolean:
        return "flag"
    return "text" if dtype in (pl.String, pl.Categorical) else "number" if dtype.is_numeric() else "other"
