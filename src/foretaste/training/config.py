"""Keys of the training loop."""

from __future__ import annotations

from dataclasses import dataclass

from foretaste.core.config import option


@dataclass(frozen=True)
class TrainConfig:
    """How long, how fast, and when to stop."""

    epochs: int = option(200, "Passes over the training part at the most.", paper="200 (LLM-ESR)", low=1)
    batch_tokens: int = option(1024, "Items in a batch (interactions, for models trained on pairs).", low=2)
    lr: float = option(2e-3, "Peak learning rate.", paper="0.001", low=0)
    weight_decay: float = option(0.0, "Decoupled weight decay of AdamW.", paper="0", low=0)
    beta2: float = option(0.98, "Second moment's decay of Adam.", paper="0.98 (SASRec)", low=0, high=0.99999)
    schedule: str = option(
        "constant", "Learning rate after the warm-up.", choices=("constant", "cosine", "linear"), paper="constant"
    )
    warmup_steps: int = option(100, "Steps over which the learning rate rises from zero.", paper="0", low=0)
    clip: float = option(5.0, "Largest norm of the gradient; 0 switches clipping off.", low=0)
    optimizer: str = option(
        "adamw", "Updates: all weights each step, or only touched rows.", choices=("adamw", "sparse-adam")
    )
    validate_every: int = option(1, "Epochs between validations.", low=1)
    patience: int = option(5, "Validations without a better NDCG@10 before stopping.", paper="20 (LLM-ESR)", low=1)
    stop_at: float = option(0.0, "Stop as soon as validation NDCG@10 reaches this; 0 never does.", low=0)
    checkpoint_seconds: float = option(30.0, "Seconds between checkpoints inside an epoch.", low=0)
    compile: bool = option(False, "Compile the network with torch.compile; pays on GPUs and long runs.")
    device: str = option("auto", "auto, cpu, or a CUDA device such as cuda:0.")
