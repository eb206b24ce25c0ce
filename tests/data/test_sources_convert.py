"""Every format, from a local web server to a tidy folder."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sources_files as made
from sources_server import Served, serving

from foretaste.core.errors import ConfigError, DataError
from foretaste.data.dataset import Dataset
from foretaste.data.sources import Limits, Selection, get_source

QUICK = Limits(timeout=5.0, attempts=2, backoff=0.01)


@pytest.fixture(autouse=True)
def _private(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("FORETASTE_CACHE", str(tmp_path / "cache"))


def get(name: str, files: dict[str, bytes], out: Path, **options: Any) -> dict[str, Any]:
    """Gets a source from a server that holds these files, with GroupLens's kind of checksum beside archives."""
    served = {path: Served(content) for path, content in files.items()}
    for path, content in files.items():
        if path.endswith(".zip"):
            served[path + ".md5"] = Served(f"MD5 ({path}) = {hashlib.md5(content).hexdigest()}\n".encode())
    with serving(served) as site:
        return get_source(name, out, base_url=site.url, limits=QUICK, **options)


def rows(out: Path, table: str) -> list[dict[str, Any]]:
    return pl.read_parquet(out / f"{table}.parquet").to_dicts()


def test_movielens_100k(tmp_path: Path) -> None:
    out = tmp_path / "ml"
    manifest = get("movielens-100k", {"ml-100k.zip": made.ML_100K}, out)
    log = [(r["user_id"], r["item_id"], r["timestamp"], r["rating"]) for r in rows(out, "interactions")]
    assert log == [
        ("7", "2", 880000100, 3.0),
        ("7", "1", 880000300, 5.0),
        ("8", "1", 880000200, 4.0),
        ("8", "3", 880000200, 1.0),
        ("9", "2", 880000400, 2.0),
    ]
    first, second, third = rows(out, "items")
    assert (first["title"], first["release_year"], first["genres"]) == (
        "The Lighthouse Keeper",
        1994,
        ["Drama", "Romance"],
    )
    assert (second["title"], second["categories"]) == ("Un Été à Nîmes (A Summer in Nimes)", ["Comedy"])
    assert (third["title"], third["release_year"], third["genres"]) == (None, None, None)
    assert rows(out, "users")[1] == {
        "user_id": "8",
        "age": 61,
        "gender": "M",
        "occupation": "baker",
        "zip_code": "T8H1N",
    }
    assert manifest["timestamp"] == "unix_seconds"
    assert manifest["source"]["files"][0]["published"].startswith("md5:")
    assert "redistribution" in manifest["source"]["terms"]
    assert Dataset.load(out).titles()[0] == "The Lighthouse Keeper"


def test_movielens_1m_is_read_in_its_own_encoding(tmp_path: Path) -> None:
    out = tmp_path / "ml"
    get("movielens-1m", {"ml-1m.zip": made.ML_1M}, out)
    assert [(r["user_id"], r["item_id"], r["rating"]) for r in rows(out, "interactions")] == [
        ("1", "10", 5.0),
        ("1", "20", 3.0),
        ("2", "10", 4.0),
    ]
    assert rows(out, "items")[0]["title"] == "La Vallée"
    assert rows(out, "users") == [
        {"user_id": "1", "age_group": "under 18", "gender": "F", "occupation": "K-12 student", "zip_code": "48067"},
        {"user_id": "2", "age_group": "56 or older", "gender": "M", "occupation": "self-employed", "zip_code": "70072"},
    ]


def test_movielens_20m_and_32m_have_quoted_titles_and_links(tmp_path: Path) -> None:
    out = tmp_path / "ml"
    get("movielens-20m", {"ml-20m.zip": made.ML_20M}, out)
    assert [(r["item_id"], r["rating"]) for r in rows(out, "interactions")] == [("29", 3.5), ("2", 3.5), ("2", 0.5)]
    river, cheese = rows(out, "items")
    assert (river["title"], river["release_year"], river["imdb_id"], river["tmdb_id"]) == (
        "The Quiet River",
        1995,
        "tt0113497",
        "8844",
    )
    assert (cheese["title"], cheese["genres"], cheese["imdb_id"], cheese["tmdb_id"]) == (
        'Say "Cheese", Now',
        None,
        "tt0000012",
        None,
    )
    assert not (out / "users.parquet").exists()
    get("movielens-32m", {"ml-32m.zip": made.ML_20M}, tmp_path / "all", selection=Selection(cold_items=True))
    assert [r["title"] for r in rows(tmp_path / "all", "items")][-1] == "Unwatched"


