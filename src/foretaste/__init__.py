"""Foretaste: LLM-enhanced sequential recommendation, from an interaction log to a live recommender.

>>> import foretaste
>>> recommender = foretaste.load("runs/sasrec")                              # doctest: +SKIP
>>> recommender.recommend(histories=[["B00KCF8ZWY", "B00DQ2ILQY"]], k=10)    # doctest: +SKIP

Importing the package loads neither torch nor polars; each name below is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from foretaste.core.errors import ForetasteError

if TYPE_CHECKING:
    from foretaste.data.dataset import Dataset
    from foretaste.serving.recommender import Recommender, load

__version__ = "0.1.0"
__all__ = ["Dataset", "ForetasteError", "Recommender", "__version__", "load"]

_WHERE = {
    "Dataset": "foretaste.data.dataset",
    "Recommender": "foretaste.serving.recommender",
    "load": "foretaste.serving.recommender",
}


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'foretaste' has no attribute {name!r}")
