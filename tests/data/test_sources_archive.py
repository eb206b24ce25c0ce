"""Archives that mean harm, or are broken, are refused; nothing is written under a name from an archive."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from sources_files import packed, tarred, zipped

from foretaste.core.errors import DataError
from foretaste.data.sources import streams
from foretaste.data.sources.archive import open_member
from foretaste.data.sources.streams import open_stream


def ignore(done: int, total: int | None) -> None:
    return


def read(path: Path, name: str = "log.json") -> bytes:
    with open_member(path, name, ignore) as stream:
        return stream.read()


@pytest.mark.parametrize("name", ["../log.json", "a/../../log.json", "/etc/log.json", "C:\\log.json", "..\\log.json"])
@pytest.mark.parametrize("make", [zipped, tarred])
def test_a_path_out_of_the_archive_is_refused_and_nothing_is_written(tmp_path: Path, name: str, make: object) -> None:
    folder = tmp_path / "deep" / "er"
    folder.mkdir(parents=True)
    path = folder / "archive"
    path.write_bytes(make({name: b"evil", "log.json": b"good"}))  # type: ignore[operator]
    with pytest.raises(DataError, match="leads out of it"):
        read(path)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [path]


def test_links_in_the_place_of_a_member_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    with zipfile.ZipFile(path, "w") as pack:
        info = zipfile.ZipInfo("log.json")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        pack.writestr(info, "/etc/passwd")
    with pytest.raises(DataError, match="is a link"):
        read(path)
    with tarfile.open(path, "w") as tar:
        link = tarfile.TarInfo("log.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    with pytest.raises(DataError, match="a link or a device"):
        read(path)


@pytest.mark.parametrize("make", [zipped, lambda members: tarred(members, "w:gz")])
def test_a_member_that_swells_beyond_reason_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: object
) -> None:
    monkeypatch.setattr(streams, "FLOOR", 1000)
    path = tmp_path / "archive"
    path.write_bytes(make({"log.json": b"0" * 5_000_000}))  # type: ignore[operator]
    with pytest.raises(DataError, match="unpacks to more than"):
        read(path)


def test_a_gzip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "FLOOR", 1000)
    path = tmp_path / "log.gz"
    path.write_bytes(packed(b"0" * 5_000_000))
    with pytest.raises(DataError, match="unpacks to more than"), open_stream(path, ignore) as stream:
        stream.read()


def test_members_are_found_in_any_folder_and_shadows_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    path.write_bytes(zipped({"__MACOSX/log.json": b"shadow", "a/._log.json": b"shadow", "a/b/log.json": b"good"}))
    assert read(path) == b"good"
    path.write_bytes(tarred({"a/._log.json": b"shadow", "./log.json": b"good"}))
    assert read(path) == b"good"


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    path.write_bytes(zipped({"a/log.json": b"1", "b/log.json": b"2"}))
    with pytest.raises(DataError, match="2 members called"):
        read(path)


def test_an_absent_member_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    for content in (zipped({"logs.json": b""}), tarred({"logs.json": b""})):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"holds no log.json") as caught:
            read(path)
        assert "logs.json" in caught.value.mend


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 not an archive",
        zipped({"log.json": b"x" * 1000})[:60],
        tarred({"log.json": np.random.default_rng(0).bytes(5000)}, "w:gz")[:3000],
        b"\x1f\x8b" + b"\x00" * 50,
    ],
    ids=["empty", "not an archive", "half a zip", "half a tar", "half a gzip"],
)
def test_a_broken_archive_is_told_as_damage(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "archive"
    path.write_bytes(content)
    with pytest.raises(DataError):
        read(path)


def test_a_flipped_byte_is_found_by_the_archives_own_checksum(tmp_path: Path) -> None:
    content = bytearray(zipped({"log.json": bytes(range(256)) * 10}))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as pack:
        pack.writestr("log.json", bytes(range(256)) * 10)
    content = bytearray(buffer.getvalue())
    content[500] ^= 1
    path = tmp_path / "archive"
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        read(path)


def test_a_page_named_like_a_packed_file_is_told_as_damage(tmp_path: Path) -> None:
    path = tmp_path / "log.gz"
    path.write_bytes(b"<html>moved</html>")
    with pytest.raises(DataError, match="does not begin like a gzip file"), open_stream(path, ignore) as stream:
        stream.read()
