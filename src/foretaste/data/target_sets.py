"""Questions with several answers: everything of a user that was held out at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foretaste.data.sequences import Sequences
from foretaste.data.split import Targets


@dataclass(frozen=True)
class TargetSets(Targets):
    """Targets of which a user has several: one row for each answer, those of a user side by side.

    A user's rows share the history. Whoever looks at single targets reads the rows as they are; whoever asks a user
    once takes the row in front of each user's (:attr:`firsts`).

    Attributes:
        left_out: Items that are left out of the ranking where seen ones are: the history, and at the test the
            validation answers too, ``m`` rows.
    """

    left_out: Sequences

    @property
    def firsts(self) -> NDArray[np.int64]:
        """The first row of each question, ``(q,)``."""
        return np.flatnonzero(np.diff(self.users, prepend=-1)).astype(np.int64)

    def take(self, index: NDArray[np.int64]) -> TargetSets:
        """Some of the rows, in the given order, which must keep those of a user side by side."""
        histories, left_out = self.histories.take(index), self.left_out.take(index)
        return TargetSets(self.users[index], self.places[index], self.items[index], histories, left_out)


def questions(targets: Targets) -> int:
    """How many users are asked."""
    return len(targets.firsts) if isinstance(targets, TargetSets) else len(targets)
