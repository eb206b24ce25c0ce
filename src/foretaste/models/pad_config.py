"""The keys of PAD's network."""

from __future__ import annotations

from dataclasses import dataclass, replace

from foretaste.core.config import option
from foretaste.core.errors import ConfigError
from foretaste.models.pad_experts import ExpertConfig
from foretaste.nn.gate import KINDS

EXPERTS = ("id", "aligned", "text")
BACKBONES = ("same", "sasrec", "gru4rec", "caser")


@dataclass(frozen=True)
class PADConfig(ExpertConfig):
    """Keys of the network."""

    experts: str = option(
        "id+aligned+text",
        "Which experts there are: one, two or three.",
        choices=("id", "aligned", "text", "id+aligned", "id+text", "aligned+text", "id+aligned+text"),
        paper="id+aligned+text",
    )
    aligned_backbone: str = option(
        "same", "The aligned expert's encoder; same: that of the id expert, of which it starts as a copy.",
        choices=BACKBONES, paper="same",
    )  # fmt: skip
    text_backbone: str = option("same", "The text expert's encoder.", choices=BACKBONES, paper="same")
    text_dropout: float | None = option(
        0.3, "Dropout of the text expert's encoder; none: as the others.", paper="0.1", low=0, high=0.99
    )
    bins: int = option(10, "Frequency bins that the gate tells apart.", paper="10", low=1)
    gate: str = option(
        "learned",
        "Weights of the experts: learned for each bin, fixed where they start, all equal, or none (a plain sum).",
        choices=KINDS,
        paper="learned",
    )
    gamma2: float = option(
        0.5, "Where the aligned expert's gate starts, before the sigmoid.", paper="-4 (Prime Pantry): about 1 %"
    )
    gate_lr_factor: float = option(20.0, "How many times the common rate the gate learns at.", paper="1", low=0)

    @property
    def names(self) -> list[str]:
        """The experts' names."""
        return self.experts.split("+")

    def of(self, expert: str) -> ExpertConfig:
        """The keys of one expert: its encoder and dropout."""
        kind = {"aligned": self.aligned_backbone, "text": self.text_backbone}.get(expert, "same")
        rate = self.text_dropout if expert == "text" and self.text_dropout is not None else self.dropout
        return replace(self, backbone=self.backbone if kind == "same" else kind, dropout=rate)


def check(config: PADConfig) -> None:
    """Refuses encoders that do not read from left to right.

    Raises:
        ConfigError: For BERT4Rec, and for an encoder that sees the future.
    """
    if config.backbone == "bert4rec":
        raise ConfigError(
            "PAD's experts predict at every place of a history, which bert4rec does not",
            where="backbone=bert4rec",
            allowed="backbone=sasrec, gru4rec or caser",
            mend="choose one of them",
        )
