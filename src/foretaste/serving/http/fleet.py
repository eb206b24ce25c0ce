"""The models of a service: who answers whom, new versions without a lost request, and the way back."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foretaste.core.errors import ConfigError, ForetasteError, unknown
from foretaste.serving.engine import Engine
from foretaste.serving.http.batching import Batcher
from foretaste.serving.http.metrics import Metrics
from foretaste.serving.http.problems import Problem
from foretaste.serving.http.settings import Settings

Change = tuple[int, str, dict[str, Any] | None]
"""Number, item, and its attributes or None when it went; see ``EventStore.item_changes``."""


@dataclass
class Version:
    """One state of a model's folder, loaded.

    Attributes:
        engine: Answers.
        batcher: Gathers questions to it.
        digest: The first letters of the digest of its files.
    """

    engine: Engine
    batcher: Batcher
    digest: str


@dataclass
class Slot:
    """A name that requests know, and what stands behind it.

    Attributes:
        name: The name.
        folder: Where its versions are read from.
        weight: Share of the traffic that names no model.
        current: Answers now.
        previous: Answered before, and is kept for the way back.
    """

    name: str
    folder: Path
    weight: float
    current: Version
    previous: Version | None = None


class Fleet:
    """All models of a service.

    Args:
        engines: Engines by name, each with the folder it came from.
        settings: Batching and split.
        metrics: What is counted.
    """

    def __init__(self, engines: Mapping[str, tuple[Engine, Path]], settings: Settings, metrics: Metrics) -> None:
        self._settings, self._metrics = settings, metrics
        weights = shares(settings.split, list(engines))
        self.slots = {
            name: Slot(name, folder, weights[name], self._version(name, engine))
            for name, (engine, folder) in engines.items()
        }
        self._changing = asyncio.Lock()
        self._noted: list[Change] = []

    def slot(self, name: str, *, status: int = 404) -> Slot:
        """The model of that name.

        Raises:
            Problem: If there is none.
        """
        if name not in self.slots:
            raise Problem(status, "there is no such model", kind="unknown-model", allowed=", ".join(self.slots))
        return self.slots[name]

    def chosen(self, user: str | None) -> Slot:
        """Who answers a request that names no model: for a user always the same, for a stranger by lot."""
        place = random.random() if user is None else _place(user)
        for slot in self.slots.values():
            place -= slot.weight
            if place < 0:
                return slot
        return next(slot for slot in self.slots.values() if slot.weight)

    async def reload(self, name: str) -> Slot:
        """Reads the folder again and lets the new version answer; requests on the way finish with the old one.

        Raises:
            Problem: If the folder cannot be read now; the old version goes on.
        """
        slot = self.slot(name)
        async with self._changing:
            try:
                engine = await asyncio.to_thread(opened, slot.folder, name)
                await asyncio.to_thread(engine.open_reader)
                await asyncio.to_thread(catch_up, engine, self._noted)
            except (ForetasteError, OSError) as error:
                what = error.what if isinstance(error, ForetasteError) else "the folder cannot be read"
                raise Problem(409, f"the new version was refused: {what}", kind="reload-failed") from error
            gone, slot.previous, slot.current = slot.previous, slot.current, self._version(name, engine)
        self._metrics.reloads.labels(name, "reload").inc()
        if gone is not None:
            await gone.batcher.close()
        return slot

    async def rollback(self, name: str) -> Slot:
        """Lets the version before answer again; a second call undoes the first.

        Raises:
            Problem: If there is none.
        """
        slot = self.slot(name)
        async with self._changing:
            if slot.previous is None:
                raise Problem(409, "there is no version before this one", kind="no-previous-version")
            await asyncio.to_thread(catch_up, slot.previous.engine, self._noted)
            slot.current, slot.previous = slot.previous, slot.current
        self._metrics.reloads.labels(name, "rollback").inc()
        return slot

    async def change(self, changes: Sequence[Change]) -> dict[str, dict[str, str]]:
        """Brings items that came or went to every model, and to every version that is read later.

        Returns:
            By model what it could not follow: the item, and why.
        """
        async with self._changing:
            self._noted = [*self._noted, *changes]
            return {
                slot.name: await asyncio.to_thread(catch_up, slot.current.engine, changes)
                for slot in self.slots.values()
            }

    def knows(self, item_id: str) -> list[Engine]:
        """The engines that have an item."""
        return [slot.current.engine for slot in self.slots.values() if slot.current.engine.has_item(item_id)]

    async def close(self) -> None:
        """Answers what waits."""
        for slot in self.slots.values():
            for version in (slot.current, slot.previous):
                if version is not None:
                    await version.batcher.close()

    def _version(self, name: str, engine: Engine) -> Version:
        seen = self._metrics.batch.labels(name).observe
        most, wait = self._settings.max_batch, self._settings.batch_ms / 1000
        batcher = Batcher(engine.recommend, most=most, wait=wait, seen=seen)
        return Version(engine, batcher, str(engine.info()["version"])[:12])


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


def _place(user: str) -> float:
    """A number from 0 to 1 that is always the same for a user."""
    digest = hashlib.sha256(b"foretaste split\0" + user.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
