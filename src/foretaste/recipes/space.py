"""Spaces to search: key → a range or some values, declared by a recipe or written in TOML.

In Python a recipe says ``space={"train.lr": Range(1e-4, 1e-2, log=True), "dim": (64, 128)}``; in a file the same is

    dim = [64, 128]
    "train.lr" = { low = 1e-4, high = 1e-2, log = true }
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foretaste.core.config import describe, update
from foretaste.core.errors import ConfigError, unknown
from foretaste.core.toml import read_toml


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both included; whole numbers when both ends are.

    Attributes:
        low: Smallest value.
        high: Largest value.
        log: Whether to draw on a logarithmic scale.
        step: Distance between values; not together with ``log``.
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and self.low <= 0) or (self.log and self.step is not None):
            raise ConfigError(
                f"the range from {self.low} to {self.high}{' (log)' if self.log else ''} cannot be searched",
                allowed="low < high; with log = true also low > 0 and no step",
                mend="correct the range",
            )

    @property
    def whole(self) -> bool:
        """Whether values are integers."""
        return isinstance(self.low, int) and isinstance(self.high, int)


Choice = tuple[Any, ...]
Space = Mapping[str, Range | Choice]


def read_space(file: Path, config: Any) -> dict[str, Range | Choice]:
    """The space in a TOML file, checked against a config class or instance.

    Raises:
        ConfigError: For an unknown key, a value that the key does not take, or a range that is none.
    """
    return check_space(_leaves(read_toml(file)), config, where=str(file))


def parse_space(text: str, config: Any) -> dict[str, Range | Choice]:
    """The same from a TOML text."""
    return check_space(_leaves(tomllib.loads(text)), config, where="the space")


def check_space(space: Mapping[str, Any], config: Any, *, where: str) -> dict[str, Range | Choice]:
    """Every key must exist, and take every value that might be drawn."""
    instance = config() if isinstance(config, type) else config
    keys = {row.key for row in describe(instance)}
    checked: dict[str, Range | Choice] = {}
    for key, drawn in space.items():
        if key not in keys:
            raise unknown("key", key, keys, where=where)
        checked[key] = _drawn(drawn, key, where)
        for value in _extremes(checked[key]):
            update(instance, {key: value}, where=f"{where}, space of {key}")
    return checked


def _extremes(drawn: Range | Choice) -> Choice:
    return (drawn.low, drawn.high) if isinstance(drawn, Range) else drawn


def _drawn(value: Any, key: str, where: str) -> Range | Choice:
    if isinstance(value, Range):
        return value
    if isinstance(value, list | tuple) and value:
        return tuple(tuple(item) if isinstance(item, list) else item for item in value)
    if isinstance(value, Mapping):
        strange = [name for name in value if name not in ("low", "high", "log", "step")]
        if strange:
            raise unknown("word of a range", strange[0], ("low", "high", "log", "step"), where=f"{where}, {key}")
        if {"low", "high"} <= set(value):
            return Range(**value)
    raise ConfigError(
        f"the space of {key!r} is neither a range nor a list of values",
        where=where,
        allowed="[64, 128] or { low = 1e-4, high = 1e-2, log = true }",
        mend="write it in one of the two forms",
    )


def _leaves(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested tables as dotted keys; a table with ``low`` or ``high`` is a range."""
    out: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, Mapping) and not {"low", "high"} & set(value):
            out |= _leaves(value, f"{prefix}{key}.")
        else:
            out[prefix + key] = value
    return out
