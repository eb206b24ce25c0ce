"""Configs are frozen dataclasses; every field says what it means, and what the paper uses.

A config is built from its defaults, a preset, a file and ``key=value`` texts, each overruling the one before. Keys of a
nested group are written with a dot (``train.lr``). Nothing unknown and nothing of another type passes in silence.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from foretaste.core.convert import as_option_type, convert, type_name
from foretaste.core.errors import ConfigError, nearest
from foretaste.core.keys import first_path, nested, parse_overrides
from foretaste.core.toml import read_toml, toml_value

C = TypeVar("C")


def option(
    default: Any,
    help: str,
    *,
    paper: str = "",
    choices: tuple[str, ...] = (),
    low: float | None = None,
    high: float | None = None,
) -> Any:
    """A documented dataclass field.

    Args:
        default: The default value; a dataclass instance becomes a nested group of keys.
        help: What the key does, in one sentence, with its unit.
        paper: The paper's value and its source, when it differs or matters.
        choices: The allowed values of a text key.
        low: The smallest allowed value of a number.
        high: The largest allowed value of a number.
    """
    metadata = {"help": help, "paper": paper, "choices": choices, "low": low, "high": high}
    if isinstance(default, list | dict | set):
        raise TypeError("defaults must be immutable: use a tuple or a frozen dataclass")
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Key:
    """One key of a config, as `foretaste show` lists it.

    Attributes:
        key: Its dotted name.
        type: What it takes, in words.
        default: Its value when nothing else is said.
        help: What it does.
        paper: What the paper uses.
        choices: Allowed values of a text key.
    """

    key: str
    type: str
    default: Any
    help: str
    paper: str
    choices: tuple[str, ...]


def describe(config: Any) -> list[Key]:
    """Every key of a config class (or of an instance, whose values are then the defaults), groups opened."""
    return [_row(key, spec, value, hint) for key, spec, value, hint in _leaves(_instance(config))]


def configure(
    cls: type[C],
    *,
    preset: Mapping[str, Any] | None = None,
    file: Path | None = None,
    overrides: Iterable[str] = (),
) -> C:
    """A config from defaults < preset < file < overrides.

    Args:
        cls: A frozen dataclass in which every field has a default.
        preset: Values of a preset, nested or with dotted keys.
        file: A TOML file with the same keys.
        overrides: Texts like ``train.lr=1e-3``.

    Raises:
        ConfigError: For an unknown key (with the nearest known one), a wrong type or a value not allowed.
    """
    config = from_dict(cls, preset or {}, where="the preset")
    if file is not None:
        config = update(config, read_toml(file), where=str(file))
    return update(config, parse_overrides(overrides), where="key=value on the command line")


def from_dict(cls: type[C], values: Mapping[str, Any], *, where: str = "") -> C:
    """A config with ``values`` (nested or dotted keys) over the defaults of ``cls``."""
    return update(cls(), values, where=where)


def update(config: C, values: Mapping[str, Any], *, where: str = "") -> C:
    """The config with some values replaced; see :func:`configure` for what is refused."""
    return _update(config, nested(values, where), "", config, where)


def to_dict(config: Any) -> dict[str, Any]:
    """Plain nested values (tuples become lists), which :func:`from_dict` reads back to an equal config."""
    return {spec.name: _plain(getattr(config, spec.name)) for spec in dataclasses.fields(config)}


def flat(config: Any) -> dict[str, Any]:
    """Dotted key → value."""
    return {key: value for key, _, value, _ in _leaves(config)}


def to_toml(config: Any, *, comment: str = "") -> str:
    """The config as TOML with dotted keys, one a line; ``comment`` goes on top."""
    lines = [f"# {line}" for line in comment.splitlines()]
    lines += [f"{key} = {toml_value(value)}" for key, value in flat(config).items()]
    return "\n".join(lines) + "\n"


def _update(config: C, values: Mapping[str, Any], prefix: str, root: Any, where: str) -> C:
    specs = {spec.name: spec for spec in dataclasses.fields(config)}  # type: ignore[arg-type]
    hints = get_type_hints(type(config))
    new: dict[str, Any] = {}
    for name, value in values.items():
        key = prefix + name
        if name not in specs:
            raise _unknown_key(key + first_path(value), prefix, list(specs), root, where)
        current = getattr(config, name)
        if dataclasses.is_dataclass(current) and not isinstance(current, type):
            new[name] = _update_group(current, value, key, root, where)
        else:
            kind = as_option_type(hints[name]).limited(specs[name].metadata)
            new[name] = convert(value, kind, key=key, where=where)
    return dataclasses.replace(config, **new) if new else config  # type: ignore[type-var]


def _update_group(current: Any, value: Any, key: str, root: Any, where: str) -> Any:
    if isinstance(value, type(current)):
        return value
    if isinstance(value, Mapping):
        return _update(current, value, key + ".", root, where)
    keys = [f"{key}.{spec.name}" for spec in dataclasses.fields(current)]
    raise ConfigError(
        f"{key!r} is a group of keys and takes no value of its own, but {value!r} came",
        where=where,
        allowed=", ".join(keys),
        mend=f"set one of its keys, like {keys[0]}=…",
    )


def _unknown_key(key: str, prefix: str, level: list[str], root: Any, where: str) -> ConfigError:
    """Looks on the same level first, then for the same last word elsewhere, then for anything like it."""
    head, _, rest = key.removeprefix(prefix).partition(".")
    every = [row.key for row in describe(root)]
    same_leaf = [other for other in every if other.rpartition(".")[2] == key.rpartition(".")[2]]
    close = nearest(head, level)
    beside = nearest(f"{prefix}{close}.{rest}" if rest else f"{prefix}{close}", every) if close else None
    guess = beside or (same_leaf[0] if same_leaf else nearest(key, every))
    far = max(every, key=lambda other: SequenceMatcher(None, key.lower(), other.lower()).ratio())
    return ConfigError(
        f"unknown key {key!r}",
        where=where,
        allowed=", ".join(sorted(prefix + name for name in level)),
        mend=f"did you mean {guess!r}?" if guess else f"choose one of the allowed keys; the nearest is {far!r}",
    )


def _instance(config: Any) -> Any:
    return config() if isinstance(config, type) else config


def _leaves(config: Any, prefix: str = "") -> Iterator[tuple[str, dataclasses.Field[Any], Any, Any]]:
    hints = get_type_hints(type(config))
    for spec in dataclasses.fields(config):
        value = getattr(config, spec.name)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            yield from _leaves(value, f"{prefix}{spec.name}.")
        else:
            yield prefix + spec.name, spec, value, hints[spec.name]


def _row(key: str, spec: dataclasses.Field[Any], value: Any, hint: Any) -> Key:
    meta = spec.metadata
    kind = as_option_type(hint).limited(meta)
    return Key(key, type_name(kind), value, meta.get("help", ""), meta.get("paper", ""), kind.choices)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return to_dict(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value
