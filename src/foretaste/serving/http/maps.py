"""Maps of the models' items, drawn when somebody asks for one and kept as long as the version that they show.

The first answer is the projection, which takes milliseconds. Where openTSNE is installed a process of its own then
draws a better map, one at a time; the answers say that one is on its way (``drawing``) until it is there.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from foretaste.evaluation.embedding_map import unit_square
from foretaste.serving.abilities import has_plane
from foretaste.serving.engine import Engine
from foretaste.serving.http.problems import Problem, log
from foretaste.serving.layout import Layout, drawn, first_layout

PROGRAM = (sys.executable, "-m", "foretaste.serving.tsne")
"""Draws a map; see :mod:`foretaste.serving.tsne`."""

SECONDS = 300.0
"""How long a map may take before the projection is kept."""

FEWEST = 10
"""Items below which the projection is as good as anything."""


class Maps:
    """The maps of one service; lives in one event loop.

    Args:
        program: The command that draws; empty: the projection is all there is.
    """

    def __init__(self, program: Sequence[str] | None = None) -> None:
        installed = PROGRAM if find_spec("openTSNE") is not None else ()
        self._program = tuple(installed if program is None else program)
        self._layouts: WeakKeyDictionary[Engine, Layout] = WeakKeyDictionary()
        self._tasks: WeakKeyDictionary[Engine, asyncio.Task[None]] = WeakKeyDictionary()
        self._one = asyncio.Lock()

    async def map_of(self, engine: Engine) -> dict[str, Any]:
        """The map of a model as it is now.

        Raises:
            Problem: If the model has no item vectors, or some are not finite.
        """
        layout = self._layouts.get(engine)
        if layout is None:
            layout = self._layouts.setdefault(engine, await asyncio.to_thread(_first, engine))
            if self._program and len(layout.rows) >= FEWEST and engine not in self._tasks:
                self._tasks[engine] = asyncio.create_task(self._improve(engine, layout))
        task, layout = self._tasks.get(engine), self._layouts[engine]
        drawing = task is not None and not task.done()  # of the layout that is told, whatever comes meanwhile
        return {**await asyncio.to_thread(drawn, engine.shelf, layout), "drawing": drawing}

    async def close(self) -> None:
        """Stops what is being drawn."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _improve(self, engine: Engine, layout: Layout) -> None:
        unit = engine.shelf.made.unit
        assert unit is not None, "there is a layout of it"
        async with self._one:
            places = await _drawn_by(self._program, unit[layout.rows])
        if places is not None:
            self._layouts[engine] = replace(layout, places=places, method="t-sne")


def _first(engine: Engine) -> Layout:
    unit = engine.shelf.made.unit
    if unit is None or not has_plane(engine.shelf) or not np.isfinite(unit).all():
        raise Problem(404, "this model has no item vectors to lay out", kind="no-map")
    return first_layout(unit)


async def _drawn_by(program: Sequence[str], vectors: NDArray[np.float32]) -> NDArray[np.float64] | None:
    """Places that a program finds for vectors; None if it fails, which the log says."""
    given = io.BytesIO()
    np.save(given, vectors, allow_pickle=False)
    pipe = asyncio.subprocess.PIPE
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
    process = await asyncio.create_subprocess_exec(*program, stdin=pipe, stdout=pipe, stderr=pipe, env=environment)
    said = b""
    try:
        async with asyncio.timeout(SECONDS):
            out, said = await process.communicate(given.getvalue())
        places: NDArray[np.float64] = np.load(io.BytesIO(out), allow_pickle=False)
        if places.shape != (len(vectors), 2) or not np.isfinite(places).all():
            raise ValueError(f"{places.shape} places")
        return unit_square(places)
    except (TimeoutError, ValueError, OSError, EOFError) as error:
        log.warning("no t-SNE map: %r %s", error, said.decode(errors="replace").strip()[-200:])
        return None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
