"""``foretaste data import``: a log of any shape into the tidy form."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foretaste.cli.output import JsonFlag, emit


def data_import(
    log: Annotated[
        str,
        typer.Argument(help="The log: CSV, TSV, JSONL (.gz, .zst too), Parquet, DuckDB, SQLite, or a database's URL."),
    ],
    out: Annotated[Path, typer.Option(help="Folder to write.", show_default=False)],
    items: Annotated[str | None, typer.Argument(help="The catalogue, of any of these kinds.")] = None,
    name: Annotated[str | None, typer.Option(help="What the data set is called; default: the folder's name.")] = None,
    users: Annotated[str | None, typer.Option(help="A table of users.")] = None,
    user: Annotated[str | None, typer.Option(metavar="COLUMN", help="Log: column of the user.")] = None,
    item: Annotated[str | None, typer.Option(metavar="COLUMN", help="Log: column of the item.")] = None,
    time: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Log: column of the time; 'none': order of the file.")
    ] = None,
    rating: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Log: column of the rating; 'none': an attribute.")
    ] = None,
    item_id: Annotated[str | None, typer.Option(metavar="COLUMN", help="Catalogue: column of the item.")] = None,
    title: Annotated[str | None, typer.Option(metavar="COLUMN", help="Catalogue: column of the title.")] = None,
    brand: Annotated[str | None, typer.Option(metavar="COLUMN", help="Catalogue: column of the brand.")] = None,
    categories: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Catalogue: column of the categories.")
    ] = None,
    price: Annotated[str | None, typer.Option(metavar="COLUMN", help="Catalogue: column of the price.")] = None,
    description: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Catalogue: column of the description.")
    ] = None,
    image: Annotated[str | None, typer.Option(metavar="COLUMN", help="Catalogue: column of the picture.")] = None,
    user_id: Annotated[str | None, typer.Option(metavar="COLUMN", help="Users: column of the user.")] = None,
    query: Annotated[str | None, typer.Option(metavar="SELECT", help="SQL that gives the log.")] = None,
    items_query: Annotated[str | None, typer.Option(metavar="SELECT", help="SQL that gives the catalogue.")] = None,
    users_query: Annotated[str | None, typer.Option(metavar="SELECT", help="SQL that gives the users.")] = None,
    format: Annotated[str, typer.Option(help="auto (by the suffix), csv, tsv, jsonl, parquet or sql.")] = "auto",
    separator: Annotated[
        str | None, typer.Option(help="CSV: between columns; \\t for a tab; default: seen in the header.")
    ] = None,
    encoding: Annotated[str, typer.Option(help="Of text files; UTF-16 is recognised.")] = "utf-8",
    columns: Annotated[
        str | None, typer.Option(metavar="A,B,…", help="CSV log without a header line: its columns.")
    ] = None,
    time_unit: Annotated[
        str, typer.Option(help="auto, s, ms, us, ns (since 1970), iso, or ordinal (an order only).")
    ] = "auto",
    max_rejected: Annotated[float, typer.Option(help="Share of refused rows above which the import stops.")] = 0.05,
    kcore: Annotated[int, typer.Option(help="Interactions that every user and item must have.")] = 1,
    kcore_mode: Annotated[
        str, typer.Option(help="iterated, or single-pass (counted once in the whole log).")
    ] = "iterated",
    min_user: Annotated[
        int | None, typer.Option(help="The threshold for users, where it differs from --kcore.")
    ] = None,
    min_item: Annotated[
        int | None, typer.Option(help="The threshold for items, where it differs from --kcore.")
    ] = None,
    cold_items: Annotated[
        bool | None,
        typer.Option(
            "--cold-items/--no-cold-items",
            help="Keep catalogue items without interactions; default: not after --kcore.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write into a folder that holds other things.")] = False,
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

    roles = {"user": user, "item": item, "time": time, "rating": rating}
    known = {
        "title": title,
        "brand": brand,
        "categories": categories,
        "price": price,
        "description": description,
        "image": image,
    }
    options = ImportOptions(
        log_columns=_given(roles),
        item_columns=_given({"item_id": item_id, **known}),
        user_columns=_given({"user_id": user_id}),
        query=query,
        items_query=items_query,
        users_query=users_query,
        format=format,
        separator="\t" if separator == "\\t" else separator,
        encoding=encoding,
        header=tuple(name.strip() for name in columns.split(",")) if columns else None,
        time_unit=time_unit,
        max_rejected=max_rejected,
        min_user=kcore if min_user is None else min_user,
        min_item=kcore if min_item is None else min_item,
        core_mode=kcore_mode,
        cold_items=cold_items,
        force=force,
    )
    say(f"importing {log.partition('@')[2] or log} to {out}")
    manifest = import_data(log, items, users, out=out, name=name, options=options)
    emit({"folder": str(out), **manifest}, json, lambda: print("\n".join(report_lines(manifest, out))))


def _given(roles: dict[str, str | None]) -> dict[str, str]:
    return {role: column for role, column in roles.items() if column is not None}
