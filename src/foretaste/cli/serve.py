"""``foretaste serve``: trained folders as a service."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from foretaste.cli.output import JsonFlag, emit


def _option(text: str) -> typer.models.OptionInfo:
    found: typer.models.OptionInfo = typer.Option(help=text, show_default=True)
    return found


Folders = Annotated[list[str], typer.Argument(metavar="FOLDER...", help="Runs or bundles, each FOLDER or NAME=FOLDER.")]
Host = Annotated[str, _option("Address to listen on; elsewhere than on this machine it needs --keys.")]
Port = Annotated[int, _option("Port; 0 lets the system choose.")]
Events = Annotated[str, _option("The events' database: an SQLite file, or postgresql://user@host/name.")]
KeysFile = Annotated[Path | None, typer.Option("--keys", help="File of API keys; `foretaste key` adds to it.")]
Insecure = Annotated[bool, typer.Option("--insecure", help="Listen elsewhere without API keys.")]
Split = Annotated[str, _option("Traffic of each model, as sasrec=90,llmemb=10; default: all to the first.")]
Origins = Annotated[list[str] | None, typer.Option("--origin", help="A web page's origin that may ask; repeatable.")]
Images = Annotated[list[str] | None, typer.Option("--images", help="An origin of images for the page; repeatable.")]
Rate = Annotated[float | None, _option("Requests a second for each client; 0: no limit.")]
Concurrency = Annotated[int, _option("Requests worked on at once; more get 503.")]
MaxBody = Annotated[int, _option("Largest body in bytes.")]
MaxBatch = Annotated[int, _option("Questions of one forward.")]
BatchMs = Annotated[float, _option("Milliseconds that a question waits for company.")]
History = Annotated[int, _option("Events of a user that a recommendation looks at.")]
Retain = Annotated[float | None, typer.Option("--retain-days", help="Days after which events are deleted.", min=0)]


def serve(
    folders: Folders,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    events: Events = "events.db",
    keys: KeysFile = None,
    insecure: Insecure = False,
    split: Split = "",
    origins: Origins = None,
    images: Images = None,
    rate: Rate = None,
    concurrency: Concurrency = 1024,
    max_body: MaxBody = 1 << 20,
    max_batch: MaxBatch = 256,
    batch_ms: BatchMs = 1.0,
    history: History = 200,
    retain_days: Retain = None,
    json: JsonFlag = False,
) -> None:
    """Serve runs or bundles over HTTP, with a page at /: recommendations, events, items, search.

    Examples:

        foretaste serve runs/sasrec

        foretaste serve sasrec=runs/a llmemb=runs/b --split sasrec=90,llmemb=10

        foretaste serve runs/sasrec --host 0.0.0.0 --keys keys.txt --events postgresql://foretaste@db/events
    """
    from foretaste.core.config import from_dict
    from foretaste.serving.http.server import serve as run
    from foretaste.serving.http.settings import Settings

    values = {
        "host": host,
        "port": port,
        "insecure": insecure,
        "split": split,
        "origins": tuple(origins or ()),
        "images": tuple(images or ()),
        "rate": rate,
        "concurrency": concurrency,
        "max_body": max_body,
        "max_batch": max_batch,
        "batch_ms": batch_ms,
        "history": history,
        "retain_days": retain_days,
    }
    settings = from_dict(Settings, values, where="the options of serve")
    run(folders, events, settings, keys, ready=lambda about: _tell(about, json))


def _tell(about: dict[str, Any], json: bool) -> None:
    """Says at once where the service is, for whoever started it and reads its output."""
    emit(about, json, lambda: None)
    sys.stdout.flush()
