"""TF-IDF and a truncated singular value decomposition: an encoder that needs no language model.

It has to see a corpus before it can encode, and is kept in a folder so that new texts get vectors in the same space.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from foretaste.core.artefact import fingerprint
from foretaste.core.config import from_dict, to_dict
from foretaste.core.errors import ArtefactError, ConfigError, DataError
from foretaste.core.files import read_json, write_atomic, write_json
from foretaste.text.encoders.base import Progress, Vectors, count_words, encode_distinct, unit
from foretaste.text.encoders.config import TfidfConfig
from foretaste.text.encoders.svd import right_singular_vectors

WORD = re.compile(r"\w+", re.UNICODE)
CHUNK = 20_000


class TfidfEncoder:
    """Rows ``(1 + log tf) · idf``, scaled to length 1, times the leading right singular vectors of the corpus.

    Args:
        config: Dimension and vocabulary.
        normalize: Whether vectors are scaled to length 1; a text without known words stays zero.
    """

    def __init__(self, config: TfidfConfig | None = None, *, normalize: bool = True) -> None:
        self.config = config or TfidfConfig()
        self.normalize = normalize
        self.words: dict[str, int] = {}
        self.idf: NDArray[np.float32] = np.zeros(0, dtype=np.float32)
        self.components: NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)

    name = "tfidf-svd"
    truncated = 0

    @property
    def parameters(self) -> int:
        """Numbers learnt from the corpus."""
        return self.idf.size + self.components.size

    @property
    def dim(self) -> int:
        """Length of a vector; below ``config.dim`` where the corpus has fewer texts or words."""
        return int(self._fitted().shape[1])

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the vocabulary, the weights and the projection."""
        numbers = sha256(self.idf.tobytes() + self._fitted().tobytes()).hexdigest()
        return fingerprint({"words": list(self.words), "numbers": numbers, "keys": self._keys()})

    def describe(self) -> str:
        """One line for people."""
        size = f"{count_words(self.parameters)} parameters, {self.dim} dimensions"
        return f"{self.name}: {size}, {len(self.words):,} words{', length 1' if self.normalize else ''}"

    def fit(self, texts: Sequence[str], *, seed: int = 0) -> TfidfEncoder:
        """Learns words, weights and projection from a corpus.

        Args:
            texts: The corpus; repetitions count.
            seed: Of the randomised decomposition.

        Raises:
            DataError: If no word is left to count.
        """
        self.components = right_singular_vectors(self.learn_words(texts), self.config.dim, seed=seed)
        return self

    def learn_words(self, texts: Sequence[str]) -> Any:
        """Learns words and weights only.

        Args:
            texts: The corpus; repetitions count.

        Returns:
            The corpus before it is projected: rows of length 1, CSR ``(n, words)``; a text without known words is
            zero.

        Raises:
            DataError: If no word is left to count.
        """
        self.words = self._vocabulary(texts)
        self.__dict__.pop("fingerprint", None)
        counts = self._counts(texts)
        present = np.bincount(counts.indices, minlength=len(self.words))
        self.idf = (np.log((1 + len(texts)) / (1 + present)) + 1).astype(np.float32)
        return self._weighted(counts)

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """See :class:`~foretaste.text.encoders.base.Encoder`."""
        self._fitted()
        return encode_distinct(texts, self._encode, name=self.name, progress=progress)

    def save(self, folder: Path) -> None:
        """Writes vocabulary, weights and projection; no pickle."""
        from safetensors.numpy import save_file

        tensors = {"idf": self.idf, "components": self._fitted()}
        write_atomic(folder / "tfidf.safetensors", lambda part: save_file(tensors, str(part)))
        write_json(folder / "tfidf.json", self._keys() | {"words": list(self.words)})

    @classmethod
    def load(cls, folder: Path) -> TfidfEncoder:
        """Reads what :meth:`save` wrote.

        Raises:
            ArtefactError: If it is not there or damaged.
        """
        from safetensors.numpy import load_file

        try:
            content = read_json(folder / "tfidf.json")
            tensors = load_file(str(folder / "tfidf.safetensors"))
            encoder = cls(from_dict(TfidfConfig, content["config"]), normalize=content["normalize"])
            encoder.words = {word: place for place, word in enumerate(content["words"])}
            encoder.idf, encoder.components = tensors["idf"], tensors["components"]
        except (OSError, ValueError, KeyError) as error:
            raise ArtefactError(f"no fitted TF-IDF encoder can be read: {error}", where=str(folder)) from error
        return encoder

    def _keys(self) -> dict[str, Any]:
        return {"config": to_dict(self.config), "normalize": self.normalize}

    def _fitted(self) -> NDArray[np.float32]:
        if not self.words:
            raise ConfigError(
                "the encoder tfidf has seen no texts yet", allowed="fit(texts), or load(folder) of a fitted one"
            )
        return self.components

    def _encode(self, texts: list[str], report: Progress) -> Vectors:
        out = np.zeros((len(texts), self.dim), dtype=np.float32)
        for start in range(0, len(texts), CHUNK):
            part = texts[start : start + CHUNK]
            out[start : start + len(part)] = self._weighted(self._counts(part)) @ self.components
            report(len(part))
        return unit(out) if self.normalize else out

    def _vocabulary(self, texts: Sequence[str]) -> dict[str, int]:
        """Words by falling number of texts, then by spelling."""
        present = Counter(word for text in texts for word in set(self._terms(text)))
        most = max(1.0, self.config.max_share * len(texts))
        kept = [(-n, word) for word, n in present.items() if self.config.min_count <= n <= most]
        if not kept:
            raise DataError(
                f"no word occurs in {self.config.min_count} to {most:.0f} of the {len(texts):,} texts",
                allowed="a corpus whose texts share words",
                mend="set tfidf.min_count=1 and tfidf.max_share=1",
            )
        return {word: place for place, (_, word) in enumerate(sorted(kept)[: self.config.max_words])}

    def _counts(self, texts: Sequence[str]) -> Any:
        """How often each known word occurs, CSR ``(n, words)``."""
        indices: list[int] = []
        values: list[int] = []
        starts = [0]
        for text in texts:
            found = Counter(place for word in self._terms(text) if (place := self.words.get(word)) is not None)
            indices += found.keys()
            values += found.values()
            starts.append(len(indices))
        shape = (len(texts), len(self.words))
        return sparse.csr_matrix((np.asarray(values, dtype=np.float32), indices, starts), shape=shape)

    def _weighted(self, counts: Any) -> Any:
        rows = counts.copy()
        rows.data = (1 + np.log(rows.data)) * self.idf[rows.indices]
        norms = np.sqrt(rows.multiply(rows).sum(axis=1)).A1 if rows.nnz else np.zeros(rows.shape[0])
        return sparse.diags(1 / np.maximum(norms, 1e-12)).astype(np.float32) @ rows

    def _terms(self, text: str) -> Iterable[str]:
        words = WORD.findall(unicodedata.normalize("NFKC", text).casefold())
        return _with_pairs(words) if self.config.bigrams else words


def _with_pairs(words: list[str]) -> Iterator[str]:
    yield from words
    yield from (f"{a} {b}" for a, b in pairwise(words))
