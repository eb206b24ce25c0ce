"""Configs are frozen dataclasses; every field says what it means, and what the paper uses."""

from __future__ import annotations

from dataclasses import field
from typing import Any


def option(default: Any, help: str, *, paper: str = "", choices: tuple[str, ...] = ()) -> Any:
    """A documented dataclass field.

    Args:
        default: The default value; a dataclass instance becomes a nested group of keys.
        help: What the key does, in one sentence, with its unit.
        paper: The paper's value and its source, when it differs or matters.
        choices: The allowed values of a text key.
    """
    metadata = {"help": help, "paper": paper, "choices": choices}
    if isinstance(default, list | dict | set):
        raise TypeError("defaults must be immutable: use a tuple or a frozen dataclass")
    return field(default=default, metadata=metadata)
