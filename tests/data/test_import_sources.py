"""The same rows from every kind of source; catalogues, users, databases, filters."""

from __future__ import annotations

import gzip
import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from foretaste.core.errors import ForetasteError
from foretaste.data.dataset import Dataset
from foretaste.data.importing.options import ImportOptions
from foretaste.data.importing.report import report_lines
from foretaste.data.importing.run import import_data
from foretaste.data.importing.sql_address import public_url

LOG = pl.DataFrame(
    {
        "user_id": ["b", "a", "b", "a", "c"],
        "item_id": ["x", "y", "y", "x", "007"],
        "timestamp": [1_400_000_100, 1_400_000_000, 1_400_000_000, 1_400_000_000, 1_400_000_500],
        "rating": [5.0, 4.5, None, 3.0, 1.0],
        "label": [1, 0, 1, 1, 0],
        "split": ["train", "train", "valid", "test", "test"],
        "review_text": ['say "hi", twice', "two\nlines", None, "ünï", "x"],
    }
)


def import_log(path: Path | str, out: Path, **options: Any) -> pl.DataFrame:
    import_data(path, out=out, options=ImportOptions(**options))
    return pl.read_parquet(out / "interactions.parquet")


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    order = [2, 0, 1, 3, 4]  # users by first appearance; by time; the tie of "a" keeps the order of the file
    places = pl.Series("position", [0, 1, 0, 1, 0], dtype=pl.Int32)
    sorted_log = LOG[order]
    return pl.DataFrame([sorted_log["user_id"], sorted_log["item_id"], places, *sorted_log.get_columns()[2:]])


def test_csv_tsv_jsonl_and_parquet_give_the_same_table(tmp_path: Path, expected: pl.DataFrame) -> None:
    LOG.write_csv(tmp_path / "log.csv")
    LOG.write_csv(tmp_path / "log.tsv", separator="\t")
    LOG.write_ndjson(tmp_path / "log.jsonl")
    LOG.write_parquet(tmp_path / "log.parquet")
    (tmp_path / "log.jsonl.gz").write_bytes(gzip.compress((tmp_path / "log.jsonl").read_bytes()))
    for suffix in ("csv", "tsv", "jsonl", "jsonl.gz", "parquet"):
        table = import_log(tmp_path / f"log.{suffix}", tmp_path / suffix)
        assert table.equals(expected), suffix


def test_zstd_is_unpacked(tmp_path: Path, expected: pl.DataFrame) -> None:
    duckdb = pytest.importorskip("duckdb")
    LOG.write_csv(tmp_path / "plain.csv")
    duckdb.connect().execute(
        f"COPY (SELECT * FROM read_csv('{tmp_path}/plain.csv', all_varchar = true)) "
        f"TO '{tmp_path}/log.csv.zst' (FORMAT csv, HEADER, COMPRESSION zstd)"
    )
    assert import_log(tmp_path / "log.csv.zst", tmp_path / "out").equals(expected)


def test_a_tidy_folder_imports_into_itself_again(tmp_path: Path, expected: pl.DataFrame) -> None:
    expected.write_parquet(tmp_path / "log.parquet")
    again = import_log(tmp_path / "log.parquet", tmp_path / "out")
    assert again.drop("position_source").equals(expected)
    assert again["position_source"].to_list() == expected["position"].to_list()


def test_sqlite_by_path_url_and_query(tmp_path: Path, expected: pl.DataFrame) -> None:
    file = tmp_path / "shop.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE log (user_id, item_id, timestamp, rating REAL, label INT, split, review_text)")
        connection.executemany("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)", LOG.rows())
    connection.close()
    assert import_log(file, tmp_path / "a").equals(expected)
    assert import_log(f"sqlite:///{file}", tmp_path / "b", query="SELECT * FROM log;").equals(expected)
    with pytest.raises(ForetasteError, match="did you mean the table 'log'"):
        import_log(file, tmp_path / "c", query="SELECT * FROM lgo")


def test_sqlite_text_that_is_no_unicode_is_refused_row_by_row(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "s.sqlite") as connection:
        connection.execute("CREATE TABLE log (user_id, item_id)")
        connection.execute("INSERT INTO log VALUES ('u', 'i'), (CAST(x'ff' AS TEXT), 'i'), (x'ff00', 'i'), (NULL, 'i')")
    connection.close()
    manifest = import_data(tmp_path / "s.sqlite", out=tmp_path / "out", options=ImportOptions(max_rejected=1.0))
    assert manifest["import"]["sources"]["log"]["reasons"] == {"unusable user id": 2, "missing user id": 1}


