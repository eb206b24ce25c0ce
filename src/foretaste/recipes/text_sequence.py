"""What recipes share that bring text into a sequence model."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor

from foretaste.core.artefact import Run
from foretaste.data.dataset import Dataset
from foretaste.models.backbones import BackboneConfig
from foretaste.models.losses import LossConfig
from foretaste.recipes.seeding import seed_everything
from foretaste.recipes.sequence import SequenceRecipeConfig
from foretaste.recipes.texts import TextConfig, embed_items


@dataclass(frozen=True)
class TextSequenceConfig(BackboneConfig, LossConfig, SequenceRecipeConfig):
    """Backbone, loss, training loop, and the texts."""

    text: TextConfig = field(default_factory=TextConfig, metadata={"help": "What is told of an item, and to whom."})


def text_vectors(run: Run, data: Dataset, config: TextSequenceConfig) -> Tensor:
    """Text vectors of the catalogue, ``(num_items, D)``.

    The random state is set anew afterwards: whether the texts were encoded now or read, initial weights are the same.
    """
    vectors = embed_items(run, data, config.text)
    seed_everything(config.seed)
    return vectors
