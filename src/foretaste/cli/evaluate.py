"""``foretaste evaluate``: measure a run again from its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foretaste.cli.output import JsonFlag, emit

Run = Annotated[Path, typer.Argument(help="The folder of a finished run.", show_default=False)]
Part = Annotated[str, typer.Option(help="Targets to rank: test or valid.")]
Data = Annotated[Path | None, typer.Option(help="Where the data lies now, if it was moved.", show_default=False)]
Protocol = Annotated[str, typer.Option(help="full, or sampled-100 (only to compare with papers that used it).")]
KeepSeen = Annotated[bool, typer.Option("--keep-seen", help="Keep items of the history in the ranking.")]
Cutoffs = Annotated[str, typer.Option(help="List lengths, commas between them.")]


def evaluate(
    run: Run,
    part: Part = "test",
    data: Data = None,
    protocol: Protocol = "full",
    keep_seen: KeepSeen = False,
    cutoffs: Cutoffs = "5,10,20",
    json: JsonFlag = False,
) -> None:
    """Measure a run again, from its saved model and its data set; the protocol stands beside the numbers.

    Examples:

        foretaste evaluate runs/sasrec

        foretaste evaluate runs/sasrec --part valid --cutoffs 1,10,100 --json

        foretaste evaluate runs/sasrec --protocol sampled-100
    """
    from foretaste.cli.render import show_metrics
    from foretaste.recipes.measuring import measure_run

    mask_seen = False if keep_seen else None
    lengths = _lengths(cutoffs)
    found = measure_run(run, part=part, data=data, protocol=protocol, mask_seen=mask_seen, cutoffs=lengths)
    emit(found.report, json, lambda: show_metrics({part: found.report}))


def _lengths(text: str) -> tuple[int, ...]:
    from foretaste.core.errors import ConfigError

    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or any(not part.isdecimal() or int(part) < 1 for part in parts):
        raise ConfigError(
            f"--cutoffs {text!r} are no list lengths",
            where="--cutoffs",
            allowed="whole numbers from 1 on, with commas between them, like 5,10,20",
            mend="correct the list",
        )
    return tuple(dict.fromkeys(int(part) for part in parts))
