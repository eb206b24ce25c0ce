"""The text stages that recipes share: a catalogue or its users become vectors, once, and are found again.

Where ``store`` names a folder, all runs share what is encoded there: a store for each encoder, prompt and kind of row,
which grows when a catalogue does. Otherwise the store lies inside the run's stage.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import torch
from torch import Tensor

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.core.progress import say
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.nn.reduce import pca
from foretaste.text.encoders.base import Encoder
from foretaste.text.encoders.config import EncoderConfig
from foretaste.text.encoders.opening import open_encoder
from foretaste.text.prompts import (
    PromptSpec,
    UserPromptSpec,
    default_spec,
    item_prompts,
    item_titles,
    read_spec,
    read_user_spec,
    user_prompts,
)
from foretaste.text.store import EmbeddingStore, StoreSpec, fill


@dataclass(frozen=True)
class TextConfig(EncoderConfig):
    """What is told of an item or a user, which encoder reads it, and where the vectors are kept."""

    prompt: str = option("", "file with the specification of the prompts; empty: made from the catalogue's columns")
    store: str = option("", "folder of vectors that many runs share; empty: inside the run")
    store_dtype: str = option("fp32", "numbers in the store", choices=("fp32", "fp16"))
    reduce: int = option(
        0, "principal components that are kept of the vectors; 0: all columns", paper="LLMEmb: 1,536 of 4,096", low=0
    )


@dataclass(frozen=True)
class Told:
    """Texts under raw ids.

    Attributes:
        kind: ``"items"`` or ``"users"``.
        ids: Raw ids, in the order of the dense ones.
        texts: One prompt for each.
        fingerprint: Of the prompts' specification.
    """

    kind: str
    ids: list[str]
    texts: list[str]
    fingerprint: str

    @property
    def digest(self) -> str:
        """Of ids and texts."""
        digest = sha256(self.fingerprint.encode())
        for raw, text in zip(self.ids, self.texts, strict=True):
            digest.update(f"{raw}\0{text}\0".encode("utf-8", "surrogatepass"))
        return digest.hexdigest()


def embed_items(
    run: Run, data: Dataset, config: TextConfig, *, encoder: Encoder | None = None, stage: str = "embed"
) -> Tensor:
    """Text vectors of the whole catalogue as one stage of a run, ``(num_items, D)`` float32 in dense-id order.

    Args:
        run: The run that owns the stage.
        data: Whose catalogue.
        config: Prompt, encoder, store.
        encoder: One that is open already, as a tuned one; default: the one that ``config`` names.
        stage: Name of the stage.
    """
    return _embed(run, lambda: items_told(data, config), data, config, encoder, stage)


def embed_users(
    run: Run,
    data: Dataset,
    split: Split,
    config: TextConfig,
    *,
    encoder: Encoder | None = None,
    stage: str = "embed-users",
) -> Tensor:
    """Text vectors of all users, from training items only, ``(num_users, D)`` float32 in dense-id order.

    Args:
        run: The run that owns the stage.
        data: Whose users.
        split: Its training part is what is told.
        config: Prompt, encoder, store.
        encoder: One that is open already; default: the one that ``config`` names.
        stage: Name of the stage.
    """
    return _embed(run, lambda: users_told(data, split, config), data, config, encoder, stage)


def items_told(data: Dataset, config: TextConfig) -> Told:
    """The prompts of all items."""
    spec = prompt_spec(data, config)
    return Told("items", list(data.items), item_prompts(data.catalogue, spec).texts(), spec.fingerprint)


def users_told(data: Dataset, split: Split, config: TextConfig) -> Told:
    """The prompts of all users, short enough that the encoder cuts none of the newest items off."""
    user = (read_user_spec(config.prompt) if config.prompt else UserPromptSpec()).within(config.max_tokens)
    titles = item_titles(data.catalogue, prompt_spec(data, config))
    return Told("users", list(data.users), user_prompts(split.train, titles, user), user.fingerprint)


def prompt_spec(data: Dataset, config: TextConfig) -> PromptSpec:
    """The specification that a config names, or the one that fits the catalogue."""
    return read_spec(config.prompt) if config.prompt else default_spec(data.catalogue)


def _embed(
    run: Run, tell: Callable[[], Told], data: Dataset, config: TextConfig, encoder: Encoder | None, stage: str
) -> Tensor:
    told = tell()
    model = encoder if encoder is not None else open_encoder(config)

    def vectors(folder: Path) -> Tensor:
        store = open_store(Path(config.store) if config.store else folder, data, told, model, config)
        fill_store(store, told, model)
        return reduced(torch.from_numpy(store.vectors(told.ids, told.texts)), config.reduce)

    inputs = {
        "encoder": model.fingerprint,
        "prompts": told.digest,
        "data": data.fingerprint,
        "reduce": config.reduce,
        "dtype": config.store_dtype,
    }
    return run.stage(stage, vectors, vectors, inputs=inputs)


def open_store(root: Path, data: Dataset, told: Told, encoder: Encoder, config: TextConfig) -> EmbeddingStore:
    """The store below ``root`` that belongs to this data set, kind, encoder and prompt."""
    spec = StoreSpec.of(encoder, told.fingerprint, config.store_dtype)
    name = re.sub(r"[^\w.-]+", "-", f"{data.name}-{told.kind}-{encoder.name}")
    return EmbeddingStore.create(root / f"{name}-{spec.fingerprint[:10]}", spec)


def fill_store(store: EmbeddingStore, told: Told, encoder: Encoder) -> None:
    """Encodes what the store lacks, and says so."""
    say(f"encoder   {encoder.describe()}")
    lacking = len(store.missing(told.ids, told.texts))
    say(f"texts     {len(told.ids):,} {told.kind}, {len(told.ids) - lacking:,} of them in {store.folder}")
    done = fill(store, told.ids, told.texts, encoder, changed="encode", title=f"encoding {told.kind}")
    if done.encoded:
        rate = done.encoded / max(done.seconds, 1e-9)
        say(f"encoded   {done.encoded:,} in {done.seconds:.1f} s ({rate:,.0f} a second), {done.truncated:,} texts cut")


def reduced(vectors: Tensor, dim: int) -> Tensor:
    """The first principal components, where so many are asked for."""
    return pca(vectors, dim) if 0 < dim < vectors.shape[1] else vectors
