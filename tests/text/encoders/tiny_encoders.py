"""Tiny random language models with a tokenizer of whole words, as folders."""

from __future__ import annotations

from pathlib import Path

import torch

TEXT = "title brand price : ; is nail polish red blue shampoo soap cream oil by lee the of a"


def tokenizer(folder: Path, *, pad: bool = True, bert: bool = True) -> int:
    """Saves a tokenizer into the folder; gives the number of its words."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    vocabulary = {word: i for i, word in enumerate(special + TEXT.split())}
    core = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    named = {"unk_token": "[UNK]"} | ({"pad_token": "[PAD]"} if pad else {})
    if bert:
        core.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
        named |= {"cls_token": "[CLS]", "sep_token": "[SEP]"}
    else:
        named |= {"eos_token": "[SEP]"}
    PreTrainedTokenizerFast(tokenizer_object=core, **named).save_pretrained(folder)
    return len(vocabulary)


def tiny_bert(folder: Path, *, width: int = 16) -> Path:
    """A bidirectional encoder."""
    from transformers import BertConfig, BertModel

    words = tokenizer(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=words,
        hidden_size=width,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=2 * width,
        max_position_embeddings=40,
        initializer_range=2 / width**0.5,
    )
    BertModel(config).save_pretrained(folder)
    return folder


def tiny_llama(folder: Path, *, width: int = 16) -> Path:
    """A causal decoder whose tokenizer has neither a padding nor a start token."""
    from transformers import LlamaConfig, LlamaForCausalLM

    words = tokenizer(folder, pad=False, bert=False)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=words,
        hidden_size=width,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        intermediate_size=2 * width,
        max_position_embeddings=64,
        initializer_range=2 / width**0.5,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder
