"""Graphs of language models: the same states in 32 bits, near ones in 8, kept once made."""

import os
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from tiny_encoders import tiny_bert, tiny_llama

from foretaste.core.errors import ConfigError
from foretaste.text.encoders import onnx as module
from foretaste.text.encoders.config import EncoderConfig
from foretaste.text.encoders.loading import load_language_model
from foretaste.text.encoders.onnx_int8 import outlier_scale, products, quantise
from foretaste.text.encoders.opening import open_encoder

TEXTS = ["title : nail polish red", "soap", "", "brand : lee ; title : shampoo by lee", "the oil of a cream " * 5]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {
        "bert": tiny_bert(tmp_path_factory.mktemp("bert"), width=64),
        "llama": tiny_llama(tmp_path_factory.mktemp("llama"), width=64),
    }


def config_of(folder, **keys):
    return EncoderConfig(**{"encoder": str(folder), "max_tokens": 24, "batch_tokens": 64, **keys})


@pytest.mark.parametrize("which", ["bert", "llama"])
def test_a_graph_gives_the_networks_vectors(folders, which, tmp_path):
    plain = open_encoder(config_of(folders[which]))
    graph = open_encoder(config_of(folders[which], runtime="onnx"), folder=tmp_path)
    np.testing.assert_allclose(graph.encode(TEXTS), plain.encode(TEXTS), atol=1e-4)
    assert "fp32 by ONNX Runtime" in graph.describe()
    assert graph.language_model.model.config._attn_implementation != "eager"  # what was changed for the export is back


@pytest.mark.parametrize("which", ["bert", "llama"])
def test_eight_bits_are_near_and_kept(folders, which, tmp_path):
    plain = open_encoder(config_of(folders[which]))
    first = open_encoder(config_of(folders[which], int8=True), folder=tmp_path)
    (kept,) = tmp_path.iterdir()
    assert any(node.op_type == "DynamicQuantizeMatMul" for node in onnx.load(str(kept)).graph.node)
    vectors = first.encode(TEXTS)
    cosine = (vectors * plain.encode(TEXTS)).sum(1)
    assert cosine.mean() > 0.99
    assert cosine.mean() < 1 - 1e-6  # it is not the 32-bit network in disguise
    made = os.stat(kept).st_mtime_ns
    again = open_encoder(config_of(folders[which], int8=True), folder=tmp_path)
    assert os.stat(kept).st_mtime_ns == made
    assert (again.encode(TEXTS) == vectors).all()
    assert again.fingerprint == first.fingerprint != plain.fingerprint


