"""The models of a service: who answers whom, new versions without a lost request, and the way back."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from foretaste.core.errors import ForetasteError
from foretaste.serving.engine import Engine
from foretaste.serving.http.batching import Batcher
from foretaste.serving.http.engines import Change, catch_up, opened
from foretaste.serving.http.metrics import Metrics
from foretaste.serving.http.problems import Problem
from foretaste.serving.http.settings import Settings
from foretaste.serving.http.shares import place, shares


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
        point = random.random() if user is None else place(user)
        for slot in self.slots.values():
            point -= slot.weight
            if point < 0:
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
