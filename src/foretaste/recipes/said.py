"""SAID: a frozen language model teaches every item a vector from which it writes the item's text; then a backbone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from foretaste.core.artefact import Run
from foretaste.core.config import flat, option
from foretaste.core.progress import say
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.backbones import backbone
from foretaste.models.said import SoftItems, token_probability
from foretaste.models.sequence import SequenceRecommender
from foretaste.nn.batch import SequenceBatch
from foretaste.nn.items import IdTable
from foretaste.recipes.corpus_lm import CHECKED_TOKENS, CORPUS, METRIC, CorpusKeys, corpus_language_model
from foretaste.recipes.given_model import given_model, in_words
from foretaste.recipes.item_start import ItemStartConfig, fit_from_vectors
from foretaste.recipes.item_vectors import About, taken_over, vector_stage
from foretaste.recipes.registry import Recipe
from foretaste.recipes.seeding import seed_everything
from foretaste.recipes.spaces import SEQUENCE
from foretaste.text.encoders.loading import LanguageModel
from foretaste.text.generation.likelihood import TextRows, text_rows
from foretaste.text.prompts import default_spec, item_prompts, read_spec
from foretaste.training.batches import SequenceBatches
from foretaste.training.config import TrainConfig
from foretaste.training.loop import fit

STAGE = "align"


@dataclass(frozen=True)
class AlignKeys:
    """How item vectors are made from texts."""

    language_model: str = option(
        CORPUS,
        "Folder, GGUF file or hub name of a causal language model; corpus: a small one made from the catalogue.",
        paper="LLaMA-7B",
    )
    prompt: str = option("", "File with the specification of the texts; empty: made from the catalogue's columns.")
    max_tokens: int = option(64, "Tokens that are written of a text.", low=4)
    width: int = option(64, "Width of an item's vector before the projector.", low=1)
    std: float = option(
        0.0, "Standard deviation of the vectors at the start; 0: all items start from the same one.", low=0
    )
    precision: str = option("fp32", "Number format of the frozen weights.", choices=("fp32", "bf16"))
    check: int = option(512, "Items by whose texts the best epoch is chosen.", low=1)
    vectors: str = option("", "Run whose item vectors are taken over instead; its seed and backbone do not matter.")
    corpus: CorpusKeys = option(CorpusKeys(), "The language model made from the catalogue.")
    train: TrainConfig = option(
        TrainConfig(epochs=3, lr=0.05, schedule="linear", warmup_steps=20, clip=0.0),
        "How the vectors learn; best is what gives the texts' tokens the highest probability.",
    )


@dataclass(frozen=True)
class SAIDRecipeConfig(ItemStartConfig):
    """All keys of the recipe."""

    said: AlignKeys = field(default_factory=AlignKeys, metadata={"help": "How item vectors are made from texts."})


def train(run: Run, data: Dataset, split: Split, config: SAIDRecipeConfig) -> SequenceRecommender:
    """Item vectors from a frozen language model, then a backbone that starts from them."""
    return fit_from_vectors(run, item_vectors(run, data, config), data, split, config)


def build(config: SAIDRecipeConfig, sizes: dict[str, int]) -> SequenceRecommender:
    """The network without its weights; no language model is needed any more."""
    return backbone(config, IdTable(sizes["num_items"], config.dim))


def item_vectors(run: Run, data: Dataset, config: SAIDRecipeConfig) -> Tensor:
    """The stages ``language-model`` (where none is given) and ``align``: what the frozen model reads, ``(V, D)``."""
    keys = config.said
    texts = item_texts(data, keys.prompt)
    about = About("said", _digest(data, texts), flat(keys))
    if keys.vectors:
        return taken_over(run, STAGE, data, keys.vectors, keys, about, key="said.vectors")
    made = _made(run, texts, keys, config.seed, about.made_of) if keys.language_model == CORPUS else None

    def make(folder: Path) -> tuple[Tensor, About]:
        model = made or given_model(keys.language_model, folder, precision=keys.precision, writes=True)
        return _align(folder, model, texts, keys, config.seed), replace(about, note=in_words(model))

    inputs = {"keys": keys, "texts": about.made_of, "seed": config.seed}
    return vector_stage(run, STAGE, data, make, inputs)


def _made(run: Run, texts: list[str], keys: AlignKeys, seed: int, made_of: str) -> LanguageModel:
    return corpus_language_model(run, texts, keys.corpus, max_tokens=keys.max_tokens, seed=seed, made_of=made_of)


def item_texts(data: Dataset, prompt: str) -> list[str]:
    """What is written of every item: its clauses without the instruction, which is the same for all."""
    spec = read_spec(prompt) if prompt else default_spec(data.catalogue)
    return replace(item_prompts(data.catalogue, spec), instruction="").texts()


def _digest(data: Dataset, texts: list[str]) -> str:
    digest = sha256()
    for raw, text in zip(data.items, texts, strict=True):
        digest.update(f"{raw}\0{text}\0".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _align(folder: Path, language_model: LanguageModel, texts: list[str], keys: AlignKeys, seed: int) -> Tensor:
    """Trains item vectors and projector in a folder, going on from what it finds there."""
    told = text_rows(language_model.tokenizer, texts, keys.max_tokens)
    seed_everything(seed)
    model = SoftItems(language_model.model, len(texts), keys.width, opening=told.opening, std=keys.std)
    checks = _checks(told, keys, seed)
    report = fit(
        model,
        SequenceBatches(told.rows, max_len=keys.max_tokens, tokens=keys.train.batch_tokens, seed=seed),
        keys.train,
        folder=folder,
        validate=lambda: {METRIC: token_probability(model, checks)},
        seed=seed,
        choose_by=METRIC,
    )
    cut = f", {told.cut:,} texts cut at {keys.max_tokens} tokens" if told.cut else ""
    say(f"align     {len(texts):,} items, a token of their texts has probability {report.best:.3f}{cut}")
    return model.vectors().cpu()


def _checks(told: TextRows, keys: AlignKeys, seed: int) -> list[SequenceBatch]:
    """Batches of some items' texts, the same in every epoch."""
    items = np.sort(np.random.default_rng([seed, 1]).permutation(len(told.rows))[: keys.check]).astype(np.int64)
    batches = SequenceBatches(told.rows.take(items), max_len=keys.max_tokens, tokens=CHECKED_TOKENS, seed=seed)
    found = [batches.batch(block) for block in batches.epoch(0)]
    return [replace(batch, users=torch.from_numpy(items)[batch.users]) for batch in found]


RECIPE = Recipe(
    name="said",
    summary="Item vectors from which a frozen language model writes the items' texts, then a backbone on them.",
    source="Hu et al., WWW 2024 companion, doi 10.1145/3589335.3648307; losses are our reading",
    config=SAIDRecipeConfig,
    train=train,
    build=build,
    space=SEQUENCE,
)
