"""Events: durable, idempotent, in order, deletable, and clear about a database that does not answer."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

pytest.importorskip("alembic")

from foretaste.cli.main import run
from foretaste.core.errors import ArtefactError, ConfigError, DataError
from foretaste.data.dataset import Dataset
from foretaste.serving.events.availability import EventsUnavailable
from foretaste.serving.events.database import migrate, open_engine, writing
from foretaste.serving.events.event import Event, Outcome
from foretaste.serving.events.exchange import export, seed
from foretaste.serving.events.store import DAY, EventStore
from foretaste.serving.events.writer import EventWriter


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    found = EventStore(str(tmp_path / "events.db"))
    yield found
    found.close()


def event(name: str, user: str = "u", item: str = "i", at: int = 0, **more: object) -> Event:
    return Event(user, item, at, name, **more)  # type: ignore[arg-type]


def statuses(outcomes: list[Outcome]) -> list[str]:
    return [outcome.status for outcome in outcomes]


def test_an_event_is_kept_once(store: EventStore) -> None:
    assert statuses(store.add([event("a"), event("b"), event("a")])) == ["stored", "stored", "duplicate"]
    assert statuses(store.add([event("a", at=5), event("b", item="other"), event("c")])) == [
        "duplicate",
        "conflict",
        "stored",
    ]
    assert [e.item_id for e in store.history("u")] == ["i", "i", "i"]
    assert store.count() == 3


def test_a_history_is_in_the_order_of_time_then_arrival(store: EventStore) -> None:
    store.add([event("1", at=30, item="c"), event("2", at=10, item="a"), event("3", at=30, item="d")])
    store.add([event("4", at=20, item="b"), event("5", user="other", item="z")])
    assert [e.item_id for e in store.history("u")] == ["a", "b", "c", "d"]
    assert [e.item_id for e in store.history("u", 2)] == ["c", "d"]
    assert store.history("nobody") == []


@pytest.mark.parametrize(
    "bad",
    [
        event("a", user=""),
        event("a", item="x" * 257),
        event("a", user="a\x00b"),
        event("a", item="\ud800"),
        event("a", at=-1),
        event("a", rating=float("nan")),
    ],
)
def test_what_no_database_could_keep_is_refused_before(store: EventStore, bad: Event) -> None:
    with pytest.raises(DataError):
        store.add([event("good"), bad])
    assert store.count() == 0


def test_strange_texts_come_back_as_they_came(store: EventStore) -> None:
    texts = ["'; DROP TABLE events; --", "😀 ‮ \n\t", "%s :name ?", "../../etc/passwd", "<script>"]
    store.add([event(text, user=text, item=text) for text in texts])
    assert [store.history(text)[0].item_id for text in texts] == texts


def test_more_events_than_one_statement_takes(store: EventStore) -> None:
    many = [event(str(i), at=i, item=str(i)) for i in range(1_234)]
    assert set(statuses(store.add(many))) == {"stored"}
    assert set(statuses(store.add(many))) == {"duplicate"}
    assert [e.item_id for e in store.history("u", 2_000)] == [str(i) for i in range(1_234)]


def test_a_user_is_forgotten_for_good(store: EventStore, tmp_path: Path) -> None:
    store.add([event("1", user="secret-person"), event("2", user="other")])
    assert store.forget("secret-person") == 1
    assert store.history("secret-person") == []
    assert store.count() == 1
    store.close()
    sqlite3.connect(tmp_path / "events.db").execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"secret-person" not in (tmp_path / "events.db").read_bytes()


def test_old_events_are_pruned(store: EventStore) -> None:
    now = 1_700_000_000.0
    store.add([event("old", at=int(now * 1000) - 31 * DAY), event("new", at=int(now * 1000) - 29 * DAY)])
    assert store.prune(30, now=now) == 1
    assert [e.event_id for e in store.history("u")] == ["new"]


def test_settings_are_durable(store: EventStore) -> None:
    store.prepare()
    with store.engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2}


def test_changes_of_items_are_remembered_in_order(store: EventStore) -> None:
    last = store.change_items([("a", {"title": "Ä <b>"}), ("b", None)])
    assert store.item_changes() == [(last - 1, "a", {"title": "Ä <b>"}), (last, "b", None)]
    assert store.item_changes(last) == []


def test_processes_that_start_together_migrate_once(tmp_path: Path) -> None:
    url = str(tmp_path / "events.db")
    engines = [open_engine(url) for _ in range(4)]
    wrong: list[Exception] = []

    def start(engine: object) -> None:
        try:
            migrate(engine)  # type: ignore[arg-type]
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=start, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert EventStore(url).count() == 0


def test_a_newer_database_is_refused(store: EventStore) -> None:
    store.prepare()
    with writing(store.engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ArtefactError, match="newer version"):
        EventStore(str(store.engine.url.database)).prepare()


@pytest.mark.parametrize("url", ["mysql://host/name", "nonsense://", "http://host"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        EventStore(url)


def test_a_full_disk_is_said_and_gets_over(tmp_path: Path) -> None:
    clock = [0.0]
    store = EventStore(str(tmp_path / "events.db"), clock=lambda: clock[0])
    store.add([event("first")])

    def limit(pages: int) -> None:
        store.engine.dispose()
        with store.engine.connect() as connection:  # the pool hands this one connection out again
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    limit(1)
    many = [event(str(i), item="x" * 200) for i in range(500)]
    with pytest.raises(EventsUnavailable, match="no space left") as caught:
        store.add(many)
    assert caught.value.retry_after == 1
    limit(1 << 30)
    with pytest.raises(EventsUnavailable, match="no space left"):
        store.add(many)  # too early: the database is left alone for a moment
    clock[0] += 1
    assert set(statuses(store.add(many))) == {"stored"}
    assert store.count() == 501


def test_a_database_that_is_down_at_the_start_is_found_when_it_comes(tmp_path: Path) -> None:
    clock = [0.0]
    folder = tmp_path / "later"
    store = EventStore(str(folder / "events.db"), clock=lambda: clock[0])
    pauses = []
    for _ in range(9):
        with pytest.raises(EventsUnavailable, match="cannot be reached") as caught:
            store.add([event("a")])
        pauses.append(store._up._again - clock[0])
        clock[0] += caught.value.retry_after
    assert pauses == sorted(pauses)
    assert pauses[0] == pytest.approx(0.1)
    assert pauses[-1] == 5
    folder.mkdir()
    clock[0] += 5
    assert statuses(store.add([event("a")])) == ["stored"]


def test_a_read_only_file_can_still_be_read(tmp_path: Path) -> None:
    clock = [0.0]
    store = EventStore(str(tmp_path / "events.db"), clock=lambda: clock[0])
    store.add([event("a")])
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only=1")
    with pytest.raises(EventsUnavailable, match="read-only"):
        store.add([event("b")])
    clock[0] += 1
    assert len(store.history("u")) == 1


def test_writes_that_come_together_share_a_commit(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    add, sizes, free = store.add, [], threading.Event()

    def slow(events: list[Event]) -> list[Outcome]:
        free.wait()
        sizes.append(len(events))
        return add(events)

    monkeypatch.setattr(store, "add", slow)
    writer = EventWriter(store)
    waiting = [writer.submit([event(f"{i % 90}", item=f"{i % 90}")]) for i in range(100)]
    free.set()
    found = [future.result()[0].status for future in waiting]
    writer.close()
    assert found == ["stored"] * 90 + ["duplicate"] * 10
    assert len(sizes) <= 2
    assert store.count() == 90


def test_a_change_takes_its_turn(store: EventStore) -> None:
    writer = EventWriter(store)
    before = writer.submit([event("1")])
    gone = writer.then(lambda: store.forget("u"))
    after = writer.submit([event("2")])
    writer.close()
    assert (before.result()[0].status, gone.result(), after.result()[0].status) == ("stored", 1, "stored")
    assert [e.event_id for e in store.history("u")] == ["2"]


def test_nobody_loses_an_event_by_somebody_elses(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    add, free = store.add, threading.Event()

    def picky(events: list[Event]) -> list[Outcome]:
        free.wait()
        if any(e.event_id == "bad" for e in events):
            raise ValueError("the database does not like it")
        return add(events)

    monkeypatch.setattr(store, "add", picky)
    writer = EventWriter(store)
    first, bad, last = (writer.submit([event(name)]) for name in ("1", "bad", "2"))
    free.set()
    assert (first.result()[0].status, last.result()[0].status) == ("stored", "stored")
    with pytest.raises(ValueError, match="does not like"):
        bad.result()
    writer.close()


def kill_under_load(url: str) -> set[str]:
    """The ids that a writing process acknowledged before it was killed."""
    child = Path(__file__).with_name("event_child.py")
    process = subprocess.Popen([sys.executable, str(child), url], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    heard = [process.stdout.readline().strip()]
    until = time.monotonic() + 0.3
    while time.monotonic() < until:
        heard.append(process.stdout.readline().strip())
    os.kill(process.pid, signal.SIGKILL)
    rest = process.stdout.read()
    process.wait()
    whole = rest[: rest.rfind("\n") + 1].split()
    return {*heard, *whole}


def test_an_acknowledged_event_survives_kill_9(tmp_path: Path) -> None:
    url = str(tmp_path / "events.db")
    acknowledged = kill_under_load(url)
    kept = {e.event_id for rows in EventStore(url).rows() for e in rows}
    assert len(acknowledged) > 10
    assert acknowledged <= kept


@pytest.mark.parametrize("name", ["log.csv", "log.parquet"])
def test_an_export_is_training_data(store: EventStore, tmp_path: Path, name: str) -> None:
    base = 1_700_000_000_000
    store.add([event(f"{u}{i}", user=f"u{u}", item=f"i{i}", at=base + 1000 * i) for u in range(3) for i in range(4)])
    assert export(store, tmp_path / name) == 12
    assert run(["data", "import", str(tmp_path / name), "--out", str(tmp_path / "data")]) == 0
    check_imported(Dataset.load(tmp_path / "data"))


def test_data_import_reads_the_database_itself(store: EventStore, tmp_path: Path) -> None:
    base = 1_700_000_000_000
    store.add([event(f"{u}{i}", user=f"u{u}", item=f"i{i}", at=base + 1000 * i) for u in range(3) for i in range(4)])
    query = "SELECT user_id, item_id, timestamp, kind FROM events ORDER BY timestamp, seq"
    asked = ["data", "import", str(tmp_path / "events.db"), "--query", query, "--out", str(tmp_path / "data")]
    assert run(asked) == 0
    check_imported(Dataset.load(tmp_path / "data"))


def check_imported(dataset: Dataset) -> None:
    assert sorted(dataset.users) == ["u0", "u1", "u2"]
    assert dataset.items.decode(dataset.sequences[0]) == ["i0", "i1", "i2", "i3"]
    assert dataset.real_times
    assert dataset.sequences.times is not None
    assert dataset.sequences.times[:2].tolist() == [1_700_000_000, 1_700_000_001]


def test_an_empty_store_exports_an_empty_table(store: EventStore, tmp_path: Path) -> None:
    assert export(store, tmp_path / "log.parquet") == 0
    assert pl.read_parquet(tmp_path / "log.parquet").columns == ["user_id", "item_id", "timestamp", "kind"]
    with pytest.raises(DataError, match=r"log\.xlsx"):
        export(store, tmp_path / "log.xlsx")


def test_a_data_set_gives_its_users_their_histories(store: EventStore, tidy: Path) -> None:
    dataset = Dataset.load(tidy)
    assert seed(store, tidy) == dataset.sequences.total
    assert seed(store, tidy) == 0
    for row, user in enumerate(dataset.users):
        assert [e.item_id for e in store.history(user)] == dataset.items.decode(dataset.sequences[row])
