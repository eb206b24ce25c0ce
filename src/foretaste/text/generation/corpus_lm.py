"""A small causal language model made from nothing but the texts of a catalogue.

It stands in where no pre-trained decoder is at hand: the architecture is Llama's, the tokenizer a byte-pair encoding of
the same texts, and what it knows of the world is what the catalogue says. It is no substitute for a pre-trained model,
and everything that uses it says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from foretaste.core.config import option
from foretaste.core.errors import ConfigError
from foretaste.core.extras import require

PAD, BOS, EOS = "<pad>", "<s>", "</s>"
WHY = "making a language model of the catalogue"


@dataclass(frozen=True)
class CorpusLMConfig:
    """Size of the network and of its vocabulary."""

    layers: int = option(2, "Transformer blocks.", low=1)
    width: int = option(256, "Width of a token's state.", low=2)
    heads: int = option(4, "Attention heads; must divide width.", low=1)
    inner: int = option(688, "Width of the gated feed-forward layer.", low=1)
    vocabulary: int = option(4000, "Tokens of the byte-pair encoding, at the most.", low=300)


def train_tokenizer(texts: Sequence[str], vocabulary: int) -> Any:
    """A byte-level byte-pair tokenizer learnt from texts; any other text can be told with it too.

    Args:
        texts: What it is learnt from.
        vocabulary: Tokens at the most, the 256 bytes and three special tokens included.

    Returns:
        A fast tokenizer of the transformers library that puts the begin token before a text.
    """
    tokenizers = require("tokenizers", extra="text", why=WHY)
    transformers = require("transformers", extra="text", why=WHY)
    bytes_of = tokenizers.pre_tokenizers.ByteLevel
    core = tokenizers.Tokenizer(tokenizers.models.BPE())
    core.pre_tokenizer = bytes_of(add_prefix_space=True)
    core.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PAD, BOS, EOS],
        initial_alphabet=sorted(bytes_of.alphabet()),
        show_progress=False,
    )
    core.train_from_iterator(texts, trainer)
    core.post_processor = tokenizers.processors.TemplateProcessing(
        single=f"{BOS} $A", special_tokens=[(BOS, core.token_to_id(BOS))]
    )
    return transformers.PreTrainedTokenizerFast(tokenizer_object=core, bos_token=BOS, eos_token=EOS, pad_token=PAD)


def corpus_lm(config: CorpusLMConfig, tokenizer: Any, *, max_tokens: int) -> nn.Module:
    """The untrained network, input and output embeddings tied.

    Args:
        config: Its size.
        tokenizer: Of :func:`train_tokenizer`.
        max_tokens: Longest text.

    Raises:
        ConfigError: If the heads do not divide the width into even parts.
    """
    if config.width % (2 * config.heads):
        raise ConfigError(
            f"heads={config.heads} does not divide width={config.width} into parts of even width",
            allowed="heads with width / heads even (rotary positions turn pairs)",
            mend="change one of the two",
        )
    transformers = require("transformers", extra="text", why=WHY)
    shape = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=config.width,
        intermediate_size=config.inner,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        max_position_embeddings=max_tokens,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    network: nn.Module = transformers.LlamaForCausalLM(shape)
    return network
