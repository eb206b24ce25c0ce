"""``foretaste text encode``: vectors of a data set's texts into a store that runs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from foretaste.cli.output import JsonFlag, emit

Data = Annotated[Path, typer.Option(help="Data folder in the tidy form.", show_default=False)]
Out = Annotated[Path, typer.Option(help="Folder of the stores; runs take it as text.store.", show_default=False)]
Users = Annotated[bool, typer.Option("--users", help="Encode users (by training items only) instead of items.")]
Split = Annotated[str, typer.Option(help="The split whose training part --users tells of.")]
Changed = Annotated[
    str, typer.Option(help="An id whose text is not what it was: refuse, or encode it beside the old row.")
]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="TOML file of settings.", show_default=False)]
Overrides = Annotated[
    list[str] | None,
    typer.Argument(metavar="[KEY=VALUE]...", help="Settings, as `foretaste show unisrec` lists them under text."),
]


def text_encode(
    data: Data,
    out: Out,
    overrides: Overrides = None,
    users: Users = False,
    split: Split = "leave-one-out",
    changed: Changed = "refuse",
    config: ConfigFile = None,
    json: JsonFlag = False,
) -> None:
    """Encode the texts of all items or users once; the same command goes on where it was stopped.

    What is in the store already is not encoded again: a catalogue that grew costs its new items only.

    Examples:

        foretaste text encode --data data/shop --out vectors

        foretaste text encode --data data/shop --out vectors --users max_tokens=256

        foretaste text encode --data data/shop --out vectors encoder=Qwen/Qwen3-Embedding-0.6B pooling=last int8=true

        foretaste train unisrec --data data/shop --out runs/unisrec text.store=vectors
    """
    from foretaste.recipes.encoding import encode_texts

    found = encode_texts(data, out, overrides or [], users=users, split=split, changed=changed, config_file=config)
    emit(found, json, lambda: _show(found))


def _show(found: dict[str, Any]) -> None:
    size = f"{found['dim']} dimensions, {found['dtype']}, {found['megabytes']:,} MB"
    print(f"{found['rows']:,} {found['kind']} ({found['distinct_texts']:,} different texts): {size}")
    if found["encoded"]:
        speed = f"{found['seconds']:,} s, {found['per_second']:,} a second"
        print(f"{found['encoded']:,} encoded now: {speed}, {found['truncated']:,} texts cut")
    else:
        print("nothing new: all of them were encoded before")
    print(f"store: {found['store']}")
