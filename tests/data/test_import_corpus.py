"""Broken input of every kind ends in a clear error or in a counted quarantine, and no good row is lost."""

from __future__ import annotations

import gzip
import json
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pytest

from foretaste.core.errors import ForetasteError
from foretaste.data.importing.options import ImportOptions
from foretaste.data.importing.run import import_data

HEAD = b"user_id,item_id,rating,timestamp\n"
A, B = b"u1,i1,5,1400000000\n", b"u2,i2,4,1400000060\n"
GOOD = {("u1", "i1"), ("u2", "i2")}
NUMBERS = {("7", "007"), ("8", "8")}
LATIN = {"encoding": "latin-1"}
HUGE = b"x" * 300_000


@dataclass(frozen=True)
class Case:
    """A log, what is refused in it, and what survives; ``error`` instead names a part of the message."""

    name: str
    content: bytes
    reasons: dict[str, int] = field(default_factory=dict)
    pairs: set[tuple[str, str]] = field(default_factory=lambda: set(GOOD))
    error: str | None = None
    suffix: str = ".csv"
    options: dict[str, object] = field(default_factory=dict)


def row(text: bytes, reason: str, *, name: str = "", pairs: set[tuple[str, str]] | None = None) -> Case:
    """A CSV log in which one line between two good ones is refused."""
    return Case(name or reason, HEAD + A + text + B, {reason: 1}, GOOD if pairs is None else pairs)


def lines(*objects: str) -> bytes:
    return "\n".join(objects).encode() + b"\n"


J1 = '{"user_id": "u1", "item_id": "i1", "timestamp": 1400000000}'
J2 = '{"user_id": "u2", "item_id": "i2", "timestamp": 1400000060}'


def json_row(text: str, reason: str, name: str) -> Case:
    return Case(f"jsonl {name}", lines(J1, text, J2), {reason: 1}, suffix=".jsonl")


COUNT, UTF8, QUOTES = "wrong column count", "invalid UTF-8", "malformed quotes"
PAST, FUTURE, UNREAD = "time before 1970", "time in the future", "unparsable time"

ROWS = [
    row(b",i9,5,1400000000\n", "missing user id"),
    row(b"   ,i9,5,1400000000\n", "missing user id", name="blank user id"),
    row(b"u9,,5,1400000000\n", "missing item id"),
    row(b'u9,"",5,1400000000\n', "missing item id", name="quoted empty item id"),
    row(b"u9,i9,5,\n", "missing time"),
    row(b"u9,i9,5,yesterday\n", UNREAD),
    row(b"u9,i9,5,nan\n", UNREAD, name="time nan"),
    row(b"u9,i9,5,inf\n", UNREAD, name="time inf"),
    row(b"u9,i9,5,-1\n", PAST),
    row(b"u9,i9,5,1400000000000\n", FUTURE, name="milliseconds among seconds"),
    row(b"u9,i9,5,99999999999999999999\n", FUTURE, name="time beyond 64 bits"),
    row(b"u9,i9,nan,1400000000\n", "rating is not finite"),
    row(b"u9,i9,-inf,1400000000\n", "rating is not finite", name="rating -inf"),
    row(b"u9,i9,five,1400000000\n", "rating is not a number"),
    row(b'u9,i9,"4,5",1400000000\n', "rating is not a number", name="decimal comma"),
    row(b"u9,i9,5\n", COUNT, name="a column too few"),
    row(b"u9,i9,5,1400000000,extra\n", COUNT, name="a column too many"),
    row(b"u9;i9;5;1400000000\n", COUNT, name="a line with another separator"),
    row(b"garbage\n", COUNT, name="a line of text"),
    row(b"\xff\xfe,i9,5,1400000000\n", UTF8),
    row(b"caf\xe9,i9,5,1400000000\n", UTF8, name="a latin-1 line"),
    row(b"u9,\xed\xa0\x80,5,1400000000\n", UTF8, name="a surrogate in UTF-8"),
    row(b"u9,i\x009,5,1400000000\n", "NUL byte"),
    row(b"u9,i\x079,5,1400000000\n", "unusable item id", name="control character in an id"),
    row(b'u9,"i\n9",5,1400000000\n', "unusable item id", name="line break in an id"),
    row(b'u9,"i9,5,1400000000\n', "unclosed quote"),
    row(b'u9,"i9"x,5,1400000000\n', QUOTES),
    row(b'"u9"x,"i9",5,1400000000\n', QUOTES, name="text after a closing quote"),
    row(b'""u9,"i9",5,1400000000\n', QUOTES, name="text after an empty quoted field"),
    row(b'u9,"i9\n', "unclosed quote", name="unclosed quote and too few columns"),
    Case("header repeated", HEAD + A + HEAD + B, {UNREAD: 1}),
    Case(
        "three faults, one line each",
        HEAD + A + b",,,\nu9\nu9,i9,x,1\n" + B,
        {"missing user id": 1, COUNT: 1, "rating is not a number": 1},
    ),
    Case("one fault a row, the first counts", HEAD + A + b",,nan,-5\n" + B, {"missing user id": 1}),
    Case("a quote lost in each of two lines", HEAD + A + b'u8,"i8,5,1\nu9,i"9,5\n' + B, {QUOTES: 1, COUNT: 1}),
]

