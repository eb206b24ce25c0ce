"""Tiny language models with random weights, as folders: they load like real ones."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

WIDTH = 16


def tiny_bert(folder: Path, texts: Iterable[str], *, seed: int = 0) -> Path:
    """A BERT with two layers and a WordPiece vocabulary learnt from the texts."""
    import torch
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    words = BertWordPieceTokenizer()
    words.train_from_iterator(list(texts), vocab_size=300, min_frequency=1, show_progress=False)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(sorted(words.get_vocab(), key=words.token_to_id)), encoding="utf-8")
    tokenizer = BertTokenizerFast(vocab=str(folder / "vocab.txt"), model_max_length=128)
    tokenizer.save_pretrained(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        shape = {"num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
        BertModel(BertConfig(vocab_size=len(tokenizer), hidden_size=WIDTH, **shape)).save_pretrained(folder)
    return folder


def tiny_llama(folder: Path, texts: Iterable[str], *, seed: int = 0) -> Path:
    """A Llama with two layers and a byte-level BPE vocabulary learnt from the texts."""
    import torch
    from tokenizers import ByteLevelBPETokenizer
    from transformers import LlamaConfig, LlamaModel, PreTrainedTokenizerFast

    parts = ByteLevelBPETokenizer()
    parts.train_from_iterator(list(texts), vocab_size=400, special_tokens=["<s>", "</s>"], show_progress=False)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=parts._tokenizer, bos_token="<s>", eos_token="</s>", model_max_length=128
    )
    tokenizer.save_pretrained(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        shape = {"num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 32}
        LlamaModel(LlamaConfig(vocab_size=len(tokenizer), hidden_size=WIDTH, **shape)).save_pretrained(folder)
    return folder
