"""Faults as a client sees them: a disk without room, and a process that is killed while it acknowledges events.

``make bench-serve-faults`` does the same at length, on a real full disk and on PostgreSQL too.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
from bundles import untrained
from http_fakes import client_of, service_behind, write_model

from foretaste.serving.events.store import EventStore
from texts_fakes import write_shop


def test_a_full_disk_is_503_and_events_are_taken_again_when_there_is_room(
    tmp_path: Path, tidy: Path, fake_recipe: object
) -> None:
    with client_of([write_model(tmp_path / "one", tidy)], tmp_path / "events.db") as client:
        store: EventStore = service_behind(client).store

        def limit(pages: int) -> None:
            store.engine.dispose()
            with store.engine.connect() as connection:  # the pool hands this one connection out again
                connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

        def batch(name: str) -> dict[str, Any]:
            return {
                "events": [{"user_id": "u", "item_id": "i" * 250, "event_id": f"{name}{place}"} for place in range(200)]
            }

        assert client.post("/v1/events", json=batch("a")).status_code == 200
        limit(1)
        answer = client.post("/v1/events", json=batch("b"))
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:foretaste:problem:events-unavailable")
        assert "no space left" in answer.json()["detail"]
        assert int(answer.headers["retry-after"]) >= 1
        assert client.post("/v1/recommend", json={"history": ["i1"]}).status_code == 200
        limit(1 << 30)
        until = time.monotonic() + 10
        while client.post("/v1/events", json=batch("b")).status_code == 503:
            assert time.monotonic() < until
            time.sleep(0.05)
        assert store.count() == 400


def test_a_killed_service_has_every_event_that_it_acknowledged(tmp_path: Path) -> None:
    model = untrained(tmp_path / "model", "sasrec", write_shop(tmp_path / "shop"))
    events = str(tmp_path / "events.db")
    command = [sys.executable, "-m", "foretaste", "serve", str(model), "--port", "0", "--json", "--events", events]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    url, acknowledged = json.loads(process.stdout.readline())["url"], set[str]()

    def write(name: str) -> None:
        try:
            with httpx.Client(base_url=url, timeout=30) as client:
                for number in range(100_000):
                    event = {"user_id": name, "item_id": "i", "event_id": f"{name}-{number}"}
                    if client.post("/v1/events", json=event).status_code == 200:
                        acknowledged.add(event["event_id"])
        except httpx.HTTPError:
            return  # it was killed

    threads = [threading.Thread(target=write, args=(f"u{place}",)) for place in range(4)]
    for thread in threads:
        thread.start()
    until = time.monotonic() + 30
    while len(acknowledged) < 40 and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    for thread in threads:
        thread.join(60)
    kept = {event.event_id for rows in EventStore(events).rows() for event in rows}
    assert len(acknowledged) >= 40
    assert acknowledged <= kept