KEPT = [
    Case("byte-order mark", b"\xef\xbb\xbf" + HEAD + A + B),
    Case("CRLF", (HEAD + A + B).replace(b"\n", b"\r\n")),
    Case("mixed line breaks", HEAD + A.replace(b"\n", b"\r\n") + B),
    Case("carriage returns only", (HEAD + A + B).replace(b"\n", b"\r")),
    Case("no line break at the end", (HEAD + A + B).rstrip()),
    Case("blank lines", b"\n\n" + HEAD + b"\n" + A + b"   \n\n" + B + b"\n\n"),
    Case("another separator", (HEAD + A + B).replace(b",", b";")),
    Case("tabs in a .csv", (HEAD + A + B).replace(b",", b"\t")),
    Case("a .tsv", (HEAD + A + B).replace(b",", b"\t"), suffix=".tsv"),
    Case("pipes", (HEAD + A + B).replace(b",", b"|"), suffix=".txt"),
    Case("quotes around everything", b'"user_id","item_id","timestamp"\n"u1","i1","1400000000"\n"u2","i2","1"\n'),
    Case("blanks around ids", HEAD + A.replace(b"u1", b" u1 ") + B),
    Case("blanks in the header", HEAD.replace(b",", b" , ") + A + B),
    Case("quoted line breaks in a text", b'user_id,item_id,note\nu1,i1,"a\nb, ""c""\n"\nu2,i2,\n'),
    Case("a bare quote in a text", b'user_id,item_id,note\nu1,i1,12" disc\nu2,i2,x\n'),
    Case("a huge field", b"user_id,item_id,note\nu1,i1," + HUGE + b"\nu2,i2,x\n"),
    Case("UTF-16", (HEAD + A + B).decode().encode("utf-16")),
    Case("latin-1 given", HEAD + A + b"\xe9,i2,4,1400000000\n", pairs={("u1", "i1"), ("é", "i2")}, options=LATIN),
    Case("gzip under a plain name", gzip.compress(HEAD + A + B)),
    Case("gzip", gzip.compress(HEAD + A + B), suffix=".csv.gz"),
    Case("leading zeros", HEAD + A + B + b"007,0010,1,1400000000\n", pairs=GOOD | {("007", "0010")}),
    Case("an empty rating", HEAD + A + B.replace(b",4,", b",,")),
    Case("a repeated attribute name", b"user_id,item_id,x,x\nu1,i1,1,2\nu2,i2,3,4\n"),
    Case("a nameless column", b",user_id,item_id\n0,u1,i1\n1,u2,i2\n"),
    Case("an attribute called position", b"user_id,item_id,position\nu1,i1,9\nu2,i2,3\n"),
    Case("no time column", b"user_id,item_id\nu1,i1\nu2,i2\n"),
    Case("upper case names", (HEAD.upper() + A + B)),
    Case("RecBole names", b"user_id:token\titem_id:token\tt:float\nu1\ti1\t1.4e9\nu2\ti2\t1.5e9\n", suffix=".inter"),
    Case("fractions of seconds", HEAD + A.replace(b"000\n", b"000.25\n") + B),
    Case("milliseconds", HEAD + A.replace(b"\n", b"000\n") + B.replace(b"\n", b"000\n")),
    Case("no header with --columns", A + B, options={"header": ("user_id", "item_id", "rating", "timestamp")}),
    Case("a separator given", (HEAD + A + B).replace(b",", b"^"), options={"separator": "^"}),
    Case("jsonl with blank lines", lines(J1, "", J2, ""), suffix=".jsonl"),
    Case("jsonl with a mark and CRLF", b"\xef\xbb\xbf" + lines(J1, J2).replace(b"\n", b"\r\n"), suffix=".jsonl"),
    Case("jsonl with numbers", b'{"user": 7, "item": "007"}\n{"user": 8.0, "item": 8}', pairs=NUMBERS, suffix=".jsonl"),
    Case("jsonl with a late key", lines(J1, J2[:-1] + ', "late": [1, {"a": 2}]}'), suffix=".jsonl"),
    Case("Python literals", b"{'user': 'u1', 'item': 'i1'}\n{'user': u'u2', 'item': \"i2\"}\n", suffix=".json"),
    Case("mixed types in an attribute", lines(J1[:-1] + ', "x": 1}', J2[:-1] + ', "x": "one"}'), suffix=".jsonl"),
]  # fmt: skip

