"""Amazon reviews of 2014, 2018 and 2023, by category: where the files lie and how they are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from foretaste.core.errors import unknown
from foretaste.data.sources.amazon_categories import CATEGORIES, slug
from foretaste.data.sources.amazon_records import PRODUCTS, REVIEWS, product_maker, review_maker
from foretaste.data.sources.delimited import Layout, read_ratings
from foretaste.data.sources.records import read_batches
from foretaste.data.sources.rejects import Rejects
from foretaste.data.sources.remote import Remote
from foretaste.data.sources.source import Files, Source
from foretaste.data.sources.streams import open_stream
from foretaste.data.sources.transfer import Advance

UCSD = "https://mcauleylab.ucsd.edu/public_datasets/data"
BASES = {
    "2014": ("https://snap.stanford.edu/data/amazon/productGraph/categoryFiles", f"{UCSD}/amazon/categoryFiles"),
    "2018": (f"{UCSD}/amazon_v2", "https://jmcauley.ucsd.edu/data/amazon_v2"),
    "2023": (f"{UCSD}/amazon_2023", "https://datarepo.eng.ucsd.edu/mcauley_group/data/amazon_2023"),
}
HOMES = {
    "2014": "https://cseweb.ucsd.edu/~jmcauley/datasets/amazon/links.html",
    "2018": "https://cseweb.ucsd.edu/~jmcauley/datasets/amazon_v2/",
    "2023": "https://amazon-reviews-2023.github.io/",
}
PAPERS = {
    "2014": "R. He and J. McAuley, Ups and Downs, WWW 2016; J. McAuley et al., Image-based Recommendations, SIGIR 2015",
    "2018": "J. Ni, J. Li and J. McAuley, Justifying Recommendations using Distantly-Labeled Reviews, EMNLP 2019",
    "2023": "Y. Hou et al., Bridging Language and Items for Retrieval and Recommendation, arXiv 2403.03952, 2024",
}
LOGS = {
    "2014": {"5core": "reviews_{}_5.json.gz", "full": "reviews_{}.json.gz", "ratings": "ratings_{}.csv"},
    "2018": {
        "5core": "categoryFilesSmall/{}_5.json.gz",
        "full": "categoryFiles/{}.json.gz",
        "ratings": "categoryFilesSmall/{}.csv",
    },
    "2023": {
        "5core": "benchmark/5core/rating_only/{}.csv.gz",
        "full": "raw/review_categories/{}.jsonl.gz",
        "ratings": "benchmark/0core/rating_only/{}.csv.gz",
    },
}
"""The log of each subset below a release's address; the 5-core of 2023 has ratings only."""
METAS = {
    "2014": "meta_{}.json.gz",
    "2018": "metaFiles2/meta_{}.json.gz",
    "2023": "raw/meta_categories/meta_{}.jsonl.gz",
}
DEFAULTS = {"2014": "5core", "2018": "5core", "2023": "full"}
LAYOUTS = {
    "2014": Layout(("user_id", "item_id", "rating", "timestamp")),
    "2018": Layout(("item_id", "user_id", "rating", "timestamp")),
    "2023": Layout(("user_id", "item_id", "rating", "timestamp"), header=True, per_second=1000),
}
"""How the ratings-only files are written; 2018 names the item first."""


@dataclass(frozen=True)
class AmazonReader:
    """Reads one category of one release.

    Attributes:
        release: "2014", "2018" or "2023".
        ratings_only: Whether the log is a table of ratings rather than of reviews.
    """

    release: str
    ratings_only: bool

    def log(self, files: Files, rejects: Rejects, advance: Advance) -> Iterator[pl.DataFrame]:
        """Reviews or ratings, in the order of the file."""
        path = files["log"]
        with open_stream(path, advance) as stream:
            if self.ratings_only:
                yield from read_ratings(stream, path.name, LAYOUTS[self.release], rejects)
            else:
                yield from read_batches(stream, path.name, REVIEWS, review_maker(self.release, True), rejects)

    def items(
        self, files: Files, wanted: frozenset[str] | None, rejects: Rejects, advance: Advance
    ) -> Iterator[pl.DataFrame]:
        """Products."""
        path = files["meta"]
        with open_stream(path, advance) as stream:
            yield from read_batches(stream, path.name, PRODUCTS, product_maker(self.release, wanted), rejects)

    def users(self, files: Files, rejects: Rejects) -> pl.DataFrame | None:
        """Nothing is published about reviewers but their names, which are left out."""
        return None


def amazon(release: str, category: str, subset: str = "") -> Source:
    """The source of one category.

    Args:
        release: "2014", "2018" or "2023".
        category: As the files name it ("Video_Games").
        subset: "5core", "full" or "ratings"; default: the 5-core with reviews, for 2023 the full reviews.

    Raises:
        ConfigError: For an unknown subset.
    """
    chosen = subset or DEFAULTS[release]
    if chosen not in LOGS[release]:
        raise unknown("subset", chosen, LOGS[release], where=f"amazon-{release}-{slug(category)}")
    log = LOGS[release][chosen].format(category)
    return Source(
        name=f"amazon-{release}-{slug(category)}",
        about=f"Amazon reviews {release}, {category.replace('_', ' ')}",
        home=HOMES[release],
        terms=_terms(release),
        bases=BASES[release],
        files={"log": Remote(log), "meta": Remote(METAS[release].format(category))},
        reader=AmazonReader(release, ".csv" in log),
        subset=chosen,
        per_second=1000 if release == "2023" else 1,
        resolution="millisecond" if release == "2023" else "day",
    )


def all_amazon() -> list[Source]:
    """Every category of every release."""
    return [amazon(release, category) for release, names in CATEGORIES.items() for category in names]


def _terms(release: str) -> str:
    return (
        f"Amazon reviews {release} (McAuley group, UC San Diego): collected and published for research; no licence is "
        "stated, and texts and pictures belong to their authors and sellers: do not redistribute them. Do not "
        f"try to identify reviewers. Cite {PAPERS[release]}."
    )
