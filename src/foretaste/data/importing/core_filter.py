"""The k-core filter applied to an imported log, and what it removed."""

from __future__ import annotations

from typing import Any

import polars as pl

from foretaste.core.errors import DataError
from foretaste.data.importing.options import ImportOptions
from foretaste.data.kcore import iterated_core, single_pass_core
from foretaste.data.tidy_order import dense_codes


def filter_core(table: pl.DataFrame, options: ImportOptions) -> tuple[pl.DataFrame, dict[str, Any] | None]:
    """The interactions that the filter leaves, and a record of it (None when no filter was asked for).

    Raises:
        DataError: If nothing is left.
    """
    if max(options.min_user, options.min_item) <= 1:
        return table, None
    users, items = (dense_codes(table[name])[0] for name in ("user_id", "item_id"))
    core = iterated_core if options.core_mode == "iterated" else single_pass_core
    mask = core(users, items, min_user=options.min_user, min_item=options.min_item)
    if not mask.any():
        raise DataError(
            f"the {options.core_mode} k-core filter (users {options.min_user}, items {options.min_item}) leaves "
            f"nothing of {table.height:,} interactions",
            allowed="thresholds that the log can meet",
            mend="lower --kcore, or set --min-user and --min-item apart",
        )
    left = table.filter(pl.Series(mask))
    record = {
        "mode": options.core_mode,
        "min_user": options.min_user,
        "min_item": options.min_item,
        "removed_interactions": table.height - left.height,
        "removed_users": table["user_id"].n_unique() - left["user_id"].n_unique(),
        "removed_items": table["item_id"].n_unique() - left["item_id"].n_unique(),
    }
    return left, record
