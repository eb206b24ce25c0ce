"""TSLRec: a language model learns latent categories from users' item ids, then tells a vector of each id."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from foretaste.core.artefact import Run, fingerprint
from foretaste.core.config import flat, option
from foretaste.core.errors import ConfigError
from foretaste.core.files import write_atomic
from foretaste.core.progress import say
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.backbones import backbone
from foretaste.models.sequence import SequenceRecommender
from foretaste.models.tslrec import preferences
from foretaste.nn.items import IdTable
from foretaste.nn.kmeans import kmeans
from foretaste.recipes.collaborative import collaborative_vectors
from foretaste.recipes.id_reading import ReadKeys, told_vectors, tune
from foretaste.recipes.item_start import ItemStartConfig, fit_from_vectors
from foretaste.recipes.item_vectors import About, taken_over, vector_stage
from foretaste.recipes.registry import Recipe
from foretaste.recipes.spaces import SEQUENCE
from foretaste.text.encoders.loading import digest

STAGE = "embed"


@dataclass(frozen=True)
class TSLRecRecipeConfig(ItemStartConfig):
    """All keys of the recipe."""

    collaborative: str = option("", "Finished run whose item vectors are clustered; empty: a backbone is trained.")
    tslrec: ReadKeys = field(default_factory=ReadKeys, metadata={"help": "How item vectors are made from ids."})


def train(run: Run, data: Dataset, split: Split, config: TSLRecRecipeConfig) -> SequenceRecommender:
    """The stages of the paper, in its order, then a backbone that starts from the vectors."""
    return fit_from_vectors(run, item_vectors(run, data, split, config), data, split, config)


def build(config: TSLRecRecipeConfig, sizes: dict[str, int]) -> SequenceRecommender:
    """The network without its weights; no language model is needed any more."""
    return backbone(config, IdTable(sizes["num_items"], config.dim))


def item_vectors(run: Run, data: Dataset, split: Split, config: TSLRecRecipeConfig) -> Tensor:
    """The stages up to ``embed``: what the tuned language model makes of every id, ``(V, D)``."""
    keys = config.tslrec
    about = About("tslrec", fingerprint([data.fingerprint, split.protocol]), flat(keys))
    if keys.vectors:
        return taken_over(run, STAGE, data, keys.vectors, keys, about, key="tslrec.vectors")
    collaborative = collaborative_vectors(run, data, split, config, config.collaborative)
    wanted = category_stage(run, collaborative, split, keys, config.seed)
    tuned = run.stage(
        "sft",
        lambda folder: tune(folder, data.num_items, split.train, wanted, keys, config.seed),
        lambda folder: folder,
        inputs={"keys": keys, "seed": config.seed},
    )

    def make(_: Path) -> tuple[Tensor, About]:
        vectors, note = told_vectors(tuned, data.num_items, keys)
        return vectors, replace(about, note=note)

    return vector_stage(run, STAGE, data, make, {"keys": keys})


def category_stage(run: Run, vectors: Tensor, split: Split, keys: ReadKeys, seed: int) -> Tensor:
    """The stage ``preferences``: latent categories, and how each user is spread over them, ``(U, K)``.

    Only items with training interactions are clustered, by direction; the others are in no history.

    Raises:
        ConfigError: If there are fewer such items than categories.
    """
    seen = torch.from_numpy(split.train.counts(len(vectors)) > 0)
    if int(seen.sum()) < keys.categories:
        raise ConfigError(
            f"tslrec.categories={keys.categories}, but only {int(seen.sum())} items have training interactions",
            mend="ask for fewer categories",
        )

    def make(folder: Path) -> Tensor:
        category = torch.full((len(vectors),), 0)
        category[seen] = kmeans(F.normalize(vectors[seen], dim=-1), keys.categories, seed=seed)[0]
        wanted = preferences(split.train, category, keys.categories)
        size = torch.bincount(category[seen], minlength=keys.categories)
        say(f"category  {keys.categories} of {int(size.min())} to {int(size.max())} items each")
        tensors = {"category": category, "preferences": wanted}
        write_atomic(folder / "preferences.safetensors", lambda part: save_file(tensors, part))
        return wanted

    def read(folder: Path) -> Tensor:
        return load_file(folder / "preferences.safetensors")["preferences"]

    inputs = {"vectors": digest(vectors), "categories": keys.categories, "seed": seed}
    return run.stage("preferences", make, read, inputs=inputs)


RECIPE = Recipe(
    name="tslrec",
    summary="A language model reads users' item ids, learns the ids' latent categories, and tells vectors of them.",
    source="Liu et al. 2024 (TSLRec, later P2Rec), arXiv 2406.00333; losses are our reading",
    config=TSLRecRecipeConfig,
    train=train,
    build=build,
    space=SEQUENCE,
)
