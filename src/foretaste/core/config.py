"""Configs are frozen dataclasses; every field says what it means, and what the paper uses.

A config is built from its defaults, a preset, a file and ``key=value`` texts, each overruling the one before. Keys of a
nested group are written with a dot (``train.lr``). Nothing unknown and nothing of another type passes in silence.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from foretaste.core.convert import as_option_type, convert, type_name
from foretaste.core.errors import ConfigError, nearest

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
    return _update(config, _nested(values, where), "", config, where)


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


def _nested(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Dotted keys opened into groups."""
    out: dict[str, Any] = {}
    for key, value in values.items():
        head, dot, rest = key.partition(".")
        inner = _nested(value, where) if isinstance(value, Mapping) else value
        _put(out, head, _nested({rest: inner}, where) if dot else inner, where)
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


def _update(config: C, values: Mapping[str, Any], prefix: str, root: Any, where: str) -> C:
    specs = {spec.name: spec for spec in dataclasses.fields(config)}  # type: ignore[arg-type]
    hints = get_type_hints(type(config))
    new: dict[str, Any] = {}
    for name, value in values.items():
        key = prefix + name
        if name not in specs:
            raise _unknown_key(key + _first_path(value), prefix, list(specs), root, where)
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


def _first_path(value: Any) -> str:
    """The rest of the dotted key that a nested value was written under."""
    if not isinstance(value, Mapping) or not value:
        return ""
    key, inner = next(iter(value.items()))
    return f".{key}{_first_path(inner)}"


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
