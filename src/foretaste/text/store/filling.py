"""Encoding what a store lacks, shard by shard.

A job that is killed loses the shard that it was at. The next one takes the ids still missing in the same order, so it
cuts and encodes the same blocks, and the store ends up the same to the bit. Inside a block the encoder is free to sort
the texts by length.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foretaste.core.errors import ArtefactError, ConfigError, DataError
from foretaste.core.progress import progress_bars
from foretaste.text.encoders.base import Encoder, NotFinite, Progress, Vectors
from foretaste.text.store.shard import NUMBERS, text_digest
from foretaste.text.store.spec import StoreSpec
from foretaste.text.store.store import SHARDS, EmbeddingStore
from foretaste.text.store.waiting import sole_writer

ROWS = 256
"""Rows of a shard: what a kill can lose, some seconds of a small encoder on a processor."""

BYTES = 1 << 26
"""Largest size of a shard's vectors."""


def rows_of_shard(batch_tokens: int, dim: int) -> int:
    """Rows of a shard such that an encoder's batches of so many tokens are filled, and its size stays bounded."""
    return max(1, min(max(ROWS, batch_tokens // TOKENS), BYTES // (4 * dim)))


TOKENS = 8
"""A quarter of the tokens of a short prompt: a block then fills four batches or more."""


@dataclass(frozen=True)
class Filled:
    """What a job did.

    Attributes:
        asked: Rows asked for.
        encoded: Of these, new in the store.
        truncated: Distinct texts among the new ones that the encoder cut.
        seconds: Time that encoding and writing took.
    """

    asked: int
    encoded: int
    truncated: int = 0
    seconds: float = 0.0


def fill(
    store: EmbeddingStore,
    ids: Sequence[str],
    texts: Sequence[str],
    encoder: Encoder,
    *,
    changed: str = "refuse",
    rows: int = ROWS,
    title: str = "encoding",
) -> Filled:
    """Encodes what is not in the store yet and appends it; what is there stays as it is.

    Args:
        store: Where to.
        ids: One for each text, each once.
        texts: What is encoded.
        encoder: The one that the store was begun with.
        changed: What happens to an id that is there with another text: ``"refuse"`` raises; ``"encode"`` appends a
            row for the new text, and the old one stays for whoever asks with the old text.
        rows: Rows of a shard.
        title: Stands before the progress bar.

    Raises:
        ArtefactError: If the encoder is another one, or a text changed under ``"refuse"``.
        DataError: If ids are repeated, or a vector holds a NaN or an infinity (names the id).
    """
    _check(ids, texts, changed, rows)
    spec = store.spec
    spec.refuse_other(StoreSpec.of(encoder, spec.prompt_fingerprint, spec.dtype), where=store.folder)
    digests = [text_digest(text) for text in texts]
    if changed == "refuse":
        _refuse_changed(store, ids, texts, digests)
    if not store.missing(ids, digests):
        return Filled(len(ids), 0)
    began, cut = time.perf_counter(), encoder.truncated
    with sole_writer(store.folder):
        sweep(store.folder / SHARDS)
        store.refresh()
        if changed == "refuse":  # another process may have been at it
            _refuse_changed(store, ids, texts, digests)
        todo = store.missing(ids, digests)
        known = store.index.by_text() if todo else {}
        with progress_bars() as bars:
            task = bars.add_task(title, total=len(ids), completed=len(ids) - len(todo), note="")
            for start in range(0, len(todo), rows):
                block = todo[start : start + rows]
                job = _Job(store, encoder, known, lambda count: bars.advance(task, count))
                job.append([ids[i] for i in block], [texts[i] for i in block])
        store.finish()
    return Filled(len(ids), len(todo), encoder.truncated - cut, time.perf_counter() - began)


@dataclass(frozen=True)
class _Job:
    """What the shards of one call share.

    Attributes:
        store: Where to.
        encoder: What encodes.
        known: A row for each text of the store: under another id it is not encoded a second time.
        progress: Called with the number of rows done.
    """

    store: EmbeddingStore
    encoder: Encoder
    known: dict[bytes, int]
    progress: Progress

    def append(self, ids: list[str], texts: list[str]) -> None:
        """One shard."""
        digests = [text_digest(text) for text in texts]
        rows = np.array([self.known.get(digest, -1) for digest in digests], dtype=np.int64)
        old, new = np.flatnonzero(rows >= 0).tolist(), np.flatnonzero(rows < 0).tolist()
        out = np.empty((len(texts), self.store.spec.dim), dtype=np.float32)
        out[old] = self.store.at(rows[old])
        self.progress(len(old))
        if new:
            out[new] = self._encode([ids[i] for i in new], [texts[i] for i in new])
        first = len(self.store.index)
        self.store.append(ids, texts, out)
        for place, digest in enumerate(digests):
            self.known.setdefault(digest, first + place)

    def _encode(self, ids: list[str], texts: list[str]) -> Vectors:
        spec = self.store.spec
        try:
            vectors = self.encoder.encode(texts, progress=self.progress)
        except NotFinite as error:
            raise _not_finite(ids[error.row], texts[error.row], spec) from error
        if vectors.shape != (len(texts), spec.dim):
            raise ArtefactError(
                f"the encoder {spec.encoder} gave vectors of the shape {vectors.shape}",
                where=str(self.store.folder),
                allowed=str((len(texts), spec.dim)),
                mend="give another folder for the store",
            )
        with np.errstate(over="ignore"):
            finite = np.isfinite(vectors.astype(NUMBERS[spec.dtype])).all(axis=1)
        if not finite.all():
            place = int(np.flatnonzero(~finite)[0])
            raise _not_finite(ids[place], texts[place], spec)
        return vectors


def _not_finite(raw: str, text: str, spec: StoreSpec) -> DataError:
    shown = text if len(text) <= 120 else text[:120] + "…"
    wide = " (too large for fp16, perhaps)" if spec.dtype == "fp16" else ""
    return DataError(
        f"the encoder {spec.encoder} gave {raw!r} a vector with NaN or infinity{wide}",
        where=f"{raw!r}: {shown!r}",
        allowed="finite numbers" + (" up to 65,504" if wide else ""),
        mend="correct that text, or use precision=fp32" + (" and store_dtype=fp32" if wide else ""),
    )


def _check(ids: Sequence[str], texts: Sequence[str], changed: str, rows: int) -> None:
    if changed not in ("refuse", "encode"):
        raise ConfigError(f"changed={changed!r} is not known", allowed="refuse, encode")
    if len(ids) != len(texts):
        raise DataError(f"{len(ids)} ids came with {len(texts)} texts", allowed="one text for each id")
    if rows < 1:
        raise ConfigError(f"a shard of {rows} rows cannot be written", allowed="1 or more")
    if len(set(ids)) < len(ids):
        seen: set[str] = set()
        double = next(raw for raw in ids if raw in seen or seen.add(raw))  # type: ignore[func-returns-value]
        raise DataError(f"the id {double!r} stands twice", allowed="each id once", mend="remove one of the two rows")


def _refuse_changed(store: EmbeddingStore, ids: Sequence[str], texts: Sequence[str], digests: Sequence[bytes]) -> None:
    changed = store.changed(ids, digests)
    if not changed:
        return
    shown = ", ".join(repr(ids[i]) for i in changed[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
    raise ArtefactError(
        f"the text of {len(changed)} ids is another one than when they were encoded: {shown}",
        where=f"{store.folder}; {ids[changed[0]]!r} now reads {texts[changed[0]][:120]!r}",
        allowed="the texts that the store was written from, and new ids",
        mend="encode them anew beside the old rows with changed=encode (--changed encode), or give another folder",
    )


def sweep(folder: Path) -> None:
    """Removes what a killed job left half-written, by us or the library; for the sole writer only."""
    for part in folder.glob(".*"):
        part.unlink(missing_ok=True)
