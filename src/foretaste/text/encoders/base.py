"""What every encoder is: texts in, one vector each out, in the order given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from foretaste.core.errors import DataError

Vectors = NDArray[np.float32]
Progress = Callable[[int], None]
"""Called with the number of texts that were finished since the last call."""


@runtime_checkable
class Encoder(Protocol):
    """Turns texts into vectors.

    Attributes:
        name: Of the model, as results print it.
        parameters: Of the model; 0 where nobody says, as behind an endpoint.
        dim: Length D of a vector.
        fingerprint: Digest of everything that the vectors depend on but the texts.
        truncated: Distinct texts that were cut at the limit so far.
    """

    @property
    def name(self) -> str: ...
    @property
    def parameters(self) -> int: ...
    @property
    def dim(self) -> int: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def truncated(self) -> int: ...

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """One vector for each text, ``(n, D)`` float32 and finite, in the order of the texts.

        Args:
            texts: Any texts; empty ones and repetitions are allowed, and equal texts get equal vectors.
            progress: Called with the number of texts finished since the last call.

        Raises:
            NotFinite: If a vector holds a NaN or an infinity; says which text.
        """

    def describe(self) -> str:
        """One line: name, number of parameters, dimension and whatever else the vectors depend on."""


class NotFinite(DataError):
    """An encoder answered a text with something that is no vector.

    Attributes:
        row: Place of the text among those given.
    """

    def __init__(self, row: int, text: str, encoder: str) -> None:
        self.row = row
        shown = text if len(text) <= 200 else text[:200] + "…"
        super().__init__(
            f"the encoder {encoder} gave a vector with NaN or infinity",
            where=f"text {row}: {shown!r}",
            allowed="finite numbers",
            mend="shorten or correct that text, or use precision fp32 if the model runs in fewer bits",
        )


def encode_distinct(
    texts: Sequence[str], encode: Callable[[list[str], Progress], Vectors], *, name: str, progress: Progress | None
) -> Vectors:
    """Encodes every distinct text once and puts the vectors where they belong.

    Args:
        texts: As given by the caller.
        encode: Encodes distinct texts, ``(m, D)``.
        name: Of the encoder, for errors.
        progress: Of the caller; repetitions count as finished with the first of their kind.

    Raises:
        NotFinite: For the first text whose vector is not finite.
    """
    place: dict[str, int] = {}
    where = np.fromiter((place.setdefault(text, len(place)) for text in texts), dtype=np.int64, count=len(texts))
    report = progress or (lambda _: None)
    vectors = encode(list(place), report)
    report(len(texts) - len(place))
    wrong = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(wrong):
        row = int(np.flatnonzero(np.isin(where, wrong))[0])
        raise NotFinite(row, texts[row], name)
    return vectors if len(place) == len(texts) else vectors[where]


def unit(vectors: Vectors) -> Vectors:
    """The rows scaled to length 1; a row of zeros stays one."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = vectors / np.maximum(norms, np.float32(1e-12))
    return scaled


def count_words(number: int) -> str:
    """A number of parameters in words: ``22.7 M``.

    >>> count_words(22_713_216)
    '22.7 M'
    """
    for size, letter in ((10**9, " B"), (10**6, " M"), (10**3, " k")):
        if number >= size:
            return f"{number / size:.3g}{letter}"
    return str(number)
