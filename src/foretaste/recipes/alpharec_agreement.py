"""What a run may ask for that takes a projector over: nothing that would change what the projector reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from foretaste.core.config import flat
from foretaste.core.errors import ArtefactError, ConfigError
from foretaste.data.dataset import Dataset
from foretaste.recipes.text_config import TextConfig
from foretaste.recipes.text_reader import TextReader
from foretaste.text.encoders.config import TFIDF
from foretaste.text.prompts import read_spec

FREE = ("prompt", "encoder", "store", "store_dtype", "batch_tokens", "device", "runtime")
"""Keys of the group `text` that do not change what a vector means, or are looked at otherwise."""

SHAPE = ("tell", "scale", "map", "dim", "hidden", "layers")
"""Keys that say what is projected, and how."""


def refuse_other_keys(source: Any, asked: Any) -> None:
    """Refuses keys that this run was given and that differ from the source's.

    Args:
        source: Keys of the run that trained the projector.
        asked: Keys of this run.

    Raises:
        ConfigError: If one differs.
    """
    for name, value, there in _asked(source, asked):
        if value != there:
            raise ConfigError(
                f"the projector was trained with {name}={there}, but this run asks for {value}",
                where="key=value",
                mend=f"leave {name} out to take it as it was",
            )


def refuse_other_texts(reader: TextReader, prompt: Path, data: Dataset, text: TextConfig) -> None:
    """Refuses what the source's reader cannot read as it read the source.

    Args:
        reader: What read the source's catalogue.
        prompt: Where its prompt lies.
        data: The catalogue to read.
        text: How this run asks for it to be read.

    Raises:
        ArtefactError: If the source's vectors came from a file.
        ConfigError: If another prompt or encoder is asked for, or the catalogue lacks what the prompt tells.
    """
    if reader.spec is None:
        raise ArtefactError(
            "the source's text vectors came ready from a file, so no encoder can read another catalogue",
            where=str(prompt.parent.parent),
            allowed="a source that was read by an encoder",
            mend="train the source with text.encoder=NAME",
        )
    if text.prompt and read_spec(text.prompt).fingerprint != reader.spec.fingerprint:
        raise ConfigError(
            "text.prompt is not the prompt that the source was read with",
            where=str(prompt),
            mend="leave text.prompt out to take the source's",
        )
    missing = [one.column for one in reader.spec.fields if one.column not in data.catalogue.columns]
    if missing:
        raise ConfigError(
            f"the source's prompt tells {', '.join(missing)}, which this catalogue lacks",
            where=str(prompt),
            allowed="catalogues with the columns " + ", ".join(one.column for one in reader.spec.fields),
            mend="train the source with tell=title, which any catalogue has",
        )
    named = text.encoder not in (TextConfig().encoder, reader.config.encoder)
    if named and TFIDF in (text.encoder, reader.config.encoder):
        raise ConfigError(
            f"the source was read by {reader.about['name']}, but this run asks for text.encoder={text.encoder}",
            mend="leave text.encoder out to take the source's",
        )


def _asked(source: Any, asked: Any) -> Iterator[tuple[str, Any, Any]]:
    """Keys that this run was given: name, value, and the source's value."""
    defaults = type(asked)()
    for name in SHAPE:
        if getattr(asked, name) != getattr(defaults, name):
            yield name, getattr(asked, name), getattr(source, name)
    plain, there = flat(defaults.text), flat(source.text)
    for key, value in flat(asked.text).items():
        if value != plain[key] and key not in FREE and not key.startswith("endpoint."):
            yield f"text.{key}", value, there[key]
