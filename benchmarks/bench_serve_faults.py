"""Kills, reloads, full disks and missing databases, while requests come: ``make bench-serve-faults``.

1. Ten times the service is killed (kill -9) while clients hand in events, on SQLite and on PostgreSQL (Debian's
   package; left out, loudly, where there is none). After each start every event that was acknowledged must be there.
2. The model is reloaded again and again under 200 requests a second: none may fail.
3. The disk of the events is full (a file system of 3 MB where one may be mounted), the database is away: a clear 503
   with Retry-After; once there is room, or the database is back, events are taken again without a restart.
"""

from __future__ import annotations

import argparse
import http.client
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from load import open_loop, post, run
from machine import ROOT, heading, load, table
from served import Served, served

sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "serving")]

from bundles import untrained  # noqa: E402
from postgres import Cluster, server_programs  # noqa: E402

from foretaste.serving.events.store import EventStore  # noqa: E402
from texts_fakes import write_shop  # noqa: E402

RESULT = ROOT / "benchmarks" / "results" / "serve_faults.txt"
WRITERS, LOADED = 8, 1.0


class Writers:
    """Threads that hand in events, one after the other, and remember what was acknowledged."""

    def __init__(self, service: Served, name: str) -> None:
        self.acknowledged: set[str] = set()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._write, args=(service.address, f"{name}-{place}"), daemon=True)
            for place in range(WRITERS)
        ]
        for thread in self._threads:
            thread.start()

    def _write(self, address: tuple[str, int], name: str) -> None:
        try:
            connection = http.client.HTTPConnection(*address, timeout=30)
            for number in range(1_000_000):
                event = {"user_id": name, "item_id": f"i{number}", "event_id": f"{name}-{number}"}
                connection.request("POST", "/v1/events", json.dumps(event), {"content-type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                if answer.status == 200:
                    self.acknowledged.add(event["event_id"])
                if self._stop.is_set():
                    return
        except (OSError, http.client.HTTPException):
            return  # the service was killed

    def end(self) -> set[str]:
        """What was acknowledged, once all have ended."""
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        return self.acknowledged


def kills(model: Path, url: str, log: Path, rounds: int) -> list[str]:
    """Kills the service under load; a row of the table."""
    acknowledged: set[str] = set()
    missing = 0
    for place in range(rounds):
        service = Served([str(model), "--events", url], log)
        writers = Writers(service, f"r{place}")
        time.sleep(LOADED)
        service.stop(signal.SIGKILL)
        acknowledged |= writers.end()
        store = EventStore(url)
        kept = {event.event_id for rows in store.rows() for event in rows}
        store.close()
        missing += len(acknowledged - kept)
    return [url.partition(":")[0] if "://" in url else "sqlite", f"{rounds}", f"{len(acknowledged):,}", f"{missing:,}"]


def reloads(model: Path, folder: Path, seconds: float) -> list[str]:
    """Reloads and rolls back under 200 requests a second; what came of it."""
    with served([str(model), "--events", str(folder / "reload.db")], folder / "log.txt") as service:
        done, stop = [0], threading.Event()

        def change() -> None:
            connection = http.client.HTTPConnection(*service.address, timeout=60)
            while not stop.is_set():
                for what in ("reload", "rollback"):
                    connection.request("POST", f"/v1/models/{model.name}/{what}")
                    answer = connection.getresponse()
                    answer.read()
                    done[0] += answer.status == 200

        thread = threading.Thread(target=change)
        thread.start()
        asked = [post("/v1/recommend", {"history": [f"k{i % 15}", "g1"], "k": 5}) for i in range(int(200 * seconds))]
        answers = run(open_loop(service.address, asked, 200))
        stop.set()
        thread.join()
    counted = f"{answers.statuses.total():,} requests at 200/s during {done[0]} reloads and rollbacks"
    return [f"{counted}: {answers.failed} failed; p50 {answers.at(0.5):.1f} ms, p99 {answers.at(0.99):.1f} ms"]


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """A file system of 3 MB, if this user may mount one."""
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], capture_output=True)
    try:
        yield done.returncode == 0
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def full_disk(model: Path, folder: Path) -> list[str]:
    """Fills the disk below the events, then makes room."""
    with small_disk(folder / "disk") as mounted:
        if not mounted:
            return ["NOT RUN: no file system may be mounted here; tests/serving/test_events.py limits SQLite's pages"]
        with served([str(model), "--events", str(folder / "disk" / "events.db")], folder / "log.txt") as service:
            ballast = folder / "disk" / "ballast"
            ballast.write_bytes(b"x" * (2 << 20))
            status, body, headers = _until(service, lambda status: status == 503)
            lines = [f"disk full: {status} {json.loads(body)['detail']!r}, retry-after {headers['retry-after']}"]
            status = _ask(service, "POST", "/v1/recommend", {"history": ["k1"], "k": 3})[0]
            lines.append(f"recommendations meanwhile: {status}")
            ballast.unlink()
            began = time.monotonic()
            _until(service, lambda status: status == 200)
            return [*lines, f"events again {time.monotonic() - began:.1f} s after there was room, without a restart"]


def gone_database(model: Path, folder: Path, cluster: Cluster) -> list[str]:
    """Stops PostgreSQL, then starts it."""
    with served([str(model), "--events", cluster.fresh()], folder / "log.txt") as service:
        _until(service, lambda status: status == 200)
        cluster.stop()
        status, body, headers = _until(service, lambda status: status == 503)
        lines = [f"database down: {status} {json.loads(body)['detail']!r}, retry-after {headers['retry-after']}"]
        cluster.start()
        began = time.monotonic()
        _until(service, lambda status: status == 200)
        return [*lines, f"events again {time.monotonic() - began:.1f} s after it was back, without a restart"]


def _until(service: Served, good: object) -> tuple[int, bytes, http.client.HTTPMessage]:
    for number in range(20_000):
        event = {"user_id": "u", "item_id": "i" * 200, "event_id": f"{time.time_ns()}-{number}"}
        found = _ask(service, "POST", "/v1/events", event)
        if good(found[0]):  # type: ignore[operator]
            return found
        time.sleep(0.05 if found[0] == 503 else 0)
    raise RuntimeError(f"the last of many answers was {found[0]}: {found[1][:300]!r}")


def _ask(service: Served, method: str, path: str, body: object) -> tuple[int, bytes, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection(*service.address, timeout=30)
    connection.request(method, path, json.dumps(body), {"content-type": "application/json"})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content, answer.headers


def main() -> None:
    """Everything, and the file of results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=15.0, help="of reloads under load")
    options = parser.parse_args()
    before, folder = load(), Path(tempfile.mkdtemp())
    try:
        model = untrained(folder / "shop-model", "sasrec", write_shop(folder / "shop"))
        programs = server_programs()
        rows = [["events in", "kills", "acknowledged", "missing"]]
        rows.append(kills(model, str(folder / "kill.db"), folder / "log.txt", options.rounds))
        lines = reloads(model, folder, options.seconds) + full_disk(model, folder)
        if programs is None:
            lines.append("NOT RUN: no PostgreSQL was found (apt-get install postgresql)")
        else:
            cluster = Cluster(programs)
            rows.append(kills(model, cluster.fresh(), folder / "log.txt", options.rounds))
            lines += gone_database(model, folder, cluster)
            cluster.close()
        protocol = f"kill -9 {LOADED} s after the start of {WRITERS} writers, each waiting for its answer"
        text = [*heading("The service under faults", protocol, before), *table(rows), "", *lines, ""]
        RESULT.write_text("\n".join(text))
        print("\n".join(text))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
