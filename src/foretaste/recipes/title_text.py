"""What recipes that serve several catalogues share: the same words told of every item, and how its vector is scaled."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor

from foretaste.core.artefact import Run
from foretaste.core.config import option
from foretaste.core.errors import ConfigError
from foretaste.data.dataset import Dataset
from foretaste.nn.reduce import whitening
from foretaste.recipes.text_config import TextConfig
from foretaste.recipes.text_reader import TextReader
from foretaste.recipes.texts import COMPANION, embed_items
from foretaste.recipes.vector_maps import Map
from foretaste.text.encoders.base import Encoder
from foretaste.text.prompts import Field, PromptSpec, write_spec

TITLE = PromptSpec(instruction="", fields=(Field("title", label="", max_chars=300),))
"""A title and nothing else: a prompt that every catalogue has."""

TOLD = "prompt.toml"

EPS = 1e-3
"""Added to each direction's variance when whitening, as a share of the largest: directions that hold next to nothing
are not blown up to the noise in which one reading of a text differs from another."""


def scale_key(default: str) -> str:
    """The key ``scale`` with this default."""
    key: str = option(
        default,
        "Text vectors: as the encoder gives them; centred, all numbers at one standard deviation; or whitened.",
        choices=("none", "standardise", "whiten"),
        paper="none",
    )
    return key


@dataclass(frozen=True)
class TitleTextConfig:
    """What is told of an item, which encoder reads it, and how its vectors are scaled."""

    tell: str = option(
        "columns",
        "What is told of an item: the catalogue's columns (or the file text.prompt), or its title alone, which is the "
        "same for every catalogue.",
        choices=("columns", "title"),
        paper="title",
    )
    scale: str = scale_key("standardise")
    text: TextConfig = field(default_factory=TextConfig, metadata={"help": "What is told of an item, and to whom."})


def read_titles(
    run: Run, data: Dataset, config: TitleTextConfig, *, encoder: Encoder | None = None, stage: str = "embed"
) -> Tensor:
    """Language vectors of a catalogue, ``(num_items, D)``; the reader of new items is left in the run.

    Args:
        run: The run that owns the stage.
        data: Whose catalogue.
        config: What is told, and to whom.
        encoder: One that is open already.
        stage: Name of the stage.

    Raises:
        ConfigError: If ``tell=title`` comes with a prompt of its own.
    """
    text = config.text
    if config.tell == "title":
        if text.prompt:
            raise ConfigError(
                "tell=title and text.prompt do not go together: the title is all that is told",
                allowed="tell=columns with text.prompt=FILE, or tell=title",
                mend="leave one of the two out",
            )
        text = replace(text, prompt=str(title_prompt(run)))
    vectors = embed_items(run, data, text, encoder=encoder, stage=stage)
    reader = run.companions[COMPANION]
    assert isinstance(reader, TextReader)
    scaling = scaling_of(vectors, config.scale)
    if scaling is None:
        return vectors
    mean, matrix = scaling
    run.companions[COMPANION] = reader.then(mean, matrix)
    return ((vectors.double() - mean) @ matrix).float()


def title_prompt(run: Run) -> Path:
    """The file with :data:`TITLE` in the run's folder."""
    file = run.folder / TOLD
    if not file.is_file() and run.writes:
        write_spec(file, TITLE)
    return file


def scaling_of(vectors: Tensor, kind: str) -> Map | None:
    """The map that ``kind`` names, fitted to these vectors; None for none.

    Vectors of language models share a large mean, and entries of unit vectors are small: a network that starts from
    random weights learns slowly from them as they are.
    """
    if kind == "none":
        return None
    rows = vectors.double()
    if kind == "whiten":
        return whitening(vectors, rows.shape[1], eps=EPS)
    std = (rows - rows.mean(0)).std().clamp_min(1e-12)
    return rows.mean(0), torch.eye(rows.shape[1], dtype=torch.float64) / std
