"""From a config to the encoder it names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from foretaste.core.errors import ArtefactError, ConfigError
from foretaste.text.encoders.base import Encoder
from foretaste.text.encoders.config import ENDPOINT, TFIDF, EncoderConfig
from foretaste.text.encoders.endpoint import EndpointEncoder
from foretaste.text.encoders.huggingface import HuggingFaceEncoder
from foretaste.text.encoders.loading import load_language_model
from foretaste.text.encoders.ready import is_ready
from foretaste.text.encoders.sentence import read_head

if TYPE_CHECKING:
    from foretaste.text.encoders.tfidf import TfidfEncoder


def open_encoder(config: EncoderConfig, *, corpus: Sequence[str] | None = None, folder: Path | None = None) -> Encoder:
    """The encoder that a config names, ready to encode.

    Args:
        config: Which, and how.
        corpus: The texts that an encoder without a language model learns its words from; others ignore them.
        folder: Where an encoder keeps what it made of itself (fitted words, a network's graph) and finds it
            again. What was fitted there under the same keys is used as it is, whatever the corpus: vectors of new
            texts then lie in the space of the old ones.

    Raises:
        ConfigError: If there is none, a key does not fit it, or it needs a corpus and has none.
    """
    if is_ready(config.encoder):
        raise ConfigError(
            f"{config.encoder!r} holds ready vectors, which are found by id and not by text",
            allowed="open_ready(path).rows(ids)",
        )
    if config.encoder == TFIDF:
        return _tfidf(config, corpus, folder)
    if config.encoder.startswith(ENDPOINT):
        return EndpointEncoder(config)
    language_model = load_language_model(config.encoder, precision=config.precision, device=device_of(config))
    head = read_head(language_model.source)
    if config.int8 or config.runtime == "onnx":
        from foretaste.text.encoders.onnx import onnx_encoder

        return onnx_encoder(language_model, config, head, folder)
    return HuggingFaceEncoder(language_model, config, head)


def device_of(config: EncoderConfig) -> str:
    """Where the model runs.

    Raises:
        ConfigError: If a GPU is asked for and there is none.
    """
    available = torch.cuda.is_available()
    if config.device == "cuda" and not available:
        raise ConfigError("device=cuda, but torch finds no GPU", allowed="auto, cpu", mend="leave the key out")
    if config.int8 or config.runtime == "onnx" or not available:
        return "cpu"
    return "cuda" if config.device == "auto" else config.device


def _tfidf(config: EncoderConfig, corpus: Sequence[str] | None, folder: Path | None) -> TfidfEncoder:
    from foretaste.text.encoders.tfidf import TfidfEncoder  # brings scipy, which a service need not wait for

    if folder is not None and (folder / "tfidf.json").is_file():
        kept = TfidfEncoder.load(folder)
        if (kept.config, kept.normalize) == (config.tfidf, config.normalize):
            return kept
        if corpus is None:
            raise ArtefactError("the encoder kept there was fitted with other keys", where=str(folder))
    if corpus is None:
        raise ConfigError(
            "the encoder tfidf learns its words from a corpus, and none came",
            allowed="open_encoder(config, corpus=texts), or the folder of a fitted one",
        )
    encoder = TfidfEncoder(config.tfidf, normalize=config.normalize).fit(corpus)
    if folder is not None:
        encoder.save(folder)
    return encoder