def test_duckdb_by_path_and_url_with_the_catalogue_from_a_query(tmp_path: Path, expected: pl.DataFrame) -> None:
    duckdb = pytest.importorskip("duckdb")
    file = tmp_path / "shop.duckdb"
    LOG.write_parquet(tmp_path / "log.parquet")
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"CREATE TABLE log AS SELECT * FROM '{tmp_path}/log.parquet'")
        connection.execute("CREATE TABLE goods AS SELECT 'x' AS sku, 'An x' AS name, ['a', 'b'] AS genres")
    options = ImportOptions(
        query="SELECT * FROM log", items_query="SELECT * FROM goods", item_columns={"item_id": "sku"}
    )
    import_data(file, out=tmp_path / "a", options=options)
    assert pl.read_parquet(tmp_path / "a" / "interactions.parquet").equals(expected)
    items = pl.read_parquet(tmp_path / "a" / "items.parquet")
    assert items.select("item_id", "title", "categories").rows() == [("x", "An x", ["a", "b"])]
    url = import_log(f"duckdb:///{file}", tmp_path / "b", query="SELECT * FROM log WHERE user_id = 'b'")
    assert url["user_id"].to_list() == ["b", "b"]
    with pytest.raises(ForetasteError, match="which rows"):
        import_log(file, tmp_path / "c")


def test_an_sqlalchemy_url_reads_as_a_path_does(
    tmp_path: Path, expected: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sqlalchemy")
    from foretaste.data.importing import sql_reader

    file = tmp_path / "shop.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE log (user_id, item_id, timestamp, rating REAL, label INT, split, review_text)")
        connection.executemany("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)", LOG.rows())
    connection.close()
    # SQLite through SQLAlchemy stands for the servers that a test cannot start
    monkeypatch.setattr(sql_reader, "database", lambda source: ("server", Path()))
    query = "SELECT * FROM log WHERE split <> ':none'"
    assert import_log(f"sqlite+pysqlite:///{file}", tmp_path / "out", query=query).equals(expected)
    with pytest.raises(ForetasteError, match="refuses"):
        import_log(f"sqlite+pysqlite:///{file}", tmp_path / "out", query="SELECT x FROM log")
    with pytest.raises(ForetasteError):
        import_log("postgresql+nodriver://me:secret@host/db", tmp_path / "out", query="SELECT 1")
    for url in ("nonsense://", "postgresql://host:port/db", "postgresql://[::1/db", "oracle://h/x"):
        with pytest.raises(ForetasteError):
            import_log(url, tmp_path / "out")


def test_passwords_are_never_shown() -> None:
    assert public_url("postgresql://me:secret@host:5432/db?x=1") == "postgresql://me:***@host:5432/db?x=1"
    assert public_url("sqlite:///a.db") == "sqlite:///a.db"
    assert "secret" not in public_url("postgresql://me:secret@[::1/db")


def test_addresses_of_files_are_no_databases(tmp_path: Path) -> None:
    for url in ("https://host/log.csv", "s3://bucket/log.parquet", "file:///log.csv"):
        with pytest.raises(ForetasteError, match="not of a database"):
            import_log(url, tmp_path / "out")
    with pytest.raises(ForetasteError, match="no database file"):
        import_log(f"sqlite:///{tmp_path}/none.db", tmp_path / "out")


