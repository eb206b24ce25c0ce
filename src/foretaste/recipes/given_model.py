"""A language model that a stage works with: the same one when the stage goes on."""

from __future__ import annotations

from pathlib import Path

from foretaste.core.errors import ArtefactError
from foretaste.core.files import read_json, write_json
from foretaste.core.progress import say
from foretaste.text.encoders.base import count_words
from foretaste.text.encoders.loading import LanguageModel, load_language_model

NOTE = "language-model.json"


def given_model(name: str, folder: Path, *, precision: str = "fp32", writes: bool = False) -> LanguageModel:
    """Loads a language model for the stage in ``folder``, says its name and size, and notes which it was.

    Args:
        name: ``"minilm"``, a folder, a GGUF file or a hub name.
        folder: Of the stage.
        precision: Number format of the weights.
        writes: Whether it is to write texts.

    Raises:
        ArtefactError: If the stage began with another one.
    """
    model = load_language_model(name, precision=precision, writes=writes)
    note = folder / NOTE
    if note.is_file() and read_json(note)["fingerprint"] != model.fingerprint:
        raise ArtefactError(
            "the language model is not the one that this stage began with",
            where=name,
            allowed="the same weights and tokenizer",
            mend="put the old one back, or give another --out",
        )
    write_json(note, {"name": model.name, "parameters": model.parameters, "fingerprint": model.fingerprint})
    say(f"language  {in_words(model)}")
    return model


def in_words(model: LanguageModel) -> str:
    """Name and size."""
    return f"{model.name}, {count_words(model.parameters)} parameters"
