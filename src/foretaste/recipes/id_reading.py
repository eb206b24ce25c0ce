"""A language model that learns to read item ids: tuned in one folder, asked for a vector of each id afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretaste.core.config import option
from foretaste.data.sequences import Sequences
from foretaste.models.lora import with_lora
from foretaste.models.tslrec import PreferenceReader, fitting
from foretaste.nn.batch import SequenceBatch
from foretaste.recipes.given_model import given_model, in_words
from foretaste.recipes.seeding import seed_everything
from foretaste.text.encoders.batching import batches_of
from foretaste.text.encoders.config import MINILM
from foretaste.text.encoders.loading import LanguageModel
from foretaste.text.encoders.tokens import tokenise
from foretaste.training.batches import SequenceBatches
from foretaste.training.checkpoint import load_weights
from foretaste.training.config import TrainConfig
from foretaste.training.loop import fit
from foretaste.training.processes import Processes

METRIC = "category_probability"
CHECKED_TOKENS = 4096
"""Tokens of a batch that is only measured on."""


@dataclass(frozen=True)
class ReadKeys:
    """How item vectors are made from ids."""

    encoder: str = option(MINILM, "Language model: minilm, a folder, a GGUF file or a hub name.", paper="a 7 B decoder")
    pooling: str = option(
        "auto",
        "Which states become a vector; auto: the last of a decoder, the mean of an encoder.",
        choices=("auto", "mean", "last", "cls"),
    )
    precision: str = option("fp32", "Number format of the frozen weights.", choices=("fp32", "bf16"))
    categories: int = option(64, "Latent categories: clusters of the collaborative vectors.", low=2)
    max_tokens: int = option(64, "Tokens of a user's ids; the newest are kept.", low=8)
    users: int = option(0, "Users that are read in training, drawn at random; 0: all.", low=0)
    heldout: float = option(0.05, "Share of these kept out to choose the best epoch by.", low=0.001, high=0.5)
    lora_rank: int = option(8, "Rank of the LoRA updates.", low=1)
    lora_alpha: float = option(32.0, "The updates are scaled by it over the rank.", low=0)
    lora_dropout: float = option(0.05, "Dropout on the updates' inputs.", low=0, high=0.99)
    vectors: str = option("", "Run whose item vectors are taken over instead; its seed and backbone do not matter.")
    train: TrainConfig = option(
        TrainConfig(epochs=2, lr=2e-3, schedule="linear", warmup_steps=20, clip=1.0),
        "How the language model learns; best is what gives users' categories the highest probability.",
    )


def tune(folder: Path, num_items: int, train: Sequences, wanted: Tensor, keys: ReadKeys, seed: int) -> Path:
    """Trains LoRA and head on users' ids in a folder, going on from what it finds there; returns the folder.

    Args:
        folder: Of the stage.
        num_items: Size of the catalogue.
        train: Training sequences, one row for each user.
        wanted: How each user is spread over the latent categories, ``(num_users, K)``.
        keys: How.
        seed: Of the users, the order, and the new weights.
    """
    language_model = given_model(keys.encoder, folder, precision=keys.precision)
    learnt, held = _users(train, keys, seed)
    texts = IdTexts(language_model, num_items, keys.max_tokens)
    model = _reader(language_model, keys, seed, wanted)
    checks = _batches(texts, train, held, keys, seed, CHECKED_TOKENS)
    blocks = [checks.batch(block) for block in checks.epoch(0)]
    fit(
        model,
        _batches(texts, train, learnt, keys, seed, keys.train.batch_tokens),
        keys.train,
        folder=folder,
        validate=lambda: {METRIC: category_probability(model, blocks)},
        seed=seed,
        choose_by=METRIC,
    )
    return folder


@torch.no_grad()
def told_vectors(folder: Path, num_items: int, keys: ReadKeys) -> tuple[Tensor, str]:
    """What the tuned model makes of each item's id alone, ``(num_items, D)``, and the model in words."""
    language_model = given_model(keys.encoder, folder, precision=keys.precision)
    note = in_words(language_model)
    texts = IdTexts(language_model, num_items, keys.max_tokens)
    model = _reader(language_model, keys, 0, torch.empty(0, keys.categories))
    load_weights(folder / "weights.safetensors", model)
    device = Processes(keys.train.device).device
    model.to(device).eval()
    out = torch.empty(num_items, language_model.hidden)
    for places, ids, mask in batches_of(texts.alone(), CHECKED_TOKENS, language_model.pad_id):
        out[places] = model.embed(ids.to(device), mask.sum(1).to(device)).cpu()
    return out, note


