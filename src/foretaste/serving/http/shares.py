"""Which share of the traffic each model of a service gets, and where a user falls."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from foretaste.core.errors import ConfigError, unknown


def shares(split: str, names: Sequence[str]) -> dict[str, float]:
    """The share of each model out of ``a=90,b=10``; all to the first when nothing is said.

    >>> shares("a=3,b=1", ["a", "b", "c"])
    {'a': 0.75, 'b': 0.25, 'c': 0.0}

    Raises:
        ConfigError: If a name is unknown, a weight is no number of 0 or more, or all are 0.
    """
    weights = dict.fromkeys(names, 0.0)
    for part in filter(None, split.split(",")):
        name, _, text = part.strip().partition("=")
        if name not in weights:
            raise unknown("model", name, names, where="--split")
        try:
            weights[name] = float(text)
        except ValueError:
            weights[name] = -1
        if not 0 <= weights[name] < float("inf"):
            raise ConfigError(f"{part!r} gives no share", where="--split", allowed="NAME=NUMBER,… of 0 or more")
    total = sum(weights.values())
    if split and not total:
        raise ConfigError("no model gets any traffic", where="--split", allowed="a share above 0")
    return {n: w / total for n, w in weights.items()} if total else {**weights, names[0]: 1.0}


def place(user: str) -> float:
    """A number from 0 to 1 that is always the same for a user."""
    digest = hashlib.sha256(b"foretaste split\0" + user.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
