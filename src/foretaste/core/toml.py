"""TOML: values of a config as text, and files read with one clear error."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from foretaste.core.errors import ConfigError, nearest


def toml_value(value: Any) -> str:
    """A plain value in TOML; None is the text ``"none"``, which every key that may be None reads as None."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    text = "none" if value is None else str(value)
    escaped = "".join(_ESCAPES.get(c, c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}") for c in text)
    return f'"{escaped}"'


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def read_toml(file: Path) -> dict[str, Any]:
    """The content of a TOML file.

    Raises:
        ConfigError: If it is not there or not TOML; says the line.
    """
    if not file.is_file():
        near = (
            nearest(file.name, (p.name for p in file.parent.glob("*") if p.is_file())) if file.parent.is_dir() else None
        )
        raise ConfigError(
            f"there is no config file {str(file)!r}",
            allowed="a TOML file of keys and values",
            mend=f"did you mean {str(file.parent / near)!r}?" if near else "check the path",
        )
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the config file is not TOML: {error}",
            where=str(file),
            allowed='lines like `train.lr = 1e-3` or `backbone = "gru4rec"`',
            mend="correct that line",
        ) from error
