"""New items from a file, for a recommender to take in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl

from foretaste.core.errors import DataError

READERS: dict[str, Callable[[Path], pl.DataFrame]] = {
    ".parquet": pl.read_parquet,
    ".jsonl": pl.read_ndjson,
    ".ndjson": pl.read_ndjson,
    ".json": pl.read_json,
    ".csv": lambda path: pl.read_csv(path, infer_schema=False),
}


def read_new_items(path: str | Path) -> pl.DataFrame:
    """The rows of a file; columns are named as those of the catalogue.

    Raises:
        DataError: If there is no such file, or it cannot be read.
    """
    file = Path(path).expanduser()
    kinds = ", ".join(READERS)
    if file.suffix not in READERS:
        raise DataError(f"new items cannot be read from {file.name!r}", allowed=f"a file that ends in {kinds}")
    if not file.is_file():
        raise DataError(f"there is no file of new items {str(path)!r}", mend="check the path")
    try:
        return READERS[file.suffix](file)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(
            f"the file of new items cannot be read: {str(error).splitlines()[0]}",
            where=str(file),
            allowed="one row or object for each item, with item_id and the catalogue's columns",
        ) from error
