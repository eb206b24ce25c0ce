"""Load on an HTTP service: requests at a given rate whatever the answers do (open loop), or as many as it can take.

Latency counts from the moment at which a request was due, so that a server that stands still cannot hide it. Requests
are bytes that were written before, answers are split by their ``content-length`` alone: the generator shares the
machine with what it measures, and should cost little.
"""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import uvloop

Address = tuple[str, int]


@dataclass
class Answers:
    """What came back.

    Attributes:
        seconds: Latencies, in the order of the answers.
        statuses: How often each status came; 0 stands for a connection that broke.
        wall: Seconds from the first request to the last answer.
        cpu: Seconds of processor time of the generator itself.
    """

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    wall: float = 0.0
    cpu: float = 0.0

    def at(self, share: float) -> float:
        """The latency below which this share of the answers lies, in milliseconds."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")

    @property
    def failed(self) -> int:
        """Requests that got no 2xx."""
        return sum(count for status, count in self.statuses.items() if not 200 <= status < 300)


def post(path: str, body: Any) -> bytes:
    """A request with a JSON body."""
    content = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    return head.encode() + b"content-length: %d\r\n\r\n" % len(content) + content


class _Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, free: Callable[[_Connection], None], answers: Answers) -> None:
        self.free, self.answers = free, answers
        self.due: float | None = None
        self.transport: Any = None
        self._part = b""
        self.told: Callable[[int, bytes], None] | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def send(self, request: bytes, due: float) -> None:
        self.due = due
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._part += data
        end = self._part.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._part[:end].lower()
        place = head.index(b"content-length:") + 15
        length = int(head[place : head.find(b"\r", place) if b"\r" in head[place:] else None])
        if len(self._part) < end + 4 + length:
            return
        body, self._part = self._part[end + 4 :], b""
        status = int(head[9:12])
        self._answered(status)
        if self.told is not None:
            self.told(status, body)
        self.free(self)

    def connection_lost(self, error: Exception | None) -> None:
        if self.due is not None:
            self._answered(0)
        self.transport = None

    def _answered(self, status: int) -> None:
        assert self.due is not None
        self.answers.seconds.append(time.perf_counter() - self.due)
        self.answers.statuses[status] += 1
        self.due = None


async def open_loop(address: Address, requests: Sequence[bytes], rate: float, *, connections: int = 32) -> Answers:
    """Sends requests at a steady rate, each when it is due, and waits for all answers.

    Args:
        address: Host and port.
        requests: Whole requests.
        rate: Requests a second.
        connections: How many are open; a request that finds none free waits, and its latency counts.
    """
    loop, answers = asyncio.get_running_loop(), Answers()
    free: deque[_Connection] = deque()
    waiting: deque[tuple[bytes, float]] = deque()

    def freed(one: _Connection) -> None:
        if waiting:
            one.send(*waiting.popleft())
        else:
            free.append(one)

    for _ in range(connections):
        _, one = await loop.create_connection(lambda: _Connection(freed, answers), *address)
        free.append(one)
    cpu, began = time.process_time(), time.perf_counter() + 0.05
    for place, request in enumerate(requests):
        due = began + place / rate
        pause = due - time.perf_counter()
        if pause > 0:
            await asyncio.sleep(pause)
        if free and free[-1].transport is not None:
            free.pop().send(request, due)
        else:
            waiting.append((request, due))
    until = time.perf_counter() + 30
    while answers.statuses.total() < len(requests) and time.perf_counter() < until:
        await asyncio.sleep(0.005)
    answers.wall, answers.cpu = time.perf_counter() - began, time.process_time() - cpu
    answers.statuses[0] += len(requests) - answers.statuses.total()
    return answers


async def closed_loop(address: Address, requests: Sequence[bytes], seconds: float, *, connections: int = 32) -> Answers:
    """Sends the next request as soon as an answer comes, for so many seconds.

    Args:
        address: Host and port.
        requests: Whole requests, sent in turn.
        seconds: How long.
        connections: Requests on the way at once.
    """
    loop, answers, place = asyncio.get_running_loop(), Answers(), 0
    until = time.perf_counter() + seconds

    def freed(one: _Connection) -> None:
        nonlocal place
        now = time.perf_counter()
        if now < until and one.transport is not None:
            place += 1
            one.send(requests[place % len(requests)], now)

    cpu, began = time.process_time(), time.perf_counter()
    opened = [await loop.create_connection(lambda: _Connection(freed, answers), *address) for _ in range(connections)]
    for _, one in opened:
        freed(one)
    while time.perf_counter() < until or any(one.due is not None for _, one in opened):
        await asyncio.sleep(0.02)
    answers.wall, answers.cpu = time.perf_counter() - began, time.process_time() - cpu
    for transport, _ in opened:
        transport.close()
    return answers


def run(work: Any) -> Any:
    """Runs a coroutine with the quick loop, without pauses of the collector."""
    gc.collect()
    gc.disable()
    try:
        return uvloop.run(work)
    finally:
        gc.enable()
