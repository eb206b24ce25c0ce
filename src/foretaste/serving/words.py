"""Finding items by the words of their titles, as a person types them: every word counts, the last may be unfinished."""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

WORD = re.compile(r"\w+")
LONGEST, MOST_WORDS = 64, 16
"""Letters of a word and words of a text that are looked at."""

PREFIXES = 200
"""Words that an unfinished one may stand for."""

WHOLE = 1.0
BEGUN = 0.6
"""Weight of a word that is only begun, against a whole one."""


class Words:
    """An inverted list: word → items, in one part for each time that items came.

    Args:
        parts: The parts, in the order of the dense ids.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = tuple(parts)
        self.num_items = sum(part.num_items for part in parts)

    @classmethod
    def of(cls, texts: Sequence[str]) -> Words:
        """One part from texts, one for each item in the order of the dense ids."""
        return cls([Part(texts)])

    def extended(self, texts: Sequence[str]) -> Words:
        """The same with further items; all that came later share a part, so that there are never more than two."""
        first, later = self.parts[0], [text for part in self.parts[1:] for text in part.texts]
        return Words([first, Part([*later, *texts])])

    def scores(self, text: str) -> NDArray[np.float32]:
        """How well each title fits, ``(V,)``: sums of the words' weights ``log(1 + V / n_w)``, 0 for no word at all."""
        words = list(dict.fromkeys(_words(text)[:MOST_WORDS]))
        return np.concatenate([part.scores(words, self.num_items) for part in self.parts])


class Part:
    """The inverted list of some items.

    Args:
        texts: One for each item.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        lists: dict[str, list[int]] = {}
        for item, text in enumerate(texts):
            for word in dict.fromkeys(_words(text)):
                lists.setdefault(word, []).append(item)
        self.texts, self.num_items = texts, len(texts)
        self._lists = {word: np.array(items, dtype=np.int64) for word, items in lists.items()}
        self._sorted = sorted(self._lists)

    def scores(self, words: Sequence[str], total: int) -> NDArray[np.float32]:
        """Sums of the words' weights for the items of this part.

        Args:
            words: What is looked for.
            total: Items in all parts.
        """
        found = np.zeros(self.num_items, dtype=np.float32)
        for word in words:
            best = np.zeros(self.num_items, dtype=np.float32)
            for other, share in self._meant(word):
                items = self._lists[other]
                best[items] = np.maximum(best[items], share * math.log1p(total / len(items)))
            found += best
        return found

    def _meant(self, word: str) -> list[tuple[str, float]]:
        """The word itself, if it is one, and the words that it begins."""
        start = bisect_left(self._sorted, word)
        meant: list[tuple[str, float]] = []
        for other in self._sorted[start : start + PREFIXES]:
            if not other.startswith(word):
                break
            meant.append((other, WHOLE if other == word else BEGUN))
        return meant


def _words(text: str) -> list[str]:
    return [word[:LONGEST] for word in WORD.findall(text.casefold())]
