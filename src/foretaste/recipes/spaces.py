"""The spaces that `foretaste tune` searches unless told otherwise: equal in size for models of one family.

Few keys, each known to matter: a search of twenty trials over three or four keys finds more than one over ten.
"""

from __future__ import annotations

from foretaste.recipes.space import Choice, Range

SEQUENCE: dict[str, Range | Choice] = {
    "train.lr": Range(5e-4, 8e-3, log=True),
    "dropout": Range(0.1, 0.7),
    "train.weight_decay": (0.0, 0.01, 0.1),
    "layers": (1, 2),
}
"""SASRec, GRU4Rec, BERT4Rec."""

PAIRS: dict[str, Range | Choice] = {
    "train.lr": Range(1e-3, 5e-2, log=True),
    "temperature": Range(0.05, 0.5, log=True),
    "l2": Range(1e-6, 1e-2, log=True),
}
"""LightGCN and what is built on it; what its ``ridge`` does, no validation target sees."""

FACTORS: dict[str, Range | Choice] = {**PAIRS, "ridge": (0.1, 1.0, 10.0)}
"""MF, which places everybody by ridge regression."""
