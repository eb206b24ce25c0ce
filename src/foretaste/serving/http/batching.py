"""Questions that come at the same time go through the model together.

While one batch is computed the next one gathers. A question that comes alone goes at once; one that has company waits a
moment for more, at most ``wait`` seconds.

Short work is done where it is, in the event loop: two threads of one interpreter that both have much to do wait for
each other longer than such work takes. What takes longer goes into a thread, and the loop goes on answering.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from foretaste.core.errors import ForetasteError
from foretaste.serving.queries import Query
from foretaste.serving.recommendations import Recommendations

Answer = Callable[[Sequence[Query]], list[Recommendations]]
SHORT = 0.02
"""Seconds of a batch, guessed from those before it, up to which it is computed in the loop."""

ENOUGH = 12
"""Questions of a batch beyond which a larger one saves next to nothing."""

Waiting = tuple[Query, "asyncio.Future[Recommendations]"]


class Batcher:
    """Gathers questions to one model; lives in one event loop, computes in one thread of its own.

    Args:
        answer: Answers many questions at once.
        most: Questions of one forward.
        wait: Seconds to wait for more.
        seen: Told the size of each batch.
    """

    def __init__(
        self, answer: Answer, *, most: int = 256, wait: float = 0.001, seen: Callable[[int], object] = int
    ) -> None:
        self._answer, self._most, self._wait, self._seen = answer, most, wait, seen
        self._waiting: deque[Waiting] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="foretaste-model")
        self._task: asyncio.Task[None] | None = None
        self._company = False
        self._seconds = SHORT  # that one question takes, about; nothing is known yet

    def ask(self, query: Query) -> asyncio.Future[Recommendations]:
        """Puts a question; the future has the answer, or the error that is this question's own."""
        found: asyncio.Future[Recommendations] = asyncio.get_running_loop().create_future()
        self._waiting.append((query, found))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        return found

    async def close(self) -> None:
        """Answers what waits, and ends."""
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])
        self._thread.shutdown(wait=False)

    async def _run(self) -> None:
        """Works until nothing waits any longer."""
        while self._waiting:
            if self._wait and self._company and len(self._waiting) < self._room():
                await asyncio.sleep(self._wait)
            batch = [self._waiting.popleft() for _ in range(min(self._room(), len(self._waiting)))]
            batch = [(query, found) for query, found in batch if not found.done()]  # the client may be gone
            self._company = len(batch) > 1
            if batch:
                self._seen(len(batch))
                answers = await self._computed([query for query, _ in batch])
                for (_, found), answer in zip(batch, answers, strict=True):
                    _tell(found, answer)
                await asyncio.sleep(0)  # whoever was answered or has just come has a turn

    def _room(self) -> int:
        """How many questions the next batch takes: what is short work, if that is enough to be worth a batch."""
        short = int(SHORT / max(self._seconds, 1e-9))
        return min(self._most, short) if short >= ENOUGH else self._most

    async def _computed(self, queries: list[Query]) -> list[Recommendations | Exception]:
        """Answers, from here or from the thread."""
        began = time.perf_counter()
        if self._seconds * len(queries) <= SHORT and all(query.intent is None for query in queries):
            answers = self._answers(queries)
        else:
            answers = await asyncio.get_running_loop().run_in_executor(self._thread, self._answers, queries)
        self._seconds += 0.1 * ((time.perf_counter() - began) / len(queries) - self._seconds)
        return answers

    def _answers(self, queries: list[Query]) -> list[Recommendations | Exception]:
        try:
            return list(self._answer(queries))
        except Exception as error:
            if len(queries) == 1:
                return [error]
            if isinstance(error, ForetasteError):  # somebody's question is wrong: everybody is answered on their own
                return [self._answers([query])[0] for query in queries]
            half = len(queries) // 2
            return self._answers(queries[:half]) + self._answers(queries[half:])


def _tell(found: asyncio.Future[Recommendations], answer: Recommendations | Exception) -> None:
    if found.done():
        return
    with contextlib.suppress(asyncio.InvalidStateError):
        if isinstance(answer, Exception):
            found.set_exception(answer)
        else:
            found.set_result(answer)
