"""Small files in the true formats of the public sources, with content made up for the tests."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from typing import Any


def zipped(members: Mapping[str, bytes]) -> bytes:
    """A zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, content in members.items():
            pack.writestr(name, content)
    return buffer.getvalue()


def tarred(members: Mapping[str, bytes], mode: str = "w") -> bytes:
    """A tar archive; mode "w:gz" packs it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def json_lines(records: list[dict[str, Any]]) -> bytes:
    """One JSON object a line."""
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def literal_lines(records: list[dict[str, Any]]) -> bytes:
    """One Python dictionary a line, as the catalogue of 2014 is written."""
    return b"".join(repr(record).encode() + b"\n" for record in records)


def packed(content: bytes) -> bytes:
    """Gzipped."""
    return gzip.compress(content)


def film_100k(number: int, title: str, released: str, genres: tuple[int, ...]) -> bytes:
    """A line of u.item: id, title, two dates, address, nineteen flags."""
    flags = "|".join("1" if place in genres else "0" for place in range(19))
    return f"{number}|{title}|{released}||http://films.example/{number}|{flags}\n".encode("iso-8859-1")


ML_100K = zipped(
    {
        "ml-100k/README": b"made up",
        "ml-100k/u.data": b"7\t1\t5\t880000300\n7\t2\t3\t880000100\n8\t1\t4\t880000200\n"
        b"8\t3\t1\t880000200\n9\t2\t2\t880000400\n",
        "ml-100k/u.item": film_100k(1, "Lighthouse Keeper, The (1994)", "01-Jan-1994", (8, 14))
        + film_100k(2, "Été à Nîmes, Un (Summer in Nimes, A) (1996)", "01-Jan-1996", (5,))
        + film_100k(3, "unknown", "", (0,)),
        "ml-100k/u.user": b"7|24|F|librarian|55105\n8|61|M|baker|T8H1N\n9|33|F|none|00000\n",
    }
)
ML_1M = zipped(
    {
        "ml-1m/ratings.dat": b"1::10::5::978300760\n1::20::3::978302109\n2::10::4::978301968\n",
        "ml-1m/movies.dat": "10::Vallée, La (1972)::Drama|Adventure\n20::Tin Whistle (1999)::Comedy\n".encode(
            "iso-8859-1"
        ),
        "ml-1m/users.dat": b"1::F::1::10::48067\n2::M::56::16::70072\n",
    }
)
ML_20M = zipped(
    {
        "ml-20m/ratings.csv": b"userId,movieId,rating,timestamp\n1,2,3.5,1112486027\n"
        b"1,29,3.5,1112484676\n2,2,0.5,1112484819\n",
        "ml-20m/movies.csv": (
            b'movieId,title,genres\n2,"Quiet River, The (1995)",Adventure|Children\n'
            b'29,"Say ""Cheese"", Now (2001)",(no genres listed)\n31,Unwatched (2002),Drama\n'
        ),
        "ml-20m/links.csv": b"movieId,imdbId,tmdbId\n2,0113497,8844\n29,12,\n",
        "ml-20m/tags.csv": b"userId,movieId,tag,timestamp\n1,2,calm,1112486099\n",
    }
)

REVIEWS_2014 = [
    {
        "reviewerID": "A1KNIT",
        "asin": "B000WOOL01",
        "reviewerName": "Somebody",
        "helpful": [2, 3],
        "reviewText": "Soft &amp; warm,\n   never itches.",
        "overall": 5.0,
        "summary": "Lovely yarn",
        "unixReviewTime": 1369699200,
        "reviewTime": "05 28, 2013",
    },
    {
        "reviewerID": "A2SPIN",
        "asin": "B000WOOL01",
        "helpful": [0, 0],
        "reviewText": "Felts in the wash.",
        "overall": 2.0,
        "summary": "Careful",
        "unixReviewTime": 1355443200,
        "reviewTime": "12 14, 2012",
    },
    {
        "reviewerID": "A1KNIT",
        "asin": "B000HOOK02",
        "helpful": [0, 1],
        "reviewText": "",
        "overall": 4.0,
        "summary": "Good hook",
        "unixReviewTime": 1355443200,
        "reviewTime": "12 14, 2012",
    },
]
META_2014 = [
    {
        "asin": "B000WOOL01",
        "title": "Merino Yarn, 50 g",
        "price": 7.5,
        "brand": "Hillside",
        "imUrl": "http://pictures.example/wool.jpg",
        "description": 'Spun in the valley\'s "old" mill.',
        "related": {"also_bought": ["B000HOOK02"], "bought_together": ["B000HOOK02"]},
        "salesRank": {"Crafts": 12},
        "categories": [["Crafts", "Knitting", "Yarn"], ["Crafts", "Gifts"]],
    },
    {"asin": "B000HOOK02", "title": "Crochet Hook 4 mm", "categories": [["Crafts", "Crochet"]]},
    {"asin": "B000LOOM99", "title": "Loom that nobody reviewed", "categories": [["Crafts"]]},
]
REVIEWS_2018 = [
    {
        "overall": 5.0,
        "vote": "1,204",
        "verified": True,
        "reviewTime": "01 5, 2017",
        "reviewerID": "AVIOLIN",
        "asin": "B01ROSIN01",
        "style": {"Size:": " Large", "Color:": " Amber"},
        "reviewerName": "Somebody",
        "reviewText": "Grips well. <br /> Little dust.",
        "summary": "Fine rosin",
        "unixReviewTime": 1483574400,
    },
    {
        "overall": 3.0,
        "verified": False,
        "reviewTime": "01 6, 2017",
        "reviewerID": "ACELLO",
        "asin": "B01ROSIN01",
        "unixReviewTime": 1483660800,
    },
]
META_2018 = [
    {
        "category": ["Musical Instruments", "Strings &amp; Bows", "<span>Rosin</span>"],
        "tech1": "",
        "description": ["<b>Dark rosin</b> in a cloth.", "", "For cold rooms."],
        "title": "Amber Rosin",
        "also_buy": ["B01CLOTH02"],
        "brand": "by\n    \n    Bowmaker",
        "feature": ["Low dust", "Low dust", "Cloth included"],
        "rank": ["#12 in Rosin"],
        "also_view": [],
        "main_cat": "Musical Instruments",
        "price": "$12.99",
        "asin": "B01ROSIN01",
        "imageURL": ["http://pictures.example/small.jpg"],
        "imageURLHighRes": ["http://pictures.example/large.jpg"],
    },
    {
        "category": [],
        "description": [],
        "title": "var aPageStart = (new Date()).getTime();",
        "price": ".a-box-inner{background-color:#fff}",
        "asin": "B01CLOTH02",
    },
]
REVIEWS_2023 = [
    {
        "rating": 4.0,
        "title": "Boils quickly",
        "text": "Light enough to carry up a hill.",
        "images": [],
        "asin": "B0KETTLE1R",
        "parent_asin": "B0KETTLE00",
        "user_id": "AHIKER",
        "timestamp": 1588615855999,
        "helpful_vote": 3,
        "verified_purchase": True,
    },
    {
        "rating": 5.0,
        "title": "Bright",
        "text": "Lasts all night.",
        "images": [],
        "asin": "B0LAMP0001",
        "parent_asin": "B0LAMP0001",
        "user_id": "AHIKER",
        "timestamp": 1588615855070,
        "helpful_vote": 0,
        "verified_purchase": False,
    },
]
META_2023 = [
    {
        "main_category": "Sports & Outdoors",
        "title": "Camp Kettle 0.8 l",
        "average_rating": 4.4,
        "rating_number": 120,
        "features": ["Aluminium", "170 g"],
        "description": ["A kettle for two.", "Folds flat."],
        "price": 18.5,
        "images": [
            {"thumb": "http://p.example/t2.jpg", "large": "http://p.example/l2.jpg", "variant": "PT01", "hi_res": None},
            {
                "thumb": "http://p.example/t1.jpg",
                "large": "http://p.example/l1.jpg",
                "variant": "MAIN",
                "hi_res": "http://p.example/h1.jpg",
            },
        ],
        "videos": [],
        "store": "Visit the Ridgeline Store",
        "categories": ["Sports & Outdoors", "Camping"],
        "details": {"Weight": "170 g"},
        "parent_asin": "B0KETTLE00",
        "bought_together": None,
    },
    {
        "main_category": "Sports & Outdoors",
        "title": "Head Lamp",
        "features": [],
        "description": [],
        "price": "—",
        "images": [],
        "store": None,
        "categories": [],
        "details": {},
        "parent_asin": "B0LAMP0001",
    },
]
YELP_REVIEWS = [
    {
        "review_id": "r1",
        "user_id": "u_ines",
        "business_id": "b_bakery",
        "stars": 5.0,
        "useful": 2,
        "funny": 0,
        "cool": 1,
        "text": "Rye bread worth the walk.",
        "date": "2016-03-09 21:04:11",
    },
    {
        "review_id": "r2",
        "user_id": "u_omar",
        "business_id": "b_garage",
        "stars": 2.0,
        "useful": 0,
        "funny": 0,
        "cool": 0,
        "text": "Waited long.",
        "date": "2017-01-02",
    },
]
YELP_BUSINESSES = [
    {
        "business_id": "b_bakery",
        "name": "Corner Bakery",
        "address": "1 Mill Lane",
        "city": "Tampa",
        "state": "FL",
        "latitude": 27.95,
        "longitude": -82.46,
        "stars": 4.5,
        "review_count": 88,
        "is_open": 1,
        "attributes": {"RestaurantsPriceRange2": "2", "WiFi": "u'free'", "Caters": None},
        "categories": "Bakeries, Food",
        "hours": None,
    },
    {"business_id": "b_garage", "name": "Quick Garage", "attributes": None, "categories": None, "is_open": 0},
]
YELP_MEMBERS = {
    "Dataset_User_Agreement.pdf": b"made up",
    "._yelp_academic_dataset_review.json": b"shadow",
    "yelp_academic_dataset_business.json": json_lines(YELP_BUSINESSES),
    "yelp_academic_dataset_review.json": json_lines(YELP_REVIEWS),
}
