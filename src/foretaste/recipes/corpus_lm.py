"""The language model that writes: one that is given, or a small one made from the catalogue's own texts as a stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.core.progress import say
from foretaste.models.said import NextToken, token_probability
from foretaste.recipes.seeding import seed_everything
from foretaste.text.encoders.base import count_words
from foretaste.text.encoders.loading import LanguageModel, load_language_model, quiet
from foretaste.text.generation.corpus_lm import CorpusLMConfig, corpus_lm, train_tokenizer
from foretaste.text.generation.likelihood import text_rows
from foretaste.training.batches import SequenceBatches
from foretaste.training.config import TrainConfig
from foretaste.training.loop import fit

CORPUS = "corpus"
"""Says that the language model is to be made from the catalogue."""

NAME = "corpus LM"
METRIC = "token_probability"
TOKENIZER, MODEL = "tokenizer", "model"
CHECKED_TOKENS = 8192
"""Tokens of a batch that is only measured on."""


@dataclass(frozen=True)
class CorpusKeys(CorpusLMConfig):
    """The language model made from the catalogue, and how it learns."""

    heldout: float = option(0.05, "Share of the texts kept out to choose the best epoch by.", low=0.001, high=0.5)
    train: TrainConfig = option(
        TrainConfig(
            epochs=4,
            lr=3e-3,
            weight_decay=0.1,
            beta2=0.95,
            schedule="cosine",
            warmup_steps=50,
            clip=1.0,
        ),
        "How it learns; best is what gives held-out texts' tokens the highest probability.",
    )


def corpus_language_model(
    run: Run, texts: Sequence[str], keys: CorpusKeys, *, max_tokens: int, seed: int, made_of: str
) -> LanguageModel:
    """A small causal language model of these texts: the stage ``language-model``.

    Args:
        run: The run that owns the stage.
        texts: What it is made of.
        keys: Its size and training.
        max_tokens: Longest text.
        seed: Of its weights and of the order of texts.
        made_of: Fingerprint of the texts.
    """

    def make(folder: Path) -> LanguageModel:
        tokenizer = _tokenizer(folder / TOKENIZER, texts, keys.vocabulary)
        seed_everything(seed)
        network = corpus_lm(keys, tokenizer, max_tokens=max_tokens + 1)
        rows = text_rows(tokenizer, texts, max_tokens).rows
        order = np.random.default_rng([seed, 1]).permutation(len(rows))
        kept_out = max(1, round(keys.heldout * len(order)))
        held, learnt = (
            SequenceBatches(rows.take(np.sort(part)), max_len=max_tokens, tokens=tokens, seed=seed)
            for part, tokens in ((order[:kept_out], CHECKED_TOKENS), (order[kept_out:], keys.train.batch_tokens))
        )
        model, checks = NextToken(network), [held.batch(block) for block in held.epoch(0)]
        fit(
            model,
            learnt,
            keys.train,
            folder=folder,
            validate=lambda: {METRIC: token_probability(model, checks)},
            seed=seed,
            choose_by=METRIC,
        )
        if run.writes:
            with quiet():
                network.save_pretrained(folder / MODEL)  # type: ignore[operator]
                tokenizer.save_pretrained(folder / MODEL)
        return LanguageModel(network.cpu().eval(), tokenizer, NAME, "decoder", keys.width, source=str(folder / MODEL))

    def read(folder: Path) -> LanguageModel:
        return replace(load_language_model(folder / MODEL, writes=True), name=NAME)

    inputs = {"keys": keys, "texts": made_of, "max_tokens": max_tokens, "seed": seed}
    found = run.stage("language-model", make, read, inputs=inputs)
    say(
        f"language  {NAME}, {count_words(found.parameters)} parameters, trained on this catalogue: no pre-trained model"
    )
    return found


def _tokenizer(folder: Path, texts: Sequence[str], vocabulary: int) -> Any:
    """Learnt once: a run that goes on reads the one that it began with."""
    from transformers import PreTrainedTokenizerFast

    if (folder / "done").is_file():
        return PreTrainedTokenizerFast.from_pretrained(folder)
    tokenizer = train_tokenizer(texts, vocabulary)
    tokenizer.save_pretrained(folder)
    (folder / "done").touch()
    return tokenizer
