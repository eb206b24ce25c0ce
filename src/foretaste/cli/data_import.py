"""``foretaste data import``: a log of any shape into the tidy form."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foretaste.cli.output import JsonFlag, emit


def _option(text: str, flag: str | None = None, metavar: str | None = None) -> typer.models.OptionInfo:
    names = [] if flag is None else [flag]
    found: typer.models.OptionInfo = typer.Option(*names, help=text, metavar=metavar)
    return found


Log = Annotated[
    str, typer.Argument(help="The log: CSV, TSV, JSONL (.gz, .zst too), Parquet, DuckDB, SQLite, or a database's URL.")
]
Items = Annotated[str | None, typer.Argument(help="The catalogue, of any of these kinds.")]
Out = Annotated[Path, _option("Folder to write.")]
Name = Annotated[str | None, _option("What the data set is called; default: the folder's name.")]
Users = Annotated[str | None, _option("A table of users.")]
User = Annotated[str | None, _option("Log: column of the user.", metavar="COLUMN")]
Item = Annotated[str | None, _option("Log: column of the item.", metavar="COLUMN")]
Time = Annotated[str | None, _option("Log: column of the time; 'none': the order of the file.", metavar="COLUMN")]
Rating = Annotated[str | None, _option("Log: column of the rating; 'none': an attribute.", metavar="COLUMN")]
ItemId = Annotated[str | None, _option("Catalogue: column of the item.", metavar="COLUMN")]
Title = Annotated[str | None, _option("Catalogue: column of the title.", metavar="COLUMN")]
Brand = Annotated[str | None, _option("Catalogue: column of the brand.", metavar="COLUMN")]
Categories = Annotated[str | None, _option("Catalogue: column of the categories.", metavar="COLUMN")]
Price = Annotated[str | None, _option("Catalogue: column of the price.", metavar="COLUMN")]
Description = Annotated[str | None, _option("Catalogue: column of the description.", metavar="COLUMN")]
Image = Annotated[str | None, _option("Catalogue: column of the picture.", metavar="COLUMN")]
UserId = Annotated[str | None, _option("Users: column of the user.", metavar="COLUMN")]
Query = Annotated[str | None, _option("SQL that gives the log.", metavar="SELECT")]
ItemsQuery = Annotated[str | None, _option("SQL that gives the catalogue.", metavar="SELECT")]
UsersQuery = Annotated[str | None, _option("SQL that gives the users.", metavar="SELECT")]
Format = Annotated[str, _option("auto (by the suffix), csv, tsv, jsonl, parquet or sql.")]
Separator = Annotated[str | None, _option("CSV: between columns; \\t for a tab; default: seen in the header.")]
Encoding = Annotated[str, _option("Of text files; UTF-16 is recognised.")]
Columns = Annotated[str | None, _option("CSV log without a header line: its columns.", metavar="A,B,…")]
TimeUnit = Annotated[str, _option("auto, s, ms, us, ns (since 1970), iso, or ordinal (an order only).")]
MaxRejected = Annotated[float, _option("Share of refused rows above which the import stops.")]
KCore = Annotated[int, _option("Interactions that every user and item must have.", flag="--kcore")]
KCoreMode = Annotated[str, _option("iterated, or single-pass (counted once in the whole log).", flag="--kcore-mode")]
MinUser = Annotated[int | None, _option("The threshold for users, where it differs from --kcore.")]
MinItem = Annotated[int | None, _option("The threshold for items, where it differs from --kcore.")]
ColdItems = Annotated[bool | None, _option("Keep items without interactions; default: not after --kcore.")]
Force = Annotated[bool, _option("Write into a folder that holds other things.", flag="--force")]


def data_import(
    log: Log,
    out: Out,
    items: Items = None,
    name: Name = None,
    users: Users = None,
    user: User = None,
    item: Item = None,
    time: Time = None,
    rating: Rating = None,
    item_id: ItemId = None,
    title: Title = None,
    brand: Brand = None,
    categories: Categories = None,
    price: Price = None,
    description: Description = None,
    image: Image = None,
    user_id: UserId = None,
    query: Query = None,
    items_query: ItemsQuery = None,
    users_query: UsersQuery = None,
    format: Format = "auto",
    separator: Separator = None,
    encoding: Encoding = "utf-8",
    columns: Columns = None,
    time_unit: TimeUnit = "auto",
    max_rejected: MaxRejected = 0.05,
    kcore: KCore = 1,
    kcore_mode: KCoreMode = "iterated",
    min_user: MinUser = None,
    min_item: MinItem = None,
    cold_items: ColdItems = None,
    force: Force = False,
    json: JsonFlag = False,
) -> None:
    """Imports a log, with its catalogue, into the tidy form: checked, counted, every refused row kept.

    Column names such as user_id, reviewerID, asin, movieId, timestamp or unixReviewTime are recognised; all other
    columns travel along as attributes. Refused rows stand in rejected.parquet beside the tables, with line and reason.

    Examples:

        foretaste data import log.csv items.csv --out data/shop

        foretaste data import reviews.json.gz meta.json.gz --kcore 5 --out data/beauty

        foretaste data import log.csv --user reviewerID --item asin --time unixReviewTime --out data/shop

        foretaste data import shop.duckdb --query "SELECT * FROM orders" --out data/shop

        foretaste data import postgresql+psycopg://me@host/shop --query "SELECT * FROM clicks" --out data/shop
    """
    from foretaste.core.progress import say
    from foretaste.data.importing.options import ImportOptions
    from foretaste.data.importing.report import report_lines
    from foretaste.data.importing.run import import_data
    from foretaste.data.importing.sql_address import public_url

    known = _given(title=title, brand=brand, categories=categories, price=price, description=description, image=image)
    options = ImportOptions(
        log_columns=_given(user=user, item=item, time=time, rating=rating),
        item_columns={**_given(item_id=item_id), **known},
        user_columns=_given(user_id=user_id),
        query=query,
        items_query=items_query,
        users_query=users_query,
        format=format,
        separator="\t" if separator == "\\t" else separator,
        encoding=encoding,
        header=tuple(part.strip() for part in columns.split(",")) if columns else None,
        time_unit=time_unit,
        max_rejected=max_rejected,
        min_user=kcore if min_user is None else min_user,
        min_item=kcore if min_item is None else min_item,
        core_mode=kcore_mode,
        cold_items=cold_items,
        force=force,
    )
    say(f"importing {public_url(log)} to {out}")
    manifest = import_data(log, items, users, out=out, name=name, options=options)
    emit({"folder": str(out), **manifest}, json, lambda: print("\n".join(report_lines(manifest, out))))


def _given(**roles: str | None) -> dict[str, str]:
    """The columns that were named."""
    return {role: column for role, column in roles.items() if column is not None}