JSON_ROWS = [
    json_row('{"user_id": "u9", "item_id": ', "not JSON", "cut object"),
    json_row("hello", "not JSON", "text"),
    json_row("[" * 100_000, "not JSON", "deep nesting"),
    json_row('{"user_id": ' + "9" * 5000 + ', "item_id": "i"}', "not JSON", "a number of 5,000 digits"),
    json_row("[1, 2]", "not a JSON object", "a list"),
    json_row("17", "not a JSON object", "a number"),
    json_row('{"item_id": "i9", "timestamp": 1}', "missing user id", "missing key"),
    json_row('{"user_id": null, "item_id": "i9", "timestamp": 1}', "missing user id", "null id"),
    json_row('{"user_id": ["a"], "item_id": "i9", "timestamp": 1}', "unusable user id", "list id"),
    json_row('{"user_id": "u9", "item_id": {"a": 1}, "timestamp": 1}', "unusable item id", "object id"),
    json_row('{"user_id": true, "item_id": "i9", "timestamp": 1}', "unusable user id", "truth value id"),
    json_row('{"user_id": NaN, "item_id": "i9", "timestamp": 1}', "unusable user id", "NaN id"),
    json_row('{"user_id": "u9", "item_id": "i9", "timestamp": {"$date": 5}}', UNREAD, "nested time"),
    json_row('{"user_id": "u9", "item_id": "i9", "timestamp": 1e400}', UNREAD, "infinite time"),
    json_row(
        '{"user_id": "u9", "item_id": "i9", "timestamp": 1, "rating": Infinity}',
        "rating is not finite",
        "infinite rating",
    ),
    json_row(
        '{"user_id": "u9", "item_id": "i9", "timestamp": 1, "rating": [5]}', "rating is not a number", "list rating"
    ),
    json_row('{"user_id": "\\ud800", "item_id": "i9", "timestamp": 1}', UTF8, "half a surrogate pair"),
    Case(
        "jsonl invalid UTF-8",
        lines(J1) + b'{"user_id": "\xff", "item_id": "i"}\n' + lines(J2),
        {UTF8: 1},
        suffix=".jsonl",
    ),
    Case("jsonl NUL", lines(J1) + b'{"user_id": "\0", "item_id": "i"}\n' + lines(J2), {"NUL byte": 1}, suffix=".jsonl"),
]

