"""Reading the archives of MovieLens: tab-separated (100K), ``::`` (1M) and comma-separated (20M, 32M)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from foretaste.data.sources.archive import open_member
from foretaste.data.sources.delimited import Layout, read_ratings
from foretaste.data.sources.movielens_rows import TABLES, Row, read_rows
from foretaste.data.sources.rejects import Rejects
from foretaste.data.sources.source import Files
from foretaste.data.sources.transfer import Advance

FILMS = pl.Schema(
    {
        "item_id": pl.String(),
        "title": pl.String(),
        "categories": pl.List(pl.String()),
        "release_year": pl.Int32(),
        "genres": pl.List(pl.String()),
    }
)
LINKS = pl.Schema({"item_id": pl.String(), "imdb_id": pl.String(), "tmdb_id": pl.String()})
ABOUT_PEOPLE = {"gender": pl.String(), "occupation": pl.String(), "zip_code": pl.String()}
PEOPLE = {
    "u.user": pl.Schema({"user_id": pl.String(), "age": pl.Int32(), **ABOUT_PEOPLE}),
    "users.dat": pl.Schema({"user_id": pl.String(), "age_group": pl.String(), **ABOUT_PEOPLE}),
}


@dataclass(frozen=True)
class MovieLensReader:
    """Reads one release.

    The free tags of 20M and 32M are left out: they were written at all times, so they tell the future.

    Attributes:
        ratings: Member with the ratings.
        layout: How that is written.
        films: Member with the films.
        people: Member with facts about users, "" if there is none.
        links: Member with the films' ids elsewhere, "" if there is none.
    """

    ratings: str
    layout: Layout
    films: str
    people: str = ""
    links: str = ""

    def log(self, files: Files, rejects: Rejects, advance: Advance) -> Iterator[pl.DataFrame]:
        """All ratings."""
        with open_member(files["archive"], self.ratings, advance) as stream:
            yield from read_ratings(stream, self.ratings, self.layout, rejects)

    def items(
        self, files: Files, wanted: frozenset[str] | None, rejects: Rejects, advance: Advance
    ) -> Iterator[pl.DataFrame]:
        """Films: their ``genres`` are their ``categories`` too; with links also ``imdb_id`` and ``tmdb_id``."""
        films = self._rows(files, self.films, rejects)
        table = pl.DataFrame([f for f in films if wanted is None or f[0] in wanted], schema=FILMS, orient="row")
        if self.links:
            links = pl.DataFrame(self._rows(files, self.links, rejects), schema=LINKS, orient="row")
            table = table.join(links, on="item_id", how="left", maintain_order="left")
        yield table

    def users(self, files: Files, rejects: Rejects) -> pl.DataFrame | None:
        """Age, gender, occupation and zip code, where the release has them; the 1M release knows ages by group only."""
        if not self.people:
            return None
        return pl.DataFrame(self._rows(files, self.people, rejects), schema=PEOPLE[self.people], orient="row")

    def _rows(self, files: Files, member: str, rejects: Rejects) -> list[Row]:
        with open_member(files["archive"], member, lambda done, total: None) as stream:
            return list(read_rows(stream, member, TABLES[member], rejects))