def category_probability(model: PreferenceReader, batches: list[SequenceBatch]) -> float:
    """``exp(-cross-entropy)`` of what is said of users: the geometric mean of what their categories get."""
    device = next(model.parameters()).device
    with torch.inference_mode():
        losses = torch.cat([model.user_losses(batch.to(device)).double() for batch in batches])
    return float(losses.mean().neg().exp())


class IdTexts:
    """Item ids as texts, ``item 12, item 845``.

    The numbers are dealt out at random, the same in every run: a catalogue is often listed in the order in which its
    items were first bought, so that neighbouring numbers would tell who bought what, the held-out targets included.

    Args:
        model: Whose tokens are counted.
        num_items: Size of the catalogue.
        max_tokens: Most tokens of a text.
    """

    def __init__(self, model: LanguageModel, num_items: int, max_tokens: int) -> None:
        self.model, self.max_tokens = model, max_tokens
        self.names = [f"item {number}" for number in np.random.default_rng(num_items).permutation(num_items)]
        plain = model.tokenizer([f"{name}, " for name in self.names], add_special_tokens=False)["input_ids"]
        self.tokens = np.array([len(row) for row in plain], dtype=np.int64)
        whole, bare = (len(model.tokenizer("item", add_special_tokens=s)["input_ids"]) for s in (True, False))
        self.room = max_tokens - (whole - bare)

    def of(self, rows: Sequences) -> list[list[int]]:
        """Token ids of histories, oldest id first; ids that do not fit are left out, the oldest first."""
        kept = fitting(rows, self.tokens, self.room)
        texts = [", ".join([self.names[item] for item in row]) for row in map(kept.__getitem__, range(len(kept)))]
        return tokenise(self.model, texts, self.max_tokens)[0]

    def alone(self) -> list[list[int]]:
        """Token ids of each item by itself."""
        return tokenise(self.model, self.names, self.max_tokens)[0]


def _users(train: Sequences, keys: ReadKeys, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Users to learn from, and users kept out."""
    order = np.random.default_rng([seed, 1]).permutation(np.flatnonzero(train.lengths > 0))
    order = order[: keys.users] if keys.users else order
    kept_out = max(1, round(keys.heldout * len(order)))
    return np.sort(order[kept_out:]), np.sort(order[:kept_out])


def _batches(
    texts: IdTexts, train: Sequences, users: NDArray[np.int64], keys: ReadKeys, seed: int, tokens: int
) -> SequenceBatches:
    """Batches of users' tokens; the batches name the users by their dense ids."""
    rows = Sequences.from_lists(texts.of(train.take(users)))
    batches = SequenceBatches(rows, max_len=keys.max_tokens, tokens=tokens, seed=seed)
    batches.users = users[batches.users]
    return batches


def _reader(language_model: LanguageModel, keys: ReadKeys, seed: int, wanted: Tensor) -> PreferenceReader:
    seed_everything(seed)
    auto = "last" if language_model.kind == "decoder" else "mean"
    network = with_lora(language_model.model, rank=keys.lora_rank, alpha=keys.lora_alpha, dropout=keys.lora_dropout)
    return PreferenceReader(
        network,
        language_model.hidden,
        keys.categories,
        preferences=wanted,
        pooling=auto if keys.pooling == "auto" else keys.pooling,
    )