def test_amazon_2014(tmp_path: Path) -> None:
    out = tmp_path / "beauty"
    files = {
        "reviews_Beauty_5.json.gz": made.packed(made.json_lines(made.REVIEWS_2014)),
        "meta_Beauty.json.gz": made.packed(made.literal_lines(made.META_2014)),
    }
    manifest = get("amazon-2014-beauty", files, out)
    first, second, third = rows(out, "interactions")
    assert (first["user_id"], first["item_id"], first["timestamp"]) == ("A1KNIT", "B000HOOK02", 1355443200)
    assert (second["review_title"], second["review_text"], second["helpful_votes"]) == (
        "Lovely yarn",
        "Soft & warm, never itches.",
        2,
    )
    assert (third["user_id"], third["rating"]) == ("A2SPIN", 2.0)
    assert "reviewerName" not in first
    assert "Somebody" not in str(rows(out, "interactions"))
    wool, hook = rows(out, "items")
    assert wool["categories"] == ["Crafts", "Knitting", "Yarn", "Gifts"]
    assert (wool["title"], wool["brand"], wool["price"]) == ("Merino Yarn, 50 g", "Hillside", 7.5)
    assert wool["description"] == 'Spun in the valley\'s "old" mill.'
    assert (wool["also_bought"], wool["image"]) == (["B000HOOK02"], "http://pictures.example/wool.jpg")
    assert (hook["title"], hook["brand"]) == ("Crochet Hook 4 mm", None)
    assert manifest["source"]["subset"] == "5core"
    assert manifest["time_resolution"] == "day"


def test_amazon_2018(tmp_path: Path) -> None:
    out = tmp_path / "music"
    reviews, meta = made.packed(made.json_lines(made.REVIEWS_2018)), made.packed(made.json_lines(made.META_2018))
    files = {
        "categoryFiles/Musical_Instruments.json.gz": reviews,
        "metaFiles2/meta_Musical_Instruments.json.gz": meta,
    }
    get("amazon-2018-musical-instruments", files, out, subset="full", selection=Selection(cold_items=True))
    first, second = rows(out, "interactions")
    assert (first["helpful_votes"], first["verified"], first["variant"]) == (1204, True, "Size: Large; Color: Amber")
    assert first["review_text"] == "Grips well. Little dust."
    assert (second["review_title"], second["helpful_votes"], second["verified"]) == (None, 0, False)
    rosin, cloth = rows(out, "items")
    assert rosin["categories"] == ["Musical Instruments", "Strings & Bows", "Rosin"]
    assert (rosin["brand"], rosin["price"], rosin["image"]) == ("Bowmaker", 12.99, "http://pictures.example/large.jpg")
    assert (rosin["description"], rosin["features"]) == (
        "Dark rosin in a cloth. For cold rooms.",
        ["Low dust", "Cloth included"],
    )
    assert (cloth["title"], cloth["price"], cloth["categories"]) == (None, None, None)


def test_amazon_2023_orders_by_milliseconds_and_keeps_seconds(tmp_path: Path) -> None:
    out = tmp_path / "sports"
    files = {
        "raw/review_categories/Sports_and_Outdoors.jsonl.gz": made.packed(made.json_lines(made.REVIEWS_2023)),
        "raw/meta_categories/meta_Sports_and_Outdoors.jsonl.gz": made.packed(made.json_lines(made.META_2023)),
    }
    get("amazon-2023-sports-and-outdoors", files, out)
    lamp, kettle = rows(out, "interactions")
    assert (lamp["item_id"], lamp["timestamp"]) == ("B0LAMP0001", 1588615855)
    assert (kettle["item_id"], kettle["timestamp"], kettle["variant"]) == ("B0KETTLE00", 1588615855, "B0KETTLE1R")
    items = {r["item_id"]: r for r in rows(out, "items")}
    kettle_item, lamp_item = items["B0KETTLE00"], items["B0LAMP0001"]
    assert (kettle_item["brand"], kettle_item["price"]) == ("Ridgeline", 18.5)
    assert kettle_item["description"] == "A kettle for two. Folds flat."
    assert kettle_item["image_urls"] == ["http://p.example/h1.jpg", "http://p.example/l2.jpg"]
    assert (lamp_item["price"], lamp_item["brand"], lamp_item["image"]) == (None, None, None)


