"""Settings as others may see them: of a path on this machine only the last part is left."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath
from typing import Any


def without_paths(settings: Any) -> Any:
    """The same settings, nested as they are, with absolute paths cut down to their last part.

    >>> without_paths({"text": {"store": "/home/ann/vectors", "encoder": "minilm"}, "dim": 64})
    {'text': {'store': 'vectors', 'encoder': 'minilm'}, 'dim': 64}
    """
    if isinstance(settings, dict):
        return {name: without_paths(value) for name, value in settings.items()}
    if isinstance(settings, list | tuple):
        return [without_paths(value) for value in settings]
    return _last_part(settings) if isinstance(settings, str) else settings


def _last_part(text: str) -> str:
    if PureWindowsPath(text).drive:
        return PureWindowsPath(text).name
    return PurePosixPath(text).name if text.startswith(("/", "~", "./", "../")) else text