def test_times_ties_repeats_and_duplicates_are_reported_and_kept(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("user,item,time,note\na,x,5e8,1\na,x,5e8,1\na,y,5e8,2\na,x,6e8,1\nb,x,7e8,3\nnan,x,7e8,3\n")
    manifest = import_data(log, out=tmp_path / "out")
    assert manifest["import"]["repeats"] == {"exact_duplicates": 1, "tied_interactions": 3, "users_with_tied_last": 0}
    assert manifest["stats"]["duplicate_user_item_pairs"] == 2
    assert manifest["import"]["gap_like_ids"] == {"user_id": {"nan": 1}, "item_id": {}}
    assert manifest["stats"]["interactions"] == 6
    text = "\n".join(report_lines(manifest, tmp_path / "out"))
    for part in ("1 rows are exact repeats", "3 interactions share", "a gap written by another tool?", "Unix seconds"):
        assert part in text


def test_rows_without_times_keep_their_order_and_say_so(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("user,item,when\na,z,3\na,y,2\na,x,1\na,z,3\n")
    manifest = import_data(log, out=tmp_path / "out")
    assert manifest["timestamp"] == "ordinal"
    assert manifest["import"]["repeats"] == {"exact_duplicates": 1}
    data = Dataset.load(tmp_path / "out")
    assert data.items.decode(data.sequences[0]) == ["z", "y", "x", "z"]
    assert not data.real_times


def test_fractions_of_a_second_order_rows_before_they_are_cut_off(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    rows = ["b,p,1400000000900", "a,x,1400000000700", "a,y,1400000000200", "b,q,1400000000100", "a,z,1399999999000"]
    log.write_text("user,item,ts\n" + "\n".join(rows))
    table = import_log(log, tmp_path / "out")
    assert table["item_id"].to_list() == ["q", "p", "z", "y", "x"]
    assert table["timestamp"].to_list() == [1_400_000_000] * 2 + [1_399_999_999] + [1_400_000_000] * 2


@pytest.mark.parametrize(
    ("texts", "unit"),
    [
        (["2014-05-13T16:53:20Z", "2014-05-13 18:53:21+02:00", "2014-05-13T16:53:22.5"], "ISO 8601"),
        (["1400000000", "1400000001", "1400000002.5"], "Unix seconds"),
        (["1400000000000", "1400000001000", "1400000002500"], "Unix milliseconds"),
        (["1400000000000000", "1400000001000000", "1400000002500000"], "Unix microseconds"),
        (["1400000000000000000", "1400000001000000000", "1400000002500000000"], "Unix nanoseconds"),
    ],
)
def test_times_of_every_notation(tmp_path: Path, texts: list[str], unit: str) -> None:
    log = tmp_path / "log.csv"
    log.write_text("user,item,time\n" + "".join(f"a,{i},{text}\n" for i, text in enumerate(texts)))
    manifest = import_data(log, out=tmp_path / "out")
    assert manifest["import"]["time"].startswith(unit)
    assert pl.read_parquet(tmp_path / "out" / "interactions.parquet")["timestamp"].to_list() == [
        1_400_000_000,
        1_400_000_001,
        1_400_000_002,
    ]


def test_dates_of_every_notation(tmp_path: Path) -> None:
    day = int(datetime(2014, 5, 13, tzinfo=UTC).timestamp())
    for number, text in enumerate(["2014-05-13", "2014/05/13", "20140513", '"05 13, 2014"', "2014-05-13T00:00"]):
        log = tmp_path / "log.csv"
        log.write_text(f"user,item,date\na,x,{text}\n")
        assert import_log(log, tmp_path / str(number))["timestamp"].to_list() == [day], text
    typed = pl.DataFrame({"user": ["a"], "item": ["x"], "date": [date(2014, 5, 13)]})
    typed.write_parquet(tmp_path / "log.parquet")
    assert import_log(tmp_path / "log.parquet", tmp_path / "p")["timestamp"].to_list() == [day]
    zoned = typed.with_columns(
        pl.lit(datetime(2014, 5, 13, tzinfo=UTC)).dt.convert_time_zone("Asia/Tokyo").alias("date")
    )
    zoned.write_parquet(tmp_path / "log.parquet")
    assert import_log(tmp_path / "log.parquet", tmp_path / "q")["timestamp"].to_list() == [day]


def test_parquet_ids_of_every_type(tmp_path: Path) -> None:
    table = pl.DataFrame({"user": [7, 8, None], "item": [1.0, 2.5, 3.0], "timestamp": [1, 2, 3]})
    table.write_parquet(tmp_path / "log.parquet")
    found = import_log(tmp_path / "log.parquet", tmp_path / "a", max_rejected=1.0)
    assert found.select("user_id", "item_id").rows() == [("7", "1"), ("8", "2.5")]
    assert pl.read_parquet(tmp_path / "a" / "rejected.parquet")["line"].to_list() == [3]
    pl.DataFrame({"user": [["a"]], "item": ["x"]}).write_parquet(tmp_path / "log.parquet")
    with pytest.raises(ForetasteError, match="unusable user id"):
        import_log(tmp_path / "log.parquet", tmp_path / "b")


def test_a_catalogue_gets_its_types_and_keeps_its_own_columns(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("user,item\na,x\na,y\na,q\n")
    (tmp_path / "items.jsonl").write_text(
        '{"asin": "x", "title": "  An x ", "price": "$1,299.00", "categories": [["A", "B"], ["A", "C"]], '
        '"description": ["one", "two"], "image": ["u1", "u2"], "also_buy": ["y"], "pages": 3, "user_id": 1}\n'
        '{"asin": "y", "title": 1984, "price": "from $3", "categories": [], "description": [], "store": "S"}\n'
        '{"asin": "x", "title": "again"}\n'
        '{"asin": "w"}\n'
    )
    manifest = import_data(tmp_path / "log.csv", tmp_path / "items.jsonl", out=tmp_path / "out")
    items = pl.read_parquet(tmp_path / "out" / "items.parquet")
    assert items.columns[:7] == ["item_id", "title", "brand", "categories", "price", "description", "image"]
    first, second, third = items.rows(named=True)
    assert (first["title"], first["price"], first["categories"]) == ("An x", 1299.0, ["A", "B", "C"])
    assert (first["description"], first["image"], first["images"]) == ("one two", "u1", ["u1", "u2"])
    assert (first["also_buy"], first["pages"], first["user_id"]) == (["y"], 3, 1)
    assert (second["title"], second["price"], second["price_text"], second["brand"]) == ("1984", None, "from $3", "S")
    assert (second["categories"], second["description"], third["title"]) == (None, None, None)
    assert manifest["import"]["sources"]["items"]["reasons"] == {"duplicate item id": 1}
    assert manifest["stats"]["items_without_attributes"] == 1
    assert Dataset.load(tmp_path / "out").catalogue["item_id"].to_list() == ["x", "y", "w", "q"]


def test_categories_in_text(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("user,item\na,1\n")
    (tmp_path / "items.csv").write_text(
        "movieId,title,genres\n1,1984,A|B|A\n2,x,\"['A, a', 'B']\"\n3,y,\"A, B\"\n4,z,\n"
    )
    import_data(tmp_path / "log.csv", tmp_path / "items.csv", out=tmp_path / "out")
    items = pl.read_parquet(tmp_path / "out" / "items.parquet")
    assert items["categories"].to_list() == [["A", "B"], ["A, a", "B"], ["A, B"], None]
    assert items["title"].to_list() == ["1984", "x", "y", "z"]


def test_users_travel_along(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("user,item\na,x\n")
    (tmp_path / "users.csv").write_text("uid,age,zip\na,30,01234\nb,,99999\na,31,1\n")
    options = ImportOptions(user_columns={"user_id": "uid"})
    import_data(tmp_path / "log.csv", users=tmp_path / "users.csv", out=tmp_path / "out", options=options)
    users = pl.read_parquet(tmp_path / "out" / "users.parquet")
    assert users.rows() == [("a", 30, "01234"), ("b", None, "99999")]


@pytest.mark.parametrize(("mode", "left"), [("iterated", 4), ("single-pass", 6)])
def test_k_core_recomputes_the_statistics_and_drops_what_has_no_rows(tmp_path: Path, mode: str, left: int) -> None:
    pairs = [("a", "x"), ("a", "y"), ("b", "x"), ("b", "y"), ("c", "z"), ("c", "x"), ("d", "z"), ("e", "v")]
    (tmp_path / "log.csv").write_text("user,item\n" + "".join(f"{u},{i}\n" for u, i in pairs))
    (tmp_path / "items.csv").write_text("item,title\nv,V\nx,X\ny,Y\nz,Z\ncold,C\n")
    options = ImportOptions(min_user=2, min_item=2, core_mode=mode)
    manifest = import_data(tmp_path / "log.csv", tmp_path / "items.csv", out=tmp_path / "out", options=options)
    table = pl.read_parquet(tmp_path / "out" / "interactions.parquet")
    assert manifest["stats"]["interactions"] == table.height == left
    assert manifest["stats"]["users"] == table["user_id"].n_unique()
    assert manifest["import"]["core"]["removed_interactions"] == len(pairs) - left
    listed = pl.read_parquet(tmp_path / "out" / "items.parquet")["item_id"].to_list()
    assert listed == sorted(set(table["item_id"]))
    data = Dataset.load(tmp_path / "out")
    assert data.sequences.total == left
    assert data.items.decode(np.unique(data.sequences.flat())) == listed


def test_the_same_files_give_the_same_fingerprint(tmp_path: Path) -> None:
    LOG.write_csv(tmp_path / "log.csv")
    one, two = (import_data(tmp_path / "log.csv", out=tmp_path / name)["fingerprint"] for name in "ab")
    assert one == two == Dataset.load(tmp_path / "a").fingerprint