@pytest.mark.parametrize(
    ("name", "path", "content"),
    [
        ("amazon-2014-baby", "ratings_Baby.csv", b"A1,B0CRIB,5.0,1369699200\nA2,B0CRIB,3.0,1355443200\n"),
        (
            "amazon-2018-software",
            "categoryFilesSmall/Software.csv",
            b"B0CRIB,A1,5.0,1369699200\nB0CRIB,A2,3.0,1355443200\n",
        ),
        (
            "amazon-2023-software",
            "benchmark/0core/rating_only/Software.csv.gz",
            made.packed(
                b"user_id,parent_asin,rating,timestamp\nA1,B0CRIB,5.0,1369699200123\nA2,B0CRIB,3.0,1355443200999\n"
            ),
        ),
    ],
)
def test_ratings_only_files_without_a_catalogue(tmp_path: Path, name: str, path: str, content: bytes) -> None:
    out = tmp_path / "ratings"
    get(name, {path: content}, out, subset="ratings", selection=Selection(items=False))
    found = sorted((r["user_id"], r["item_id"], r["timestamp"], r["rating"]) for r in rows(out, "interactions"))
    assert found == [("A1", "B0CRIB", 1369699200, 5.0), ("A2", "B0CRIB", 1355443200, 3.0)]
    assert not (out / "items.parquet").exists()


@pytest.mark.parametrize("form", ["tar", "tgz", "zip", "tar in zip", "folder"])
def test_yelp_from_its_archive(tmp_path: Path, form: str) -> None:
    archive, out = tmp_path / "archive", tmp_path / "yelp"
    if form == "folder":
        archive.mkdir()
        for name, content in made.YELP_MEMBERS.items():
            (archive / name).write_bytes(content)
    else:
        contents = {
            "tar": lambda: made.tarred(made.YELP_MEMBERS),
            "tgz": lambda: made.tarred(made.YELP_MEMBERS, "w:gz"),
            "zip": lambda: made.zipped(made.YELP_MEMBERS),
            "tar in zip": lambda: made.zipped({"Yelp JSON/yelp_dataset.tar": made.tarred(made.YELP_MEMBERS, "w:gz")}),
        }
        archive.write_bytes(contents[form]())
    get_source("yelp", out, archive=archive)
    first, second = rows(out, "interactions")
    assert (first["user_id"], first["item_id"], first["timestamp"], first["rating"]) == (
        "u_ines",
        "b_bakery",
        1457557451,
        5.0,
    )
    assert second["timestamp"] == 1483315200
    bakery, garage = rows(out, "items")
    assert (bakery["title"], bakery["categories"], bakery["price_range"]) == ("Corner Bakery", ["Bakeries", "Food"], 2)
    assert "stars" not in bakery, "the average of all stars knows the future"
    assert "review_count" not in bakery
    assert (garage["title"], garage["is_open"]) == ("Quick Garage", False)


def test_yelp_without_its_archive_says_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="without accepting its terms") as caught:
        get_source("yelp", tmp_path / "yelp")
    assert "--archive" in caught.value.mend
    assert "yelp.com" in caught.value.mend


