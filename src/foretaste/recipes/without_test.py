"""Data and split without their test targets, for whatever must not be chosen by them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from foretaste.data.dataset import Dataset
from foretaste.data.split import Split, Targets
from foretaste.data.target_sets import TargetSets


def without_test(dataset: Dataset, split: Split) -> tuple[Dataset, Split]:
    """The same data and split with nothing of the test targets left in them."""
    if isinstance(split.test, TargetSets):
        known = replace(split.train, lengths=split.train.lengths + _held(split.valid, len(split.train)))
        nothing = split.test.take(np.arange(0))
        return replace(dataset, sequences=known), replace(split, test=nothing)
    lengths = dataset.sequences.lengths.copy()
    lengths[split.test.users] = split.test.places
    nobody = split.test.take(split.test.users[:0])
    return replace(dataset, sequences=dataset.sequences.first(lengths)), replace(split, test=nobody)


def _held(targets: Targets, users: int) -> NDArray[np.int64]:
    """How many targets each user has; they lie behind the training items."""
    return np.bincount(targets.users, minlength=users).astype(np.int64)
