"""The keys of SCFT."""

from __future__ import annotations

from dataclasses import dataclass

from foretaste.core.config import option


@dataclass(frozen=True)
class SCFTConfig:
    """How the encoder is tuned."""

    enabled: bool = option(True, "Whether the encoder is tuned; false is the paper's ablation without SCFT.")
    tuned: str = option("", "Folder of an encoder tuned before (`foretaste text tune`, or a run) to use instead.")
    drop: float = option(
        0.4, "Share of its attributes that each view of an item leaves out.", paper="0.4 (scripts)", low=0, high=0.99
    )
    static_views: bool = option(False, "Show the same two views in every epoch.", paper="true in the code")
    lora_rank: int = option(8, "Rank of the LoRA updates.", paper="8", low=1)
    lora_alpha: float = option(32.0, "The updates are scaled by it over the rank.", paper="32", low=0)
    lora_dropout: float = option(0.1, "Dropout on the updates' inputs.", paper="0.1", low=0, high=0.99)
    loss: str = option(
        "infonce",
        "InfoNCE of cosines, or the released code's soft-target loss.",
        choices=("infonce", "soft-clip"),
        paper="infonce in the paper, soft-clip in the code",
    )
    temperature: float = option(0.05, "Of the loss; where it starts if it learns.", paper="3, learnt (code)", low=1e-3)
    learn_temperature: bool = option(False, "Whether the temperature is trained too.", paper="true in the code")
    batch: int = option(64, "Items in a batch, each the others' negative.", paper="64; 32 on Beauty", low=2)
    epochs: int = option(3, "Passes over the catalogue at the most.", paper="4,000 steps: 9 to 217 passes", low=1)
    lr: float = option(2e-4, "Learning rate, falling linearly to zero.", paper="2e-4", low=0)
    warmup_steps: int = option(20, "Steps over which the learning rate rises.", paper="0", low=0)
    max_tokens: int = option(96, "Most tokens of a view.", paper="1,023", low=8)
    heldout: float = option(0.05, "Share of items kept out to measure the encoder on.", low=0.0, high=0.5)
    heldout_most: int = option(1000, "Most items kept out.", low=2)
    checkpointing: bool = option(False, "Compute activations twice to save memory; for large models.", paper="true")
