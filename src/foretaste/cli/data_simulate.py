"""``foretaste data simulate``: the embedded market as a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from foretaste.cli.output import JsonFlag, emit

Overrides = Annotated[
    list[str] | None,
    typer.Argument(metavar="[KEY=VALUE]...", help="Further settings of the market, like zipf=1.2 or drift=0."),
]


def data_simulate(
    out: Annotated[Path, typer.Option(help="Folder to write.", show_default=False)],
    overrides: Overrides = None,
    users: Annotated[int, typer.Option(help="How many people shop.", min=1)] = 2000,
    items: Annotated[int, typer.Option(help="How many items the catalogue lists.", min=20)] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed and sizes give the same files, bit for bit.", min=0)] = 0,
    interactions_per_user: Annotated[float, typer.Option(help="Mean number of purchases per user.")] = 16.0,
    name: Annotated[str, typer.Option(help="What the data set is called.")] = "simulated-market",
    json: JsonFlag = False,
) -> None:
    """Writes a made-up shop: a catalogue in natural English, people whose tastes drift, and all that they do there.

    Beside the tidy tables stand queries.parquet (searches) and impressions.parquet (slates with click labels). How
    the market works is told in the docstring of foretaste.data.simulate; its settings are the fields of MarketConfig.

    Examples:

        foretaste data simulate --out data/market

        foretaste data simulate --out data/big --users 60000 --items 10000 --seed 7

        foretaste data simulate --out data/steady drift=0 review_share=0 impression_share=0
    """
    from foretaste.core.config import configure, from_dict, to_dict
    from foretaste.core.progress import say
    from foretaste.data.simulate import MarketConfig, simulate, write_market

    sizes = {"users": users, "items": items, "seed": seed, "interactions_per_user": interactions_per_user}
    base = from_dict(MarketConfig, sizes, where="the options")
    config = configure(MarketConfig, preset=to_dict(base), overrides=overrides or ())
    say(f"simulating {config.users:,} users and {config.items:,} items into {out}")
    manifest = write_market(simulate(config), out, name=name)
    emit({"folder": str(out), **manifest}, json, lambda: _show(manifest, out))


def _show(manifest: dict[str, Any], out: Path) -> None:
    stats, extra = manifest["stats"], manifest["extra_tables"]
    print(
        f"{out}: {stats['users']:,} users, {stats['items_listed']:,} items ({stats['items_interacted']:,} met), "
        f"{stats['interactions']:,} interactions"
    )
    print(", ".join(f"{rows:,} rows in {file}" for file, rows in extra.items()))
    print(f"next: foretaste data describe {out}   or   foretaste train sasrec --data {out} --out runs/sasrec")
