"""LoRA on the linear layers of a language model's blocks (Hu et al. 2022), by peft; the model itself stays as it is."""

from __future__ import annotations

import warnings

from torch import nn

from foretaste.core.errors import ConfigError
from foretaste.core.extras import require
from foretaste.nn.dropout import Dropout

LORA = "lora_"
"""Part of the name of every parameter that LoRA adds."""


def with_lora(model: nn.Module, *, rank: int, alpha: float, dropout: float) -> nn.Module:
    """Freezes a language model and puts LoRA (Hu et al. 2022) on every linear layer of its transformer blocks.

    Args:
        model: A model of the transformers library; changed in place.
        rank: Of each update.
        alpha: The update is scaled by ``alpha / rank``.
        dropout: On the update's input.

    Returns:
        The same network, wrapped by peft; ``merge_and_unload()`` gives it back with the updates added to its weights.
    """
    peft = require("peft", extra="text", why="fine-tuning with LoRA")
    config = peft.LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules=block_linears(model))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers under a name that will be gone
        wrapped: nn.Module = peft.get_peft_model(model, config)
    for part in list(wrapped.modules()):
        drops = getattr(part, "lora_dropout", None)
        if isinstance(drops, nn.ModuleDict):
            drops.update({name: Dropout(dropout) for name in drops})  # cheaper than torch's, which peft puts in
    return wrapped


def block_linears(model: nn.Module) -> list[str]:
    """Names of all linear layers inside the stack of blocks, which is the largest list of modules in the network.

    Raises:
        ConfigError: If the network has no such stack.
    """
    stacks = {name: part for name, part in model.named_modules() if isinstance(part, nn.ModuleList) and len(part)}
    size = {name: sum(p.numel() for p in part.parameters()) for name, part in stacks.items()}
    outer = max(size, key=lambda name: (size[name], -len(name)), default=None)
    names = [] if outer is None else [f"{outer}.{n}" for n, part in stacks[outer].named_modules() if _linear(part)]
    if not names:
        raise ConfigError(
            f"{type(model).__name__} has no transformer blocks with linear layers",
            allowed="an encoder or decoder of the transformers library",
            mend="give another text.encoder, or scft.enabled=false",
        )
    return names


def _linear(part: nn.Module) -> bool:
    return isinstance(part, nn.Linear) or type(part).__name__ == "Conv1D"  # GPT-2 calls its linear layers so
