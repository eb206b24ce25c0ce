"""Engines of a service: opened from their folders, and brought to the last word on items that came or went."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from foretaste.core.errors import ForetasteError
from foretaste.serving.engine import Engine

Change = tuple[int, str, dict[str, Any] | None]
"""Number, item, and its attributes or None when it went; see ``EventStore.item_changes``."""


def opened(folder: Path, name: str) -> Engine:
    """The engine of a folder, warm."""
    engine = Engine.open(folder, name=name)
    engine.warm()
    return engine


def open_readers(engines: Iterable[Engine]) -> None:
    """Opens what reads texts for each engine; it may take as long as a language model takes to load."""
    for engine in engines:
        engine.open_reader()


def catch_up(engine: Engine, changes: Sequence[Change]) -> dict[str, str]:
    """Brings an engine to the last word on each item; says by item what it could not follow."""
    refused: dict[str, str] = {}
    for item_id, attributes in {item_id: told for _, item_id, told in changes}.items():
        try:
            if attributes is None and engine.has_item(item_id):
                engine.remove_items([item_id])
            elif attributes is not None and not engine.has_item(item_id):
                engine.add_items([{**attributes, "item_id": item_id}])
        except ForetasteError as error:
            refused[item_id] = error.what
    return refused
