"""From a config to the encoder it names."""

from __future__ import annotations

import torch

from foretaste.core.errors import ConfigError
from foretaste.text.encoders.base import Encoder
from foretaste.text.encoders.config import EncoderConfig
from foretaste.text.encoders.huggingface import HuggingFaceEncoder
from foretaste.text.encoders.loading import load_language_model
from foretaste.text.encoders.sentence import read_head


def open_encoder(config: EncoderConfig) -> Encoder:
    """The encoder that a config names, ready to encode.

    Raises:
        ConfigError: If there is none, or a key does not fit it.
    """
    language_model = load_language_model(config.encoder, precision=config.precision, device=device_of(config))
    return HuggingFaceEncoder(language_model, config, read_head(language_model.source))


def device_of(config: EncoderConfig) -> str:
    """Where the model runs.

    Raises:
        ConfigError: If a GPU is asked for and there is none.
    """
    available = torch.cuda.is_available()
    if config.device == "cuda" and not available:
        raise ConfigError("device=cuda, but torch finds no GPU", allowed="auto, cpu", mend="leave the key out")
    return "cuda" if available and config.device == "auto" else config.device.replace("auto", "cpu")
