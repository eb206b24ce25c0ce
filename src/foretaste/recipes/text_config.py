"""The keys of everything that has to do with texts; recipes nest them as the group ``text``."""

from __future__ import annotations

from dataclasses import dataclass

from foretaste.core.config import option
from foretaste.text.encoders.config import EncoderConfig


@dataclass(frozen=True)
class TextConfig(EncoderConfig):
    """What is told of an item or a user, which encoder reads it, and where the vectors are kept."""

    prompt: str = option("", "file with the specification of the prompts; empty: made from the catalogue's columns")
    user_encoder: str = option(
        "", "another encoder, or a file of ready vectors, for the prompts of users; empty: that of the items"
    )
    user_tokens: int = option(0, "tokens kept of a user's prompt; 0: max_tokens", low=0)
    store: str = option("", "folder of vectors that many runs share; empty: inside the run")
    store_dtype: str = option("fp32", "numbers in the store", choices=("fp32", "fp16"))
    reduce: int = option(
        0,
        "principal components that are kept of the items' vectors; 0: all columns",
        paper="LLMEmb: 1,536 of 4,096",
        low=0,
    )
