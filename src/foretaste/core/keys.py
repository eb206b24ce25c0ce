"""Keys as people write them: ``key=value`` texts, and dotted keys opened into groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from foretaste.core.errors import ConfigError


def parse_overrides(texts: Iterable[str]) -> dict[str, Any]:
    """Texts ``key=value`` as a mapping with dotted keys; a later text overrules an earlier one."""
    found: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise ConfigError(
                f"{text!r} is not of the form key=value",
                where="the command line",
                allowed="key=value without blanks around the equals sign, like dim=128 or train.lr=1e-3",
                mend=f"write {text.strip()}=VALUE, or an option with two dashes",
            )
        found[key.strip()] = value.strip()
    return found


def nested(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Dotted keys opened into groups."""
    out: dict[str, Any] = {}
    for key, value in values.items():
        head, dot, rest = key.partition(".")
        inner = nested(value, where) if isinstance(value, Mapping) else value
        _put(out, head, nested({rest: inner}, where) if dot else inner, where)
    return out


def _put(into: dict[str, Any], key: str, value: Any, where: str) -> None:
    if key not in into or not (isinstance(into[key], dict) or isinstance(value, dict)):
        into[key] = value
        return
    if not (isinstance(into[key], dict) and isinstance(value, dict)):
        raise ConfigError(
            f"the key {key!r} is given both as a value and as a group", where=where, mend="give one of them"
        )
    for inner, item in value.items():
        _put(into[key], inner, item, where)


def first_path(value: Any) -> str:
    """The rest of the dotted key that a nested value was written under."""
    if not isinstance(value, Mapping) or not value:
        return ""
    key, inner = next(iter(value.items()))
    return f".{key}{first_path(inner)}"
