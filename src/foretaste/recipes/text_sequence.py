"""What recipes share that bring text into a sequence model."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor

from foretaste.core.artefact import Run
from foretaste.data.dataset import Dataset
from foretaste.models.text_table import TextTableConfig, spread
from foretaste.recipes.seeding import seed_everything
from foretaste.recipes.sequence import BackboneRecipeConfig
from foretaste.recipes.texts import COMPANION, TextConfig, embed_items


@dataclass(frozen=True)
class TextSequenceConfig(BackboneRecipeConfig):
    """Backbone, loss, training loop, and the texts."""

    text: TextConfig = field(default_factory=TextConfig, metadata={"help": "What is told of an item, and to whom."})


def text_vectors(run: Run, data: Dataset, config: TextSequenceConfig) -> Tensor:
    """Text vectors of the catalogue, ``(num_items, D)``.

    The random state is set anew afterwards: whether the texts were encoded now or read, initial weights are the same.
    """
    vectors = embed_items(run, data, config.text)
    seed_everything(config.seed)
    return vectors


def spread_text(run: Run, text: Tensor, config: TextTableConfig, dim: int, *, std: float) -> Tensor:
    """The text vectors as an adapter reads them; what is done to them is told to the reader of later items.

    Args:
        run: The run whose companion reads later items.
        text: Vectors as the encoder gives them, ``(V, D)``.
        config: What is done to them.
        dim: Width of an item vector.
        std: Standard deviation of its entries, for principal components that are used directly.
    """
    done = spread(config, text, dim, std=std)
    if done is None:
        return text
    mean, matrix = done
    run.companions[COMPANION] = run.companions[COMPANION].then(mean, matrix)  # type: ignore[attr-defined]
    return ((text.double() - mean) @ matrix).float()
