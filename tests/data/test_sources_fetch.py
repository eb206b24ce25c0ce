"""Downloads: whole, verified and resumed byte by byte, from a server that misbehaves."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from email.utils import formatdate
from pathlib import Path

import pytest
from sources_server import Served, serving

from foretaste.core.errors import DataError
from foretaste.data.sources import transfer as transfer_module
from foretaste.data.sources.checksum import parse_sidecar
from foretaste.data.sources.fetch import fetch
from foretaste.data.sources.held import verify_local
from foretaste.data.sources.limits import DownloadError, Limits, retry_after
from foretaste.data.sources.remote import Remote

CONTENT = random.Random(5).randbytes(3_000_000)
QUICK = Limits(timeout=5.0, attempts=4, backoff=0.01, longest_wait=0.05)
FILE = Remote("files/log.gz")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def test_a_file_arrives_whole_and_is_recorded(tmp_path: Path) -> None:
    with serving({"files/log.gz": Served(CONTENT)}) as site:
        got = fetch(FILE, [site.url], tmp_path, QUICK)
        assert got.path.read_bytes() == CONTENT
        assert json.loads((tmp_path / "log.gz.json").read_text())["sha256"] == hashlib.sha256(CONTENT).hexdigest()
        assert not list(tmp_path.glob("*.part*"))
        again = fetch(FILE, [site.url], tmp_path, QUICK)
        assert again.facts == got.facts
        assert site.asked["files/log.gz"] == [""], "a verified copy is not fetched again"


def test_a_cut_connection_goes_on_at_the_byte_where_it_was_cut(tmp_path: Path) -> None:
    with serving({"files/log.gz": Served(CONTENT, drops=[100_000, 1_000_000, 1])}) as site:
        got = fetch(FILE, [site.url], tmp_path, QUICK)
        assert got.path.read_bytes() == CONTENT
        assert site.began["files/log.gz"] == [0, 100_000, 1_100_000, 1_100_001]


def test_a_killed_download_is_resumed_by_the_next_process(tmp_path: Path) -> None:
    served = Served(CONTENT, pause=0.02, block=1 << 14)
    script = (
        "import sys; from pathlib import Path; from foretaste.data.sources.fetch import fetch;"
        "from foretaste.data.sources.remote import Remote;"
        "from foretaste.data.sources.limits import Limits;"
        "fetch(Remote('files/log.gz'), [sys.argv[1]], Path(sys.argv[2]), Limits())"
    )
    with serving({"files/log.gz": served}) as site:
        process = subprocess.Popen([sys.executable, "-c", script, site.url, str(tmp_path)], stderr=subprocess.DEVNULL)
        part = tmp_path / "log.gz.part"
        deadline = time.monotonic() + 60
        while not (part.is_file() and part.stat().st_size > 200_000) and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        here = part.stat().st_size
        assert 200_000 < here < len(CONTENT)
        served.pause = 0.0
        got = fetch(FILE, [site.url], tmp_path, QUICK)
        assert got.path.read_bytes() == CONTENT
        assert site.began["files/log.gz"] == [0, here]


def test_a_file_that_changed_between_attempts_starts_again(tmp_path: Path) -> None:
    old, new = CONTENT, CONTENT[::-1]
    served = Served(old, drops=[500_000])
    with serving({"files/log.gz": served}) as site:
        with pytest.raises(DownloadError):
            fetch(FILE, [site.url], tmp_path, Limits(attempts=1))
        served.content = new
        assert fetch(FILE, [site.url], tmp_path, QUICK).path.read_bytes() == new
        assert site.asked["files/log.gz"] == ["", "bytes=500000-"]
        assert site.began["files/log.gz"] == [0, 0]


def test_a_server_that_lies_about_the_version_is_not_trusted(tmp_path: Path) -> None:
    served = Served(CONTENT, drops=[500_000], conditions=False)
    with serving({"files/log.gz": served}) as site:
        with pytest.raises(DownloadError):
            fetch(FILE, [site.url], tmp_path, Limits(attempts=1))
        served.content = CONTENT[::-1]
        assert fetch(FILE, [site.url], tmp_path, QUICK).path.read_bytes() == CONTENT[::-1]


@pytest.mark.parametrize(
    "served", [Served(CONTENT, drops=[500_000], ranges=False), Served(CONTENT, drops=[500_000], etag="")]
)
def test_without_ranges_or_tags_the_file_comes_from_the_start(tmp_path: Path, served: Served) -> None:
    with serving({"files/log.gz": served}) as site:
        assert fetch(FILE, [site.url], tmp_path, QUICK).path.read_bytes() == CONTENT


def test_a_weak_tag_gives_way_to_the_date(tmp_path: Path) -> None:
    date = formatdate(1_500_000_000, usegmt=True)
    served = Served(CONTENT, drops=[500_000], etag='W/"x"', headers={"Last-Modified": date})
    with serving({"files/log.gz": served}) as site:
        fetch(FILE, [site.url], tmp_path, QUICK)
        assert json.loads((tmp_path / "log.gz.json").read_text())["bytes"] == len(CONTENT)
        assert site.began["files/log.gz"] == [0, 500_000]


def test_a_shorter_file_on_the_server_starts_again(tmp_path: Path) -> None:
    served = Served(CONTENT, drops=[2_000_000], etag='"same"')
    with serving({"files/log.gz": served}) as site:
        with pytest.raises(DownloadError):
            fetch(FILE, [site.url], tmp_path, Limits(attempts=1))
        served.content = CONTENT[:1_000_000]
        assert fetch(FILE, [site.url], tmp_path, QUICK).path.read_bytes() == CONTENT[:1_000_000]


def test_a_busy_server_is_asked_again(tmp_path: Path) -> None:
    with serving({"files/log.gz": Served(CONTENT, statuses=[503, 429], headers={"Retry-After": "0.02"})}) as site:
        assert fetch(FILE, [site.url], tmp_path, QUICK).path.read_bytes() == CONTENT
        assert len(site.asked["files/log.gz"]) == 3


def test_a_server_that_stays_busy_is_given_up_after_the_attempts(tmp_path: Path) -> None:
    with serving({"files/log.gz": Served(CONTENT, statuses=[503] * 99)}) as site:
        with pytest.raises(DownloadError, match="gave up after 4 attempts in a row: the server answered 503") as caught:
            fetch(FILE, [site.url], tmp_path, QUICK)
        assert len(site.asked["files/log.gz"]) == 4
        assert "goes on where it stopped" in caught.value.mend


def test_data_that_arrives_starts_the_count_of_failures_again(tmp_path: Path) -> None:
    content = CONTENT * 3
    with serving({"files/log.gz": Served(content, drops=[1_500_000] * 5)}) as site:
        got = fetch(FILE, [site.url], tmp_path, Limits(attempts=2, backoff=0.01))
        assert got.path.read_bytes() == content
        assert site.began["files/log.gz"] == [0, 1_500_000, 3_000_000, 4_500_000, 6_000_000, 7_500_000]


def test_a_missing_file_is_not_asked_for_twice(tmp_path: Path) -> None:
    with serving({}) as site:
        with pytest.raises(DownloadError, match="404") as caught:
            fetch(FILE, [site.url], tmp_path, QUICK)
        assert site.asked["files/log.gz"] == [""]
        assert caught.value.where == f"{site.url}/files/log.gz"


def test_a_silent_server_is_given_up_in_bounded_time(tmp_path: Path) -> None:
    began = time.monotonic()
    served, late = Served(CONTENT, silent=True), pytest.raises(DownloadError, match="did not answer in time")
    with serving({"files/log.gz": served}) as site, late:
        fetch(FILE, [site.url], tmp_path, Limits(timeout=0.2, attempts=2, backoff=0.01))
    assert time.monotonic() - began < 5


def test_a_dripping_server_is_given_up(tmp_path: Path) -> None:
    served, slow = Served(CONTENT, block=10, pause=0.05), pytest.raises(DownloadError, match="fewer than 1024 bytes")
    with serving({"files/log.gz": served}) as site, slow:
        fetch(FILE, [site.url], tmp_path, Limits(timeout=0.2, attempts=1))


def test_the_mirror_is_asked_when_the_publisher_fails(tmp_path: Path) -> None:
    with (
        serving({"files/log.gz": Served(b"", statuses=[404])}) as first,
        serving({"files/log.gz": Served(CONTENT)}) as second,
    ):
        got = fetch(FILE, [first.url, second.url], tmp_path, QUICK)
        assert got.path.read_bytes() == CONTENT
        assert got.facts["url"].startswith(second.url)


def test_a_web_page_is_not_taken_for_data(tmp_path: Path) -> None:
    page = Served(b"<html>Please sign in", headers={"Content-Type": "text/html; charset=utf-8"})
    with serving({"files/log.gz": page}) as site, pytest.raises(DownloadError, match="web page"):
        fetch(FILE, [site.url], tmp_path, QUICK)
    assert not (tmp_path / "log.gz").exists()


@pytest.mark.parametrize("form", ["MD5 (log.gz) = {}\n", "{}  log.gz\n", "{}\n"])
def test_the_publishers_checksum_beside_the_file_is_heeded(tmp_path: Path, form: str) -> None:
    sidecar = Served(form.format(md5(CONTENT)).encode())
    with serving({"files/log.gz": Served(CONTENT), "files/log.gz.md5": sidecar}) as site:
        got = fetch(Remote("files/log.gz", sidecar=".md5"), [site.url], tmp_path, QUICK)
    assert got.facts["published"] == f"md5:{md5(CONTENT)}"


def test_a_wrong_checksum_is_fetched_once_more_and_then_refused(tmp_path: Path) -> None:
    sidecar = Served(f"MD5 (log.gz) = {'0' * 32}\n".encode())
    with serving({"files/log.gz": Served(CONTENT), "files/log.gz.md5": sidecar}) as site:
        with pytest.raises(DownloadError, match="wrong checksum") as caught:
            fetch(Remote("files/log.gz", sidecar=".md5"), [site.url], tmp_path, QUICK)
        assert site.asked["files/log.gz"] == ["", ""]
    assert caught.value.allowed == f"md5:{'0' * 32}"
    assert not list(tmp_path.glob("log.gz*")), "nothing of it is kept"


def test_the_known_checksum_holds_where_the_server_states_none(tmp_path: Path) -> None:
    with serving({"files/log.gz": Served(CONTENT)}) as site:
        with pytest.raises(DownloadError, match="wrong checksum"):
            fetch(Remote("files/log.gz", digest=f"md5:{'0' * 32}", sidecar=".md5"), [site.url], tmp_path, QUICK)
        good = Remote("files/log.gz", digest=f"md5:{md5(CONTENT)}", sidecar=".md5")
        assert fetch(good, [site.url], tmp_path, QUICK).facts["published"] == f"md5:{md5(CONTENT)}"


def test_a_damaged_copy_is_fetched_again(tmp_path: Path) -> None:
    with serving({"files/log.gz": Served(CONTENT)}) as site:
        got = fetch(FILE, [site.url], tmp_path, QUICK)
        got.path.write_bytes(CONTENT[:-1] + b"?")
        assert fetch(FILE, [site.url], tmp_path, QUICK).path.read_bytes() == CONTENT
        assert len(site.asked["files/log.gz"]) == 2


def test_another_file_at_the_same_address_later_is_refused_until_the_record_is_deleted(tmp_path: Path) -> None:
    served = Served(CONTENT)
    with serving({"files/log.gz": served}) as site:
        fetch(FILE, [site.url], tmp_path, QUICK).path.unlink()
        served.content = CONTENT[::-1]
        with pytest.raises(DataError, match="not the file that was fetched from this address before") as caught:
            fetch(FILE, [site.url], tmp_path, QUICK)
        assert str(tmp_path / "log.gz.json") in caught.value.mend
        (tmp_path / "log.gz.json").unlink()
        fetched_before = len(site.asked["files/log.gz"])
        assert fetch(FILE, [site.url], tmp_path, QUICK).path.read_bytes() == CONTENT[::-1]
        assert len(site.asked["files/log.gz"]) == fetched_before, "what was downloaded is used"


def test_too_little_room_is_told_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer_module, "SPARE", 1 << 60)
    with serving({"files/log.gz": Served(CONTENT)}) as site, pytest.raises(DataError, match="GB free"):
        fetch(FILE, [site.url], tmp_path, QUICK)
    assert not (tmp_path / "log.gz.part").exists()


def test_two_processes_do_not_write_the_same_file(tmp_path: Path) -> None:
    with (tmp_path / ".log.gz.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(DataError, match="another process is fetching"):
            fetch(FILE, ["http://127.0.0.1:9"], tmp_path, QUICK)


def test_a_file_of_the_users_own_must_have_the_published_checksum(tmp_path: Path) -> None:
    mine = tmp_path / "mine.gz"
    mine.write_bytes(CONTENT)
    assert verify_local(Remote("x.gz", digest=f"md5:{md5(CONTENT)}"), mine).path == mine
    with pytest.raises(DataError, match="not the published file"):
        verify_local(Remote("x.gz", digest=f"md5:{'0' * 32}"), mine)


def test_a_checksum_file_of_something_else_states_nothing() -> None:
    assert parse_sidecar(f"{'0' * 32}  other.zip".encode(), "log.gz") is None
    assert parse_sidecar(b"<html>not found</html>", "log.gz") is None
    assert parse_sidecar(b"\xff\xfe", "log.gz") is None


def test_retry_after_takes_seconds_and_dates() -> None:
    assert retry_after("3") == 3.0
    assert 50 < (retry_after(formatdate(time.time() + 60, usegmt=True)) or 0) <= 61
    assert retry_after("soon") is None
    assert retry_after(None) is None
    assert Limits(backoff=1, longest_wait=5).wait(10, None) == 5