def test_unusable_lines_are_kept_with_their_place_and_reason(tmp_path: Path) -> None:
    out = tmp_path / "beauty"
    good = made.json_lines(made.REVIEWS_2014)
    bad = [
        b"{broken\n",
        b'{"asin": "B1", "overall": 5, "unixReviewTime": 1355443200}\n',
        b'{"reviewerID": "A", "overall": 5, "unixReviewTime": 1355443200}\n',
        b'{"reviewerID": "A", "asin": "B1", "overall": NaN, "unixReviewTime": 1355443200}\n',
        b'{"reviewerID": "A", "asin": "B1", "overall": 5, "unixReviewTime": -7}\n',
        b'{"reviewerID": "A", "asin": "B1", "overall": 5}\n',
        b'{"reviewerID": "A\xff", "asin": "B1"}\n',
        b"[1, 2]\n",
        b"__import__('os').abort()\n",
    ]
    files = {
        "reviews_Beauty_5.json.gz": made.packed(b"".join(bad) + good),
        "meta_Beauty.json.gz": made.packed(b"{'asin': 'B000WOOL01', \n" + made.literal_lines(made.META_2014)),
    }
    manifest = get("amazon-2014-beauty", files, out)
    assert manifest["stats"]["interactions"] == 3, "no good line is lost"
    refused = rows(out, "rejected")
    assert [(r["file"], r["line"]) for r in refused] == [
        *(("reviews_Beauty_5.json.gz", n) for n in range(1, 10)),
        ("meta_Beauty.json.gz", 1),
    ]
    assert [r["reason"] for r in refused] == [
        "neither JSON nor a Python dictionary",
        "no user id",
        "no item id",
        "rating is not a finite number",
        "time outside 1990-2100",
        "time is not a number",
        "broken encoding",
        "not a dictionary",
        "neither JSON nor a Python dictionary",
        "neither JSON nor a Python dictionary",
    ]
    assert manifest["conversion"]["lines_refused"] == 10
    assert refused[0]["raw"].startswith("{broken")


def test_unusable_ratings_are_kept_with_their_place_and_reason(tmp_path: Path) -> None:
    out = tmp_path / "ml"
    ratings = b"1::10::5::978300760\n1::20::3\n\n2::10::x::978301968\n2::\xff::4::978301968\n"
    ratings += b"::10::4::978301968\n2::20::inf::978301968\n"
    ratings += b"2::20::4::99\n2::20::4::978301968::9\n2::20::4::978301969\r\n3::10::4::978301968"
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as pack:
        members = {
            "ratings.dat": ratings,
            "movies.dat": b"10::A Pond (1990)::Drama\n20::B\n10::Again (1991)::Drama\n",
            "users.dat": b"",
        }
        for name, content in members.items():
            pack.writestr(f"ml-1m/{name}", content)
    content = (tmp_path / "a.zip").read_bytes()
    get("movielens-1m", {"ml-1m.zip": content}, out)
    assert [(r["user_id"], r["item_id"], r["timestamp"]) for r in rows(out, "interactions")] == [
        ("1", "10", 978300760),
        ("2", "20", 978301969),
        ("3", "10", 978301968),
    ]
    assert sorted((r["file"], r["line"], r["reason"]) for r in rows(out, "rejected")) == [
        ("movies.dat", 2, "2 fields where 3 belong"),
        ("movies.dat", 3, "id stands twice; the first line is kept"),
        ("ratings.dat", 2, "3 fields where 4 belong"),
        ("ratings.dat", 4, "rating is not a number"),
        ("ratings.dat", 5, "broken encoding"),
        ("ratings.dat", 6, "no user id"),
        ("ratings.dat", 7, "rating is not a finite number"),
        ("ratings.dat", 8, "time outside 1990-2100"),
        ("ratings.dat", 9, "5 fields where 4 belong"),
    ]


def test_another_format_stops_with_examples_and_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "beauty"
    files = {
        "reviews_Beauty_5.json.gz": made.packed(made.json_lines(made.REVIEWS_2014)),
        "meta_Beauty.json.gz": made.packed(made.literal_lines(made.META_2014)),
    }
    get("amazon-2014-beauty", files, out)
    before = (out / "manifest.json").read_bytes()
    files["reviews_Beauty_5.json.gz"] = made.packed(b"some,other,table\n" * 2000)
    with pytest.raises(DataError, match="not the format that was expected") as caught:
        get("amazon-2014-beauty", files, out, cache=tmp_path / "other")
    assert "line 1" in caught.value.where
    assert "some,other,table" in caught.value.where
    assert (out / "manifest.json").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["beauty", "cache", "other"], "nothing is left behind"


