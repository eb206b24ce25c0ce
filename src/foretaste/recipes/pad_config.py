"""All that can be chosen of a run of PAD."""

from __future__ import annotations

from dataclasses import dataclass, field

from foretaste.core.config import option
from foretaste.models.pad_alignment import AlignConfig
from foretaste.models.pad_config import PADConfig
from foretaste.recipes.neighbour_choice import NeighbourRecipeConfig
from foretaste.recipes.text_config import TextConfig
from foretaste.recipes.text_sequence import TextSequenceConfig


@dataclass(frozen=True)
class PADRecipeConfig(PADConfig, NeighbourRecipeConfig, TextSequenceConfig):
    """All keys of the recipe."""

    text: TextConfig = field(
        default_factory=lambda: TextConfig(layers="all"),
        metadata={"help": "What is told of an item, and to whom; all layers, where the model is narrow."},
    )
    align: AlignConfig = field(default_factory=AlignConfig, metadata={"help": "The second phase."})
    text_start: str = option(
        "trained",
        "Where the text expert starts in the last stage: trained alone before, as the id expert is, or from scratch.",
        choices=("trained", "random"),
        paper="random",
    )
    experts_lr: float | None = option(
        1e-4, "Peak learning rate of the last stage; none: train.lr.", paper="1e-4, ten times the others'", low=0
    )
    freeze: tuple[str, ...] = option(
        (),
        "Parts that the last stage leaves as they are: gate, id.items, id.encoder, aligned.items (or aligned.ids, "
        "aligned.text), aligned.encoder, text.items, text.encoder.",
        paper="none; ablations",
    )
    id_run: str = option(
        "", "Finished run of pad (experts=id) or of a plain backbone that the id expert is taken from."
    )
    text_run: str = option("", "Finished run of pad with experts=text that the text expert is taken from.")
    study: bool = option(True, "Measure what the alignment kept of the collaborative order, and write it down.")
