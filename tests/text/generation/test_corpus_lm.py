"""A language model made of a catalogue: its tokenizer tells any text, its network opens like any other."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from foretaste.core.errors import ConfigError
from foretaste.text.encoders.loading import load_language_model
from foretaste.text.generation.corpus_lm import BOS, CorpusLMConfig, corpus_lm, train_tokenizer

pytest.importorskip("transformers")
TEXTS = ["title is red nail polish; brand is Lee", "title is blue shampoo, 16-Ounce; brand is Lee", "title is Ärzte"]
SMALL = CorpusLMConfig(layers=1, width=16, heads=2, inner=24, vocabulary=320)


def test_the_tokenizer_tells_texts_it_never_saw() -> None:
    tokenizer = train_tokenizer(TEXTS, 320)
    for text in [*TEXTS, "żółw ☃ 12\nnew line", ""]:
        ids = tokenizer(text)["input_ids"]
        assert ids[0] == tokenizer.convert_tokens_to_ids(BOS)
        assert tokenizer.decode(ids, skip_special_tokens=True).removeprefix(" ") == text


def test_the_same_texts_make_the_same_tokenizer() -> None:
    assert train_tokenizer(TEXTS, 320).get_vocab() == train_tokenizer(TEXTS, 320).get_vocab()


def test_frequent_pieces_become_tokens() -> None:
    small, large = (len(train_tokenizer(TEXTS * 4, size)(TEXTS[1])["input_ids"]) for size in (300, 400))
    assert large < small


def test_the_network_opens_like_any_other(tmp_path: Path) -> None:
    tokenizer = train_tokenizer(TEXTS, 320)
    network = corpus_lm(SMALL, tokenizer, max_tokens=20).eval()
    network.save_pretrained(tmp_path)  # type: ignore[operator]
    tokenizer.save_pretrained(tmp_path)
    again = load_language_model(tmp_path, writes=True)
    assert (again.kind, again.hidden) == ("decoder", 16)
    ids = torch.tensor([tokenizer(TEXTS[0])["input_ids"][:12]])
    torch.testing.assert_close(again.model(input_ids=ids).logits, network(input_ids=ids).logits)


def test_what_reads_both_ways_cannot_write(tmp_path: Path) -> None:
    from transformers import BertConfig, BertForMaskedLM

    tokenizer = train_tokenizer(TEXTS, 320)
    shape = BertConfig(vocab_size=320, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8)
    BertForMaskedLM(shape).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match="cannot write"):
        load_language_model(tmp_path, writes=True)


def test_a_model_without_its_head_cannot_write(tmp_path: Path) -> None:
    from transformers import LlamaConfig, LlamaModel

    tokenizer = train_tokenizer(TEXTS, 320)
    shape = LlamaConfig(vocab_size=320, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8)
    LlamaModel(shape).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match="lm_head"):
        load_language_model(tmp_path, writes=True)


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ConfigError, match="heads=3"):
        corpus_lm(CorpusLMConfig(width=16, heads=3), train_tokenizer(TEXTS, 320), max_tokens=20)