def test_a_lowest_rating_and_missing_texts(tmp_path: Path) -> None:
    out = tmp_path / "beauty"
    files = {
        "reviews_Beauty_5.json.gz": made.packed(made.json_lines(made.REVIEWS_2014)),
        "meta_Beauty.json.gz": made.packed(made.literal_lines(made.META_2014)),
    }
    manifest = get("amazon-2014-beauty", files, out, selection=Selection(min_rating=4.0, reviews=False))
    assert {r["user_id"] for r in rows(out, "interactions")} == {"A1KNIT"}
    assert "review_text" not in rows(out, "interactions")[0]
    assert manifest["conversion"]["below_min_rating"] == 1
    with pytest.raises(DataError, match="no interaction of 3 is left"):
        get("amazon-2014-beauty", files, tmp_path / "none", selection=Selection(min_rating=6.0))


def test_what_a_killed_conversion_left_is_cleared(tmp_path: Path) -> None:
    out = tmp_path / "ml"
    (tmp_path / ".ml.work").mkdir()
    (tmp_path / ".ml.work" / "000000.parquet").write_bytes(b"half")
    manifest = get("movielens-100k", {"ml-100k.zip": made.ML_100K}, out)
    assert manifest["stats"]["interactions"] == 5
    assert not (tmp_path / ".ml.work").exists()


def test_files_of_the_users_own(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "reviews_Beauty_5.json.gz").write_bytes(made.packed(made.json_lines(made.REVIEWS_2014)))
    with pytest.raises(DataError, match=r"meta_Beauty.json.gz is missing"):
        get_source("amazon-2014-beauty", tmp_path / "out", archive=mine)
    manifest = get_source("amazon-2014-beauty", tmp_path / "out", archive=mine, selection=Selection(items=False))
    assert manifest["stats"]["interactions"] == 3
    (tmp_path / "ml-100k.zip").write_bytes(made.ML_100K)
    with pytest.raises(DataError, match="is not the published file"):
        get_source("movielens-100k", tmp_path / "ml", archive=tmp_path / "ml-100k.zip")
    with zipfile.ZipFile(tmp_path / "ml-100k.zip") as pack:
        pack.extractall(tmp_path / "unpacked")
    assert get_source("movielens-100k", tmp_path / "ml", archive=tmp_path / "unpacked")["stats"]["users"] == 3


def test_a_file_cut_off_in_the_middle_is_told_as_damage(tmp_path: Path) -> None:
    files = {
        "reviews_Beauty_5.json.gz": made.packed(made.json_lines(made.REVIEWS_2014))[:-20],
        "meta_Beauty.json.gz": b"",
    }
    with pytest.raises(DataError, match="the file is damaged"):
        get("amazon-2014-beauty", files, tmp_path / "beauty")


def test_the_core_is_taken_after_the_lowest_rating(tmp_path: Path) -> None:
    ratings = [(u, i, 5) for u in "ab" for i in "xy"] + [("c", "x", 5), ("c", "z", 5), ("d", "y", 1), ("d", "x", 5)]
    lines = "".join(f"{u},{i},{r}.0,{1369699200 + n}\n" for n, (u, i, r) in enumerate(ratings))
    files = {"ratings_Baby.csv": lines.encode()}

    def pairs(**options: Any) -> set[str]:
        selection = Selection(items=False, min_rating=3.0, **options)
        get("amazon-2014-baby", files, tmp_path / "out", subset="ratings", selection=selection)
        return {r["user_id"] + r["item_id"] for r in rows(tmp_path / "out", "interactions")}

    assert pairs(min_user=2, min_item=2) == {"ax", "ay", "bx", "by"}, "c falls after z, d after its low rating"
    assert pairs(min_user=2, min_item=2, core_mode="single-pass") == {"ax", "ay", "bx", "by", "cx"}
    assert pairs(min_user=2) == {"ax", "ay", "bx", "by", "cx", "cz"}
    with pytest.raises(ConfigError, match="unknown k-core mode") as caught:
        pairs(core_mode="singlepass")
    assert "'single-pass'" in caught.value.mend
    with pytest.raises(ConfigError, match="threshold of 0"):
        pairs(min_item=0)


def test_a_log_that_does_not_fit_into_memory_is_told_before_it_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foretaste.data.sources.selection._free_memory", lambda: 100)
    with pytest.raises(DataError, match="of memory") as caught:
        get("movielens-100k", {"ml-100k.zip": made.ML_100K}, tmp_path / "ml")
    assert "--no-reviews" in caught.value.mend