def test_a_graph_too_far_off_is_not_kept(folders, tmp_path, monkeypatch):
    monkeypatch.setitem(module.NEAR, "int8", 1.1)
    with pytest.raises(ConfigError, match="too far from its own"):
        open_encoder(config_of(folders["bert"], int8=True), folder=tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_a_graph_is_refused(folders, monkeypatch):
    monkeypatch.setattr(module, "MOST_PARAMETERS", 1000)
    with pytest.raises(ConfigError, match="at most 1,000"):
        open_encoder(config_of(folders["bert"], runtime="onnx"))
    with pytest.raises(ConfigError, match="precision=fp32"):
        open_encoder(config_of(folders["bert"], int8=True, precision="bf16"))


def linear_graph(weight, bias):
    """``x @ weight + bias`` as torch's exporter writes it, and a product too small to be worth it behind."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["xw"]),
        helper.make_node("Add", ["b", "xw"], ["y"]),
        helper.make_node("MatMul", ["y", "small"], ["z"]),
    ]
    tensors = {"w": weight, "b": bias, "small": np.eye(weight.shape[1], 3, dtype=np.float32)}
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", weight.shape[0]])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", None]) for name in ("y", "z")],
        [numpy_helper.from_array(array, name) for name, array in tensors.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def run(model, x):
    return onnxruntime.InferenceSession(model.SerializeToString()).run(["y", "z"], {"x": x})


def rounded_by_hand(x, weight, bias, scale):
    """What 8 bits make of it: a step for each column of the weight, one step and zero point for all activations."""
    levelled, weight = x / scale, weight * scale[:, None]
    step = np.abs(weight).max(0) / 64
    low, high = min(levelled.min(), 0), max(levelled.max(), 0)
    unit = (high - low) / 255
    zero = np.clip(np.rint(-low / unit), 0, 255)
    codes = np.clip(np.rint(levelled / unit) + zero, 0, 255) - zero
    return (codes @ np.rint(weight / step)) * unit * step + bias


def test_products_are_rounded_as_by_hand():
    rng = np.random.default_rng(0)
    weight, bias = rng.standard_normal((80, 96)).astype(np.float32), rng.standard_normal(96).astype(np.float32)
    x = rng.standard_normal((50, 80)).astype(np.float32)
    x[:, 7] *= 40
    model = linear_graph(weight, bias)
    assert [(p.source, p.target, p.weight.shape) for p in products(model)] == [("x", "y", (80, 96))]
    largest = np.abs(x).max(0)
    quantise(model, {"x": largest})
    onnx.checker.check_model(model)
    got, small = run(model, x)
    np.testing.assert_allclose(got, rounded_by_hand(x, weight, bias, outlier_scale(largest)), rtol=1e-3, atol=0.02)
    np.testing.assert_allclose(small, got[:, :3], rtol=1e-5)
    assert (outlier_scale(largest) != 1).sum() == 1


def test_products_fit_into_sixteen_bits():
    """The largest activations against the largest weights: a kernel that adds pairs in 16 bits would clip."""
    weight = np.ones((96, 64), dtype=np.float32)
    x = np.full((4, 96), 2.0, dtype=np.float32)
    model = linear_graph(weight, np.zeros(64, dtype=np.float32))
    quantise(model, {"x": np.full(96, 2.0, dtype=np.float32)})
    np.testing.assert_allclose(run(model, x)[0], x @ weight, rtol=1e-3)


def test_levelling_saves_the_other_channels():
    rng = np.random.default_rng(1)
    weight, bias = rng.standard_normal((96, 64)).astype(np.float32), np.zeros(64, dtype=np.float32)
    x = rng.standard_normal((40, 96)).astype(np.float32)
    x[0, 3] = 90  # one token, one channel: how massive activations look
    errors = []
    for largest in (np.abs(x).max(0), np.ones(96, dtype=np.float32)):
        model = linear_graph(weight, bias)
        quantise(model, {"x": largest})
        errors.append(np.abs(run(model, x)[0][1:] - x[1:] @ weight).mean())
    assert errors[0] < errors[1] / 2


def test_the_graph_belongs_to_the_weights(folders, tmp_path):
    open_encoder(config_of(folders["bert"], int8=True), folder=tmp_path)
    language_model = load_language_model(folders["bert"])
    with torch.no_grad():
        next(language_model.model.parameters()).add_(0.01)
    module.onnx_encoder(language_model, config_of(folders["bert"], int8=True), module.SentenceHead(), tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.skipif("FORETASTE_DATA" not in os.environ, reason="needs the real data sets")
def test_minilm_in_eight_bits_stays_near_on_real_prompts():
    from foretaste.data.dataset import Dataset
    from foretaste.text.prompts import default_spec, item_prompts

    folder = Path(os.environ["FORETASTE_DATA"]) / "amazon_beauty"
    if not folder.is_dir():
        pytest.skip("no amazon_beauty")
    catalogue = Dataset.load(folder).catalogue
    texts = item_prompts(catalogue, default_spec(catalogue)).texts()[::120]
    exact, near = (open_encoder(EncoderConfig(int8=int8)).encode(texts) for int8 in (False, True))
    assert (exact * near).sum(1).mean() > 0.99
