"""``foretaste recommend``: ask a saved run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foretaste.cli.output import JsonFlag, emit
from foretaste.cli.render import stdout
from foretaste.serving.queries import ALPHA

if TYPE_CHECKING:
    from foretaste.serving.recommendations import Recommendations

Run = Annotated[Path, typer.Argument(help="The folder of a finished run, or of a model.", show_default=False)]
History = Annotated[
    str | None, typer.Option(help="Item ids with commas between them, oldest first.", show_default=False)
]
User = Annotated[
    str | None, typer.Option(help="A user of the run's data set: all that is known of them is the history.")
]
Data = Annotated[Path | None, typer.Option(help="Where the data lies now, for --user.", show_default=False)]
K = Annotated[int, typer.Option("--k", "-k", help="How many items.", min=1)]
Candidates = Annotated[
    str | None, typer.Option(help="Choose among these item ids, commas between them.", show_default=False)
]
Similar = Annotated[str | None, typer.Option(help="Items like this one, instead.", show_default=False)]
KeepSeen = Annotated[bool, typer.Option("--keep-seen", help="Items of the history may be recommended again.")]
NewItems = Annotated[
    Path | None,
    typer.Option(
        help="Items that came after the training (.csv, .jsonl, .parquet): they enter by their text.",
        show_default=False,
    ),
]
Intent = Annotated[
    str | None,
    typer.Option(help="What is looked for, in words (alpharec); alone or beside a history.", show_default=False),
]
Alpha = Annotated[float, typer.Option(help="What the intention weighs: 0 the history alone, 1 the intention alone.")]
Strict = Annotated[bool, typer.Option("--strict", help="An unknown id is an error instead of being skipped.")]


def recommend(
    run: Run,
    history: History = None,
    user: User = None,
    data: Data = None,
    k: K = 10,
    candidates: Candidates = None,
    similar: Similar = None,
    keep_seen: KeepSeen = False,
    new_items: NewItems = None,
    intent: Intent = None,
    alpha: Alpha = ALPHA,
    strict: Strict = False,
    json: JsonFlag = False,
) -> None:
    """Recommend items for a history, for a user of the data set, or items like another.

    Unknown ids are skipped and named; with nothing to go by, the most popular items are shown, and it says so.

    Examples:

        foretaste recommend runs/sasrec --history B00KCF8ZWY,B00DQ2ILQY -k 10

        foretaste recommend runs/sasrec --user A1YJEY40YUW4SE --json

        foretaste recommend runs/sasrec --history B00KCF8ZWY --candidates B001,B002,B003

        foretaste recommend runs/sasrec --similar B00KCF8ZWY

        foretaste recommend runs/alpharec --history B00KCF8ZWY --intent "a gift for a guitarist" --alpha 0.7

        foretaste recommend runs/unisrec --history B00KCF8ZWY --new-items arrivals.csv
    """
    from foretaste.core.progress import say
    from foretaste.serving.asking import ask

    answer = ask(
        run,
        history=history,
        user=user,
        data=data,
        k=k,
        candidates=candidates,
        similar=similar,
        exclude_seen=not keep_seen,
        on_unknown="error" if strict else "report",
        new_items=new_items,
        intent=intent,
        alpha=alpha,
    )
    for note in answer.notes:
        say(f"note: {note}")
    emit([found.as_dict() for found in answer], json, lambda: _show(answer))


def _show(answer: Recommendations) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("", "item", "score", "title", box=None, pad_edge=False)
    for place, found in enumerate(answer, 1):
        table.add_row(str(place), Text(found.item_id), f"{found.score:.4f}", Text(found.title))
    stdout().print(table)
