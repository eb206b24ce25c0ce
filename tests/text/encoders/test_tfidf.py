"""TF-IDF against a dense computation by hand, and what is kept of it."""

import math

import numpy as np
import pytest
from scipy import sparse

from foretaste.core.errors import ArtefactError, ConfigError, DataError
from foretaste.text.encoders.base import Encoder
from foretaste.text.encoders.config import EncoderConfig, TfidfConfig
from foretaste.text.encoders.opening import open_encoder
from foretaste.text.encoders.svd import right_singular_vectors
from foretaste.text.encoders.tfidf import TfidfEncoder

CORPUS = [
    "Red nail polish, by OPI",
    "Blue nail polish by opi",
    "shampoo for dry hair hair hair",
    "Shampoo for oily hair",
    "Olive oil soap",
    "Café soap — Ünïcode oil",
    "hair oil by OPI",
]
KEYS = TfidfConfig(dim=4, min_count=2, max_share=0.9)


def dense(corpus, texts, words):
    """Weighted rows, the slow way."""
    split = [[w.strip(",—").casefold() for w in text.split()] for text in corpus]
    idf = {w: math.log((1 + len(corpus)) / (1 + sum(w in row for row in split))) + 1 for w in words}
    rows = np.zeros((len(texts), len(words)))
    for i, text in enumerate(texts):
        found = [w.strip(",—").casefold() for w in text.split()]
        for j, word in enumerate(words):
            if n := found.count(word):
                rows[i, j] = (1 + math.log(n)) * idf[word]
        rows[i] /= np.linalg.norm(rows[i]) or 1
    return rows


def test_vectors_keep_the_dense_inner_products():
    config = TfidfConfig(dim=99, min_count=1, max_share=1.0)
    encoder = TfidfEncoder(config, normalize=False).fit(CORPUS)
    rows = dense(CORPUS, CORPUS, list(encoder.words))
    got = encoder.encode(CORPUS)
    assert isinstance(encoder, Encoder)
    assert encoder.dim == len(CORPUS)  # no more directions than texts
    np.testing.assert_allclose(got @ got.T, rows @ rows.T, atol=1e-5)


def test_the_best_directions_are_kept():
    encoder = TfidfEncoder(KEYS, normalize=False).fit(CORPUS)
    rows = dense(CORPUS, CORPUS, list(encoder.words))
    values = np.linalg.svd(rows, compute_uv=False)
    assert encoder.encode(CORPUS).shape == (7, 4)
    np.testing.assert_allclose(np.linalg.norm(encoder.encode(CORPUS), axis=0), values[:4], rtol=1e-4)


def test_a_large_matrix_is_decomposed_as_a_dense_one():
    matrix = sparse.random(300, 120, density=0.1, random_state=1, format="csr", dtype=np.float32)
    matrix = (matrix @ sparse.diags(0.9 ** np.arange(120))).astype(np.float32).tocsr()
    vectors = right_singular_vectors(matrix, 5, seed=0)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(5), atol=1e-5)
    wanted = np.linalg.svd(matrix.toarray(), compute_uv=False)[:5]
    np.testing.assert_allclose(np.linalg.norm(matrix @ vectors, axis=0), wanted, rtol=1e-3)


def test_rare_and_common_words_do_not_count():
    encoder = TfidfEncoder(TfidfConfig(dim=2, min_count=2, max_share=0.4)).fit(CORPUS)
    assert set(encoder.words) == {"nail", "polish", "shampoo", "for", "soap"}  # oil, by, hair and opi: 3 of 7
    assert set(TfidfEncoder(TfidfConfig(max_words=2, min_count=1)).fit(CORPUS).words) == {"by", "hair"}
    assert "nail polish" in TfidfEncoder(TfidfConfig(bigrams=True)).fit(CORPUS).words


def test_new_texts_lie_in_the_same_space_after_loading(tmp_path):
    encoder = open_encoder(EncoderConfig(encoder="tfidf", tfidf=KEYS), corpus=CORPUS, folder=tmp_path)
    again = open_encoder(EncoderConfig(encoder="tfidf", tfidf=KEYS), folder=tmp_path)
    new = ["a red soap of hair", "", "nothing known", "OPI nail polish"]
    assert (encoder.encode(new) == again.encode(new)).all()
    assert encoder.fingerprint == again.fingerprint
    assert not encoder.encode(new)[1:3].any()
    np.testing.assert_allclose(np.linalg.norm(again.encode(new)[[0, 3]], axis=1), 1, atol=1e-6)
    assert not list(tmp_path.glob("*.pkl"))


def test_fingerprints_tell_corpora_and_keys_apart():
    found = {
        TfidfEncoder(KEYS).fit(CORPUS).fingerprint,
        TfidfEncoder(KEYS).fit(CORPUS[:-1]).fingerprint,
        TfidfEncoder(KEYS, normalize=False).fit(CORPUS).fingerprint,
    }
    assert len(found) == 3
    assert TfidfEncoder(KEYS).fit(CORPUS).fingerprint in found


def test_what_is_missing_is_said(tmp_path):
    with pytest.raises(ConfigError, match="seen no texts"):
        TfidfEncoder().encode(["a"])
    with pytest.raises(ConfigError, match="learns its words from a corpus"):
        open_encoder(EncoderConfig(encoder="tfidf"))
    with pytest.raises(DataError, match="min_count=1"):
        TfidfEncoder(KEYS).fit(["one", "two", "three"])
    with pytest.raises(ArtefactError, match="no fitted"):
        TfidfEncoder.load(tmp_path)
    TfidfEncoder(KEYS).fit(CORPUS).save(tmp_path)
    with pytest.raises(ArtefactError, match="other keys"):
        open_encoder(EncoderConfig(encoder="tfidf"), folder=tmp_path)