ERRORS = [
    Case("empty file", b"", error="empty"),
    Case("blank lines only", b"\n \n\n", error="blank lines"),
    Case("header only", HEAD, error="no row can be used"),
    Case("no row survives", HEAD + b",,,\n", error="no row can be used"),
    Case("binary garbage", bytes(range(256)) * 50, error="binary"),
    Case("zeros", b"\0" * 5000, error="binary"),
    Case("a parquet file called .csv", b"PAR1" + b"\0" * 50, error="Parquet"),
    Case("a zip file called .csv", b"PK\x03\x04" + b"\0" * 50, error="ZIP"),
    Case("a database called .csv", b"SQLite format 3\0" + b"\0" * 90, error="SQLite"),
    Case("text called .parquet", HEAD + A, error="Parquet", suffix=".parquet"),
    Case("a parquet file cut short", b"PAR1abcdef", error="Parquet", suffix=".parquet"),
    Case("gzip cut short", gzip.compress(HEAD + A * 5000)[:-30], error="gzip", suffix=".csv.gz"),
    Case("gzip damaged", gzip.compress(HEAD + A * 5000)[:40] + b"\0" * 40, error="gzip", suffix=".csv.gz"),
    Case("gzip with garbage behind", gzip.compress(HEAD + A) + b"garbage", error="gzip", suffix=".csv.gz"),
    Case("zstd damaged", b"\x28\xb5\x2f\xfd" + b"\x07" * 40, error="zstd", suffix=".csv.zst"),
    Case("no user column", b"who,item_id\na,b\n", error="user"),
    Case("no item column", b"user_id,what\na,b\n", error="item"),
    Case("one column", b"user_id\na\n", error="item"),
    Case("the wrong separator given", HEAD + A, error="user", options={"separator": ";"}),
    Case("a named column that is not there", HEAD + A, error="user_id", options={"log_columns": {"user": "user_ids"}}),
    Case(
        "one column for two roles",
        HEAD + A,
        error="both",
        options={"log_columns": {"user": "item_id", "item": "item_id"}},
    ),
    Case("a repeated user column", b"user_id,user_id,item_id\na,b,c\n", error="two columns"),
    Case("an unknown encoding", HEAD + A, error="encoding", options={"encoding": "utf-99"}),
    Case("an encoding that is none of text", HEAD + A, error="encoding", options={"encoding": "base64"}),
    Case("an unknown suffix", HEAD + A, error="kind of file", suffix=".xlsx"),
    Case("no suffix", HEAD + A, error="kind of file", suffix=""),
    Case("a JSON list", b'[{"user_id": "u1", "item_id": "i1"}]', error="JSON list", suffix=".json"),
    Case(
        "a JSON object over many lines",
        json.dumps({"user_id": "u1"}, indent=2).encode(),
        error="JSON object",
        suffix=".json",
    ),
    Case("CSV called .jsonl", HEAD + A, error="JSON object", suffix=".jsonl"),
    Case("text called .duckdb", HEAD + A, error="database", suffix=".duckdb"),
    Case("a query on a CSV file", HEAD + A, error="no database", options={"query": "SELECT 1"}),
    Case("a k-core that leaves nothing", HEAD + A, error="k-core", options={"min_user": 9}),
]

