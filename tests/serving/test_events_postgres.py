"""The event store on a real PostgreSQL: the same tests as on SQLite, a kill, and a server that goes and comes back.

The imported tests are collected here once more, with the store of this file.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("psycopg")

from http_fakes import client_of, write_model
from postgres import Cluster, server_programs
from test_events import (  # noqa: F401
    event,
    kill_under_load,
    test_a_change_takes_its_turn,
    test_a_history_is_in_the_order_of_time_then_arrival,
    test_a_user_is_forgotten_for_good,
    test_an_event_is_kept_once,
    test_an_export_is_training_data,
    test_changes_of_items_are_remembered_in_order,
    test_more_events_than_one_statement_takes,
    test_nobody_loses_an_event_by_somebody_elses,
    test_old_events_are_pruned,
    test_strange_texts_come_back_as_they_came,
    test_what_no_database_could_keep_is_refused_before,
    test_writes_that_come_together_share_a_commit,
)

from foretaste.serving.events.availability import EventsUnavailable
from foretaste.serving.events.store import EventStore

PROGRAMS = server_programs()
pytestmark = pytest.mark.skipif(
    PROGRAMS is None, reason="NO POSTGRESQL WAS FOUND: events in PostgreSQL are not tested (apt-get install postgresql)"
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    assert PROGRAMS is not None
    found = Cluster(PROGRAMS)
    yield found
    found.close()


@pytest.fixture
def store(cluster: Cluster) -> Iterator[EventStore]:
    found = EventStore(cluster.fresh())
    yield found
    found.close()


def test_replicas_that_start_together_migrate_once(cluster: Cluster) -> None:
    stores, wrong = [EventStore(url) for url in [cluster.fresh()] * 4], list[Exception]()

    def start(one: EventStore) -> None:
        try:
            one.prepare()
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=start, args=(one,)) for one in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    stores[0].add([event("a")])
    assert stores[3].count() == 1


def test_an_acknowledged_event_survives_the_crash_of_service_and_server(cluster: Cluster) -> None:
    url = cluster.fresh()
    acknowledged = kill_under_load(url)
    cluster.stop(signal.SIGQUIT)
    cluster.start()
    kept = {e.event_id for rows in EventStore(url).rows() for e in rows}
    assert len(acknowledged) > 10
    assert acknowledged <= kept


def test_a_server_that_is_away_is_503_and_is_found_again(
    cluster: Cluster, tmp_path: Path, tidy: Path, fake_recipe: object
) -> None:
    folder, url = write_model(tmp_path / "one", tidy), cluster.fresh()
    one = {"user_id": "u", "item_id": "i1", "event_id": "e"}
    with client_of([folder], url) as client:  # type: ignore[arg-type]
        assert client.post("/v1/events", json=one).status_code == 200
        cluster.stop()
        began = time.monotonic()
        answer = client.post("/v1/events", json={**one, "event_id": "f"})
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:foretaste:problem:events-unavailable")
        assert int(answer.headers["retry-after"]) >= 1
        assert client.get("/readyz").status_code == 503
        assert client.post("/v1/recommend", json={"history": ["i1"]}).status_code == 200
        assert time.monotonic() - began < 10
        assert str(cluster.folder) not in answer.text
        cluster.start()
        until = time.monotonic() + 12
        while client.post("/v1/events", json={**one, "event_id": "f"}).status_code == 503:
            assert time.monotonic() < until, "the database was not found again"
            time.sleep(0.1)
        assert len(client.get("/v1/users/u/history").json()["events"]) == 2
        assert client.get("/readyz").status_code == 200


def test_wrong_credentials_are_no_secret_told(tmp_path: Path) -> None:
    store = EventStore(f"postgresql://ann:secret@/events?host={tmp_path}")
    with pytest.raises(EventsUnavailable, match="cannot be reached") as caught:
        store.add([event("a")])
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(store)
