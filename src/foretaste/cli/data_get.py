"""``foretaste data get``: fetch a public data set and write it in the tidy form."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from foretaste.cli.output import JsonFlag, emit

if TYPE_CHECKING:
    from foretaste.data.sources.source import Source

Name = Annotated[str, typer.Argument(help="The data set, for example movielens-1m; see --list.", show_default=False)]
Out = Annotated[Path | None, typer.Option(help="Folder to write. Default: data/NAME.", show_default=False)]
List = Annotated[bool, typer.Option("--list", help="Show what there is, and stop.")]
Subset = Annotated[str, typer.Option(help="Amazon: 5core, full or ratings. Default: 5core with reviews; 2023: full.")]
Archive = Annotated[
    Path | None, typer.Option(help="Use files that are here: the archive, or a folder with the published files.")
]
MinRating = Annotated[float | None, typer.Option(help="Keep ratings of at least this.", show_default=False)]
KCore = Annotated[int, typer.Option(help="Interactions that every user and item must have.")]
KCoreMode = Annotated[str, typer.Option(help="iterated, or single-pass (counted once in the whole log).")]
MinUser = Annotated[int | None, typer.Option(help="The threshold for users, where it differs from --kcore.")]
MinItem = Annotated[int | None, typer.Option(help="The threshold for items, where it differs from --kcore.")]
Reviews = Annotated[bool, typer.Option(help="Keep the texts of reviews.")]
Items = Annotated[bool, typer.Option(help="Fetch and read the catalogue.")]
ColdItems = Annotated[bool, typer.Option(help="Keep catalogue items without interactions.")]
BaseUrl = Annotated[
    str | None, typer.Option(help="A mirror to use in place of the publisher.", envvar="FORETASTE_DATA_URL")
]
Cache = Annotated[Path | None, typer.Option(help="Where downloads are kept.", envvar="FORETASTE_CACHE")]
Timeout = Annotated[float, typer.Option(help="Seconds of silence after which a connection is given up.", min=0.1)]
Attempts = Annotated[int, typer.Option(help="Failures in a row after which a download is given up.", min=1)]


def data_get(
    name: Name = "",
    out: Out = None,
    list_: List = False,
    subset: Subset = "",
    archive: Archive = None,
    min_rating: MinRating = None,
    kcore: KCore = 1,
    kcore_mode: KCoreMode = "iterated",
    min_user: MinUser = None,
    min_item: MinItem = None,
    reviews: Reviews = True,
    items: Items = True,
    cold_items: ColdItems = False,
    base_url: BaseUrl = None,
    cache: Cache = None,
    timeout: Timeout = 60.0,
    attempts: Attempts = 6,
    json: JsonFlag = False,
) -> None:
    """Fetch a public data set and write it in the tidy form.

    Downloads go on where they stopped, are verified, and are kept for the next time.

    Examples:

        foretaste data get --list

        foretaste data get movielens-1m --out data/ml-1m --min-rating 4

        foretaste data get amazon-2014-beauty

        foretaste data get amazon-2023-video-games --kcore 5 --no-reviews

        foretaste data get yelp --archive ~/Downloads/Yelp-JSON.zip --kcore 10
    """
    from foretaste.core.errors import ConfigError
    from foretaste.data.sources import Limits, Selection, all_sources, find_source, get_source

    if list_:
        found = all_sources()
        emit([_entry(source) for source in found], json, lambda: _show_list(found))
        return
    if not name:
        raise ConfigError(
            "which data set?", where="NAME", allowed="a name from the list", mend="foretaste data get --list"
        )
    folder = out or Path("data") / find_source(name, subset).name
    manifest = get_source(
        name,
        folder,
        subset=subset,
        archive=archive,
        base_url=base_url,
        cache=cache,
        limits=Limits(timeout=timeout, attempts=attempts),
        selection=Selection(
            min_rating=min_rating,
            min_user=kcore if min_user is None else min_user,
            min_item=kcore if min_item is None else min_item,
            core_mode=kcore_mode,
            reviews=reviews,
            items=items,
            cold_items=cold_items,
        ),
    )
    facts = {"folder": str(folder), **{key: manifest[key] for key in ("name", "stats", "conversion", "source")}}
    emit(facts, json, lambda: _show(folder, manifest))


def _entry(source: Source) -> dict[str, Any]:
    from foretaste.data.sources import subsets_of

    return {"name": source.name, "about": source.about, "subsets": subsets_of(source), "home": source.home}


def _show_list(sources: list[Source]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "what", "subsets (the first is the usual one)", box=None, pad_edge=False)
    for source in sources:
        table.add_row(source.name, source.about, ", ".join(_entry(source)["subsets"]))
    Console().print(table)


def _show(folder: Path, manifest: dict[str, Any]) -> None:
    stats = manifest["stats"]
    print(
        f"{folder}: {stats['interactions']:,} interactions of {stats['users']:,} users with "
        f"{stats['items_interacted']:,} items ({stats['items_listed']:,} listed)"
    )
