"""Texts and TOML values to the types that config keys may have: checked, never guessed."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Union, get_args, get_origin

from foretaste.core.errors import ConfigError, nearest

NONE_WORDS = ("none", "null")
TRUE_WORDS = ("true", "yes", "on", "1")
FALSE_WORDS = ("false", "no", "off", "0")
PLAIN = (bool, int, float, str)


@dataclass(frozen=True)
class OptionType:
    """What a key takes.

    Attributes:
        base: ``bool``, ``int``, ``float`` or ``str``; of a tuple, its elements' type.
        many: Whether it takes a tuple.
        length: How many elements the tuple has, None for any number.
        optional: Whether it may be None.
        choices: The allowed values of a text, none for any.
        low: The smallest allowed number.
        high: The largest allowed number.
    """

    base: type[Any]
    many: bool = False
    length: int | None = None
    optional: bool = False
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None

    def limited(self, meta: Mapping[str, Any]) -> OptionType:
        """The same with the choices and bounds of a field's metadata."""
        choices = tuple(meta.get("choices", ())) or self.choices
        return replace(self, choices=choices, low=meta.get("low"), high=meta.get("high"))


def as_option_type(hint: Any) -> OptionType:
    """Reads a field's annotation.

    Raises:
        TypeError: If a config was declared with a type that keys cannot have.
    """
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        rest = [arg for arg in args if arg is not type(None)]
        if len(rest) == 1 and len(args) == 2:
            inner = as_option_type(rest[0])
            return OptionType(inner.base, inner.many, inner.length, True, inner.choices)
    elif origin is Literal:
        return OptionType(str, choices=tuple(str(arg) for arg in args))
    elif origin is tuple and args:
        inner = as_option_type(args[0])
        if not inner.many and all(arg in (args[0], Ellipsis) for arg in args):
            return OptionType(inner.base, True, None if args[-1] is Ellipsis else len(args), False, inner.choices)
    elif hint in PLAIN:
        return OptionType(hint)
    raise TypeError(f"a config key cannot have the type {hint!r}")


def type_name(kind: OptionType) -> str:
    """The type in words, as a user writes it.

    >>> type_name(as_option_type(tuple[int, ...] | None))
    'int,int,… or none'
    """
    word = {bool: "true|false", str: "text"}.get(kind.base, kind.base.__name__)
    if kind.many:
        word = ",".join([word] * kind.length) if kind.length else f"{word},{word},…"
    word = f"{word}, {bounds(kind)}" if bounds(kind) else word
    return f"{word} or none" if kind.optional else word


def convert(value: Any, kind: OptionType, *, key: str, where: str) -> Any:
    """The value in the key's type.

    Raises:
        ConfigError: If it has another type, is not one of the choices, or is out of bounds.
    """
    if value is None or (isinstance(value, str) and value.lower() in NONE_WORDS):
        if kind.optional:
            return None
        if value is None or kind.base is not str:
            raise _wrong(value, kind, key, where)
    if not kind.many:
        return _one(value, kind, key, where)
    parts = _parts(value)
    if parts is None or (kind.length is not None and len(parts) != kind.length):
        raise _wrong(value, kind, key, where)
    return tuple(_one(part, kind, key, where) for part in parts)


def _parts(value: Any) -> list[Any] | None:
    """Elements of a list, or of a text ``a,b,c`` (brackets allowed, empty for none)."""
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, bool | int | float):
        return [value]
    if not isinstance(value, str):
        return None
    text = value.strip()
    if text[:1] in ("(", "[") and text[-1:] in (")", "]"):
        text = text[1:-1]
    parts = [part.strip().strip("'\"") for part in text.split(",")]
    return [part for part in parts if part]


def _one(value: Any, kind: OptionType, key: str, where: str) -> Any:
    found = _parse(value, kind.base)
    if found is None:
        raise _wrong(value, kind, key, where)
    if kind.choices and found not in kind.choices:
        guess = nearest(str(found), kind.choices)
        raise ConfigError(
            f"{key}={found} is not one of the values that {key!r} takes",
            where=where,
            allowed=", ".join(kind.choices),
            mend=f"did you mean {guess!r}?" if guess else f"choose one of the allowed values of {key}",
        )
    if (kind.low is not None and found < kind.low) or (kind.high is not None and found > kind.high):
        raise ConfigError(f"{key}={found} is out of bounds", where=where, allowed=bounds(kind), mend=f"change {key}")
    return found


def bounds(kind: OptionType) -> str:
    """The allowed numbers in words: ``0 to 1``, ``1 or more``, ``at most 5``; nothing where all are."""
    if kind.low is not None and kind.high is not None:
        return f"{kind.low:g} to {kind.high:g}"
    if kind.low is not None:
        return f"{kind.low:g} or more"
    return f"at most {kind.high:g}" if kind.high is not None else ""


def _parse(value: Any, base: type[Any]) -> Any:
    """The value as ``base``, or None when it is not one."""
    if base is bool:
        return _as_bool(value)
    if base is str:
        return value if isinstance(value, str) else None
    number = _as_number(value)
    if number is None or math.isnan(number):
        return None
    if base is float:
        return float(number)
    return int(number) if math.isfinite(number) and number == int(number) else None


def _as_bool(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    word = value.lower() if isinstance(value, str) else ""
    return True if word in TRUE_WORDS else False if word in FALSE_WORDS else None


def _as_number(value: Any) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if not isinstance(value, str):
        return value
    for parse in (int, float):
        try:
            return parse(value)
        except ValueError:
            continue
    return None


_EXAMPLES = {
    bool: "true or false",
    int: "a whole number, like 64",
    float: "a number, like 0.5 or 1e-3",
    str: "a text",
}


def _wrong(value: Any, kind: OptionType, key: str, where: str) -> ConfigError:
    allowed = _EXAMPLES[kind.base]
    if kind.many:
        number = kind.length if kind.length is not None else "any number of"
        allowed = f"{number} values with commas between them, each {allowed}"
    if kind.optional:
        allowed += ", or none"
    return ConfigError(
        f"{key}={value!r} does not fit: {key!r} takes {type_name(kind)}",
        where=where,
        allowed=allowed,
        mend=f"give {key} a value of that kind",
    )
