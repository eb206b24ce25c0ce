"""``foretaste key``: an API key for the service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foretaste.cli.output import JsonFlag, emit

Name = Annotated[str, typer.Option(help="Who gets it.", show_default=False)]
Role = Annotated[str, typer.Option(help="read, write or admin; each may do what those before it may.")]
File = Annotated[Path, typer.Option(help="The service's file of keys; a line is added.", show_default=False)]


def key(name: Name, file: File, role: Role = "read", json: JsonFlag = False) -> None:
    """Make an API key: it is printed once, and only its digest is kept.

    Examples:

        foretaste key --name shop --role write --file keys.txt

        foretaste serve runs/sasrec --host 0.0.0.0 --keys keys.txt
    """
    from foretaste.core.progress import say
    from foretaste.serving.http.keys import add_key

    token = add_key(file.expanduser(), name, role)
    say(f"added to {file}; this is the only time the key is shown")
    emit({"name": name, "role": role, "key": token}, json, lambda: print(token))
