"""``foretaste text preview``: the prompts of a data set, before an encoder reads them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foretaste.cli.output import JsonFlag, emit

if TYPE_CHECKING:
    from foretaste.text.prompts.preview import Preview

Data = Annotated[Path, typer.Option(help="Data folder in the tidy form.", show_default=False)]
Prompt = Annotated[
    Path | None,
    typer.Option(help="Prompt specification (TOML); without it, one is made from the columns.", show_default=False),
]
Users = Annotated[bool, typer.Option("--users", help="Show the prompts of users (training items only).")]
Number = Annotated[int, typer.Option("--number", "-n", help="How many prompts to show.", min=0)]
Write = Annotated[Path | None, typer.Option(help="Write the specification there, to be changed.", show_default=False)]


def text_preview(
    data: Data,
    prompt: Prompt = None,
    users: Users = False,
    number: Number = 5,
    write: Write = None,
    json: JsonFlag = False,
) -> None:
    """Show what a language model will be told of items or users, and which columns are told and which are not.

    Examples:

        foretaste text preview --data data/shop

        foretaste text preview --data data/shop --write prompt.toml

        foretaste text preview --data data/shop --prompt prompt.toml --users -n 3
    """
    from foretaste.core.errors import ConfigError
    from foretaste.core.progress import say
    from foretaste.data.dataset import Dataset
    from foretaste.data.split import leave_one_out
    from foretaste.text.prompts import UserPromptSpec, default_spec, read_spec, read_user_spec, write_spec
    from foretaste.text.prompts.preview import preview_items, preview_users

    if write is not None and write.exists():
        raise ConfigError(
            f"{str(write)!r} stands there already",
            where="--write",
            allowed="the name of a new file",
            mend="give another name, or remove the file; to use it, give it with --prompt",
        )
    dataset = Dataset.load(data)
    spec = default_spec(dataset.catalogue) if prompt is None else read_spec(prompt)
    people = UserPromptSpec() if prompt is None else read_user_spec(prompt)
    if users:
        train = leave_one_out(dataset.sequences).train
        found = preview_users(train, dataset.users, dataset.catalogue, spec, people, number)
    else:
        found = preview_items(dataset.catalogue, spec, number)
    if write is not None:
        write_spec(write, spec, people, comment=f"The prompts of {dataset.name}; `--prompt` and `text.prompt` take it.")
        say(f"specification: {write}")
    emit({"data": dataset.name, **found.as_dict()}, json, lambda: _show(found))


def _show(found: Preview) -> None:
    from rich.table import Table
    from rich.text import Text

    from foretaste.cli.render import stdout

    console = stdout()
    table = Table("column", "told", "why", box=None, pad_edge=False)
    for use in found.columns:
        table.add_row(use.column, "yes" if use.used else "no", use.reason)
    console.print(table)
    for example in found.examples:
        console.print(Text(f"\n{example.id} ({len(example.text):,} characters)", style="bold"))
        console.print(Text(example.text), soft_wrap=True)
    clauses = "" if found.mean_clauses is None else f", {found.mean_clauses:.1f} clauses each"
    lengths = f"{found.mean_chars:,.0f} characters on average, {found.max_chars:,} at most{clauses}"
    console.print(
        f"\n{found.count:,} {found.kind}: {lengths}; {found.distinct:,} different prompts, "
        f"{found.fallback:,} of which nothing is known"
    )
    console.print(Text(f"fingerprint {found.spec.fingerprint}", style="dim"))
