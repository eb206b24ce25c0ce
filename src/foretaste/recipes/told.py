"""What is told to an encoder: the prompts of all items or all users of a data set, under their raw ids."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from foretaste.core.progress import say
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.recipes.text_config import TextConfig
from foretaste.text.encoders.base import Encoder
from foretaste.text.encoders.config import ENDPOINT, TFIDF
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
from foretaste.text.store import EmbeddingStore, Filled, StoreSpec, fill, rows_of_shard, text_digest


@dataclass(frozen=True)
class Told:
    """Texts under raw ids.

    Attributes:
        data: Name of the data set.
        kind: ``"items"`` or ``"users"``.
        ids: Raw ids, in the order of the dense ones.
        texts: One prompt for each.
        fingerprint: Of the prompts' specification.
    """

    data: str
    kind: str
    ids: list[str]
    texts: list[str]
    fingerprint: str

    @cached_property
    def digest(self) -> str:
        """Of specification, ids and texts."""
        digest = sha256(self.fingerprint.encode())
        for raw, text in zip(self.ids, self.texts, strict=True):
            digest.update(f"{raw}\0{text}\0".encode("utf-8", "surrogatepass"))
        return digest.hexdigest()


def items_told(data: Dataset, config: TextConfig) -> Told:
    """The prompts of all items."""
    spec = prompt_spec(data, config)
    prompts = item_prompts(data.catalogue, spec)
    return Told(data.name, "items", list(data.items), prompts.texts(), spec.fingerprint)


def users_told(data: Dataset, split: Split, config: TextConfig) -> Told:
    """The prompts of all users, short enough that an encoder cuts none of the newest items off."""
    user = read_user_spec(config.prompt) if config.prompt else UserPromptSpec()
    if config.encoder != TFIDF and not config.encoder.startswith(ENDPOINT):  # those count no tokens
        user = user.within(config.max_tokens)
    titles = item_titles(data.catalogue, prompt_spec(data, config))
    return Told(data.name, "users", list(data.users), user_prompts(split.train, titles, user), user.fingerprint)


def user_config(config: TextConfig) -> TextConfig:
    """The keys for users, who may have an encoder and a limit of their own."""
    return replace(
        config,
        encoder=config.user_encoder or config.encoder,
        max_tokens=config.user_tokens or config.max_tokens,
    )


def prompt_spec(data: Dataset, config: TextConfig) -> PromptSpec:
    """The specification that a config names, or the one that fits the catalogue."""
    return read_spec(config.prompt) if config.prompt else default_spec(data.catalogue)


def store_for(root: Path, told: Told, encoder: Encoder, config: TextConfig) -> EmbeddingStore:
    """The store below ``root`` that belongs to this data set, kind, encoder and prompt; begun if there is none."""
    spec = StoreSpec.of(encoder, told.fingerprint, config.store_dtype)
    name = re.sub(r"[^\w.+-]+", "-", f"{told.data}-{told.kind}-{encoder.name}")[:100]
    return EmbeddingStore.create(root / f"{name}-{spec.fingerprint[:10]}", spec)


def fill_store(
    store: EmbeddingStore, told: Told, encoder: Encoder, config: TextConfig, *, changed: str = "encode"
) -> Filled:
    """Encodes what the store lacks, and says so; see :func:`~foretaste.text.store.filling.fill`."""
    say(f"encoder   {encoder.describe()}")
    digests = [text_digest(text) for text in told.texts]
    lacking = len(store.missing(told.ids, digests))
    say(f"texts     {len(told.ids):,} {told.kind}, {len(told.ids) - lacking:,} of them encoded already: {store.folder}")
    if stale := len(store.changed(told.ids, digests)):
        say(f"texts     {stale:,} {told.kind} have another text than when they were encoded")
    rows = rows_of_shard(config.batch_tokens, encoder.dim)
    done = fill(store, told.ids, told.texts, encoder, changed=changed, rows=rows, title=f"encoding {told.kind}")
    if done.encoded:
        rate = f"{done.encoded / max(done.seconds, 1e-9):,.0f} a second"
        cut = f"{done.truncated:,} of them cut at {limit_of(encoder)}" if done.truncated else "none of them cut"
        say(f"encoded   {done.encoded:,} {told.kind} in {done.seconds:.1f} s ({rate}), {cut}")
    return done


def limit_of(encoder: Encoder) -> str:
    """Where an encoder cuts a text, in words."""
    tokens = getattr(encoder, "max_tokens", None)
    return f"{tokens} tokens" if tokens else "its limit"
