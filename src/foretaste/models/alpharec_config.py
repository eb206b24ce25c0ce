"""The keys of AlphaRec's network."""

from __future__ import annotations

from dataclasses import dataclass

from foretaste.core.config import option


@dataclass(frozen=True)
class AlphaRecConfig:
    """Keys of the network."""

    map: str = option(
        "mlp",
        "From text to collaborative vectors: two layers, or one linear map without a bias.",
        choices=("mlp", "linear"),
        paper="mlp; linear in the linear-mapping study",
    )
    dim: int = option(64, "Width of the vectors that are compared.", paper="64", low=1)
    hidden: float = option(
        1.0,
        "Width between the two layers, as a multiple of the text vectors' width.",
        paper="1/2 of 3,072 (text-embedding-3-large), 9/32 of 4,096, 2 of 1,536, 8 of 768",
        low=0.001,
    )
    layers: int = option(2, "Layers of propagation; the mean of layers 0 to this one is used.", paper="2", low=0)
    ridge: float = option(
        0.0,
        "How firmly a propagated user vector is held when the newest item of the history corrects it; 0 does not "
        "correct it. A correction helps to foretell the very next item.",
        paper="0",
        low=0,
    )
    wish: str = option(
        "text",
        "What a wish in words is compared with: the items' texts, or, as a share of the user's own vector before "
        "propagation, what the items' texts have become.",
        choices=("text", "propagated"),
        paper="propagated",
    )
    votes: float | None = option(
        None,
        "Share of text votes in the score (models/alpharec_votes.py), 0 to 1; none: 0, and 0.5 where a projector is "
        "taken over.",
        paper="0",
        low=0,
        high=1,
    )
    trainable: bool = option(False, "Whether the text vectors are trained too (an ablation).", paper="false")
