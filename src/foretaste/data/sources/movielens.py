"""MovieLens 100K, 1M, 20M and 32M: ratings of films with real times, titles, genres, and some facts about people."""

from __future__ import annotations

from foretaste.data.sources.delimited import Layout
from foretaste.data.sources.movielens_reader import MovieLensReader
from foretaste.data.sources.remote import Remote
from foretaste.data.sources.source import Source

BASE = "https://files.grouplens.org/datasets/movielens"
TERMS = (
    "MovieLens (GroupLens Research, University of Minnesota): for research; no commercial use and no redistribution "
    "without permission; no endorsement may be implied; acknowledge F. M. Harper and J. A. Konstan, The MovieLens "
    "Datasets: History and Context, ACM TiiS 5(4), 2015. The README in the archive has the full terms."
)
FIELDS = ("user_id", "item_id", "rating", "timestamp")

READERS = {
    "100k": MovieLensReader("u.data", Layout(FIELDS, "\t"), films="u.item", people="u.user"),
    "1m": MovieLensReader("ratings.dat", Layout(FIELDS, "::"), films="movies.dat", people="users.dat"),
    "20m": MovieLensReader("ratings.csv", Layout(FIELDS, ",", header=True), films="movies.csv", links="links.csv"),
    "32m": MovieLensReader("ratings.csv", Layout(FIELDS, ",", header=True), films="movies.csv", links="links.csv"),
}
DIGESTS = {
    "100k": "md5:0e33842e24a9c977be4e0107933c0723",
    "1m": "md5:c4d9eecfca2ab87c1945afe126590906",
    "20m": "md5:cd245b17a1ae2cc31bb14903e1204af3",
    "32m": "md5:d472be332d4daa821edc399621853b57",
}
"""As GroupLens states them in the .md5 files beside the archives."""
SIZES = {
    "100k": "100,000 ratings, 943 users, 1,682 films (1997-98)",
    "1m": "1,000,209 ratings, 6,040 users, 3,883 films (2000-03)",
    "20m": "20,000,263 ratings, 138,493 users, 27,278 films (1995-2015)",
    "32m": "32,000,204 ratings, 200,948 users, 87,585 films (1995-2023)",
}


def movielens(release: str) -> Source:
    """The source of one release: "100k", "1m", "20m" or "32m"."""
    return Source(
        name=f"movielens-{release}",
        about=SIZES[release],
        home=f"https://grouplens.org/datasets/movielens/{release}/",
        terms=TERMS,
        bases=(BASE,),
        files={"archive": Remote(f"ml-{release}.zip", digest=DIGESTS[release], sidecar=".md5")},
        reader=READERS[release],
    )
