"""Folders of sentence-transformers: the steps behind the states are done as that library does them."""

import json

import numpy as np
import pytest
from tiny_encoders import tiny_bert, tiny_llama

from foretaste.core.errors import ConfigError
from foretaste.text.encoders.config import EncoderConfig
from foretaste.text.encoders.opening import open_encoder
from foretaste.text.encoders.sentence import read_head

TEXTS = ["title : nail polish red", "soap", "brand : lee ; title : shampoo by lee", "the oil of a cream " * 9]


def save(tmp_path, pooling, *, dense=(), normalize=False, llama=False, **general):
    """A model as the library itself writes it, and the library's own vectors."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules

    base = (tiny_llama if llama else tiny_bert)(tmp_path / "base")
    transformer = modules.Transformer(str(base), max_seq_length=20)
    if llama:
        transformer.tokenizer.pad_token = transformer.tokenizer.eos_token
    parts = [transformer, modules.Pooling(16, pooling_mode=pooling)]
    parts += [modules.Dense(a, b, **({"activation_function": None} if plain else {})) for a, b, plain in dense]
    parts += [modules.Normalize()] if normalize else []
    model = SentenceTransformer(modules=parts, device="cpu", **general)
    model.save(str(tmp_path / "saved"))
    return tmp_path / "saved", model.encode(TEXTS)


CASES = {
    "mean": {"pooling": "mean"},
    "cls, normalised": {"pooling": "cls", "normalize": True},
    "last of a decoder": {"pooling": "lasttoken", "llama": True},
    "two dense layers": {"pooling": "mean", "dense": [(16, 12, False), (12, 6, True)], "normalize": True},
    "a default prompt": {"pooling": "mean", "prompts": {"item": "title : "}, "default_prompt_name": "item"},
}


@pytest.mark.parametrize("case", CASES)
def test_vectors_equal_the_librarys_own(tmp_path, case):
    folder, wanted = save(tmp_path, **CASES[case])
    encoder = open_encoder(EncoderConfig(encoder=str(folder), normalize=CASES[case].get("normalize", False)))
    np.testing.assert_allclose(encoder.encode(TEXTS), wanted, atol=1e-5)
    assert encoder.max_tokens == 20
    assert encoder.dim == wanted.shape[1]
    assert encoder.truncated == 1


def test_the_old_way_of_writing_a_pooling_is_read(tmp_path):
    folder, wanted = save(tmp_path, "mean")
    file = folder / "1_Pooling" / "config.json"
    modes = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False, "pooling_mode_max_tokens": False}
    file.write_text(json.dumps({"word_embedding_dimension": 16, **modes}))
    assert read_head(str(folder)).pooling == "cls"
    file.write_text(json.dumps({"word_embedding_dimension": 16, **modes, "pooling_mode_max_tokens": True}))
    with pytest.raises(ConfigError, match="pools by cls and max"):
        read_head(str(folder))
    assert wanted.shape == (4, 16)


def test_the_configs_own_pooling_goes_first(tmp_path):
    folder, wanted = save(tmp_path, "mean")
    encoder = open_encoder(EncoderConfig(encoder=str(folder), pooling="cls", normalize=False))
    assert abs(encoder.encode(TEXTS) - wanted).max() > 0.1


def test_unknown_modules_are_not_passed_over(tmp_path):
    folder, _ = save(tmp_path, "mean")
    modules = json.loads((folder / "modules.json").read_text())
    modules.append({"idx": 2, "name": "2", "path": "2_X", "type": "sentence_transformers.models.WeightedLayerPooling"})
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(ConfigError, match="WeightedLayerPooling"):
        read_head(str(folder))


def test_nothing_foreign_is_run(tmp_path):
    folder, _ = save(tmp_path, "mean", dense=[(16, 6, True)])
    file = folder / "2_Dense" / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "activation_function": "os.system"}))
    with pytest.raises(ConfigError, match=r"os\.system is not one of torch's own"):
        read_head(str(folder))


def test_a_folder_of_transformers_alone_has_the_plain_mean(tmp_path):
    head = read_head(str(tiny_bert(tmp_path)))
    assert (head.pooling, list(head.layers), head.prefix) == ("mean", [], "")