CASES = [*ROWS, *KEPT, *JSON_ROWS, *ERRORS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_broken_file_ends_in_an_error_or_a_counted_quarantine(case: Case, tmp_path: Path) -> None:
    log, out = tmp_path / f"log{case.suffix}", tmp_path / "out"
    log.write_bytes(case.content)
    options = ImportOptions(max_rejected=1.0, now=1.8e9, **case.options)  # type: ignore[arg-type]
    if case.error is not None:
        with pytest.raises(ForetasteError, match=case.error):
            import_data(log, out=out, options=options)
        assert [path.name for path in tmp_path.iterdir()] == [log.name], "nothing half-written"
        return
    source = import_data(log, out=out, options=options)["import"]["sources"]["log"]
    table = pl.read_parquet(out / "interactions.parquet")
    assert set(table.select("user_id", "item_id").iter_rows()) == case.pairs
    assert table.height == source["accepted"] == len(case.pairs)
    assert source["reasons"] == case.reasons
    assert source["rejected"] == sum(case.reasons.values())
    if case.reasons:
        rejected = pl.read_parquet(out / "rejected.parquet")
        assert rejected["reason"].value_counts().sort("reason").rows() == sorted(case.reasons.items())
        assert set(rejected["file"]) == {str(log)}


def test_the_corpus_is_large() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    assert len(CASES) >= 120


def test_the_quarantine_names_file_line_reason_and_text(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_bytes(HEAD + b'u1,i1,5,1400000000\n"u2\n x",,1,1400000000\nu3,i3\n\xff,i4,1,1400000000\n' + B)
    import_data(log, out=tmp_path / "out", options=ImportOptions(max_rejected=1.0))
    table = pl.read_parquet(tmp_path / "out" / "rejected.parquet")
    assert table.select("line", "reason", "raw").rows() == [
        (3, "unusable user id", '"u2\n x",,1,1400000000'),
        (5, "wrong column count", "u3,i3"),
        (6, "invalid UTF-8", "\\xff,i4,1,1400000000"),
    ]


def test_too_many_refused_rows_stop_the_import_with_examples(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_bytes(HEAD + A * 8 + b",i,1,1\nu9,i9,nan,1400000000\n")
    with pytest.raises(ForetasteError, match=r"2 of 10 rows \(20.0%\)") as caught:
        import_data(log, out=tmp_path / "out")
    assert "line 10: missing user id" in str(caught.value)
    assert "line 11: rating is not finite" in str(caught.value)
    assert not (tmp_path / "out").exists()
    import_data(log, out=tmp_path / "out", options=ImportOptions(max_rejected=0.2))


def test_a_hopeless_file_is_given_up_early(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_bytes(HEAD + b"x\n" * 200_000 + A)
    with pytest.raises(ForetasteError, match="wrong column count"):
        import_data(log, out=tmp_path / "out")


def test_a_missing_file_is_answered_with_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").write_bytes(HEAD + A)
    with pytest.raises(ForetasteError, match=r"did you mean '.*ratings\.csv'"):
        import_data(tmp_path / "ratngs.csv", out=tmp_path / "out")
    with pytest.raises(ForetasteError, match="does not exist"):
        import_data(tmp_path / "no" / "ratings.csv", out=tmp_path / "out")


def test_folders_pipes_and_endless_names_are_no_files(tmp_path: Path) -> None:
    for bad in (tmp_path, Path("/dev/null"), tmp_path / ("x" * 5000 + ".csv"), "a\0b.csv"):
        with pytest.raises(ForetasteError):
            import_data(bad, out=tmp_path / "out", options=ImportOptions(format="csv"))


def test_a_misspelt_column_is_answered_with_the_nearest_one(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_bytes(b"reviewerID,asin,overall\nu,i,5\n")
    with pytest.raises(ForetasteError, match="did you mean 'reviewerID'"):
        import_data(log, out=tmp_path / "out", options=ImportOptions(log_columns={"user": "reviewrID"}))


def test_only_an_import_is_overwritten(tmp_path: Path) -> None:
    log, out = tmp_path / "log.csv", tmp_path / "out"
    log.write_bytes(HEAD + A)
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    with pytest.raises(ForetasteError, match="other things"):
        import_data(log, out=out)
    import_data(log, out=out, options=ImportOptions(force=True))
    assert (out / "thesis.txt").read_text() == "years of work"
    import_data(log, out=out)  # now it is an import
    with pytest.raises(ForetasteError, match="not a folder"):
        import_data(log, out=log)


@pytest.mark.parametrize(
    "query", ["SELECT * FROM logg", "SELEC 1", "DELETE FROM log", "SELECT 1 AS a, 2 AS a", ";", "SELECT 1; SELECT 2"]
)
def test_sql_mistakes_are_errors(query: str, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "shop.sqlite") as connection:
        connection.execute("CREATE TABLE log (user_id TEXT, item_id TEXT)")
        connection.execute("CREATE TABLE other (a INT)")
    connection.close()
    with pytest.raises(ForetasteError):
        import_data(tmp_path / "shop.sqlite", out=tmp_path / "out", options=ImportOptions(query=query))
