"""From folders and settings to a process that listens."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import uvicorn

from foretaste.core.errors import ConfigError
from foretaste.core.progress import say
from foretaste.serving.engine import Engine
from foretaste.serving.events.availability import EventsUnavailable
from foretaste.serving.events.database import shown
from foretaste.serving.events.store import EventStore
from foretaste.serving.http.app import create_app
from foretaste.serving.http.engines import opened
from foretaste.serving.http.keys import read_keys
from foretaste.serving.http.routes_page import PUBLIC, page_router
from foretaste.serving.http.settings import Settings
from foretaste.serving.http.shares import shares

GRACE = 20
"""Seconds that requests on the way have to finish when the service is told to stop."""


def serve(
    folders: Sequence[str],
    events: str,
    settings: Settings,
    keys_file: Path | None = None,
    *,
    ready: Callable[[dict[str, Any]], None] = lambda about: None,
) -> None:
    """Serves until it is told to stop.

    Args:
        folders: Runs, models or bundles, each ``FOLDER`` or ``NAME=FOLDER``.
        events: Path or URL of the events' database.
        settings: Limits and address.
        keys_file: API keys.
        ready: Told ``url``, ``models`` and ``events`` once connections are taken.

    Raises:
        ForetasteError: If a folder, the keys or the settings do not fit.
    """
    keys = read_keys(keys_file, os.environ)
    settings.check(has_keys=len(keys) > 0)
    named = names_of(folders)
    shares(settings.split, list(named))
    store = EventStore(events)
    try:
        store.prepare()
    except EventsUnavailable as error:
        say(f"warning: {error.what}; the service starts without it and looks again with each request")
    engines: dict[str, tuple[Engine, Path]] = {}
    for name, folder in named.items():
        engines[name] = (opened(folder, name), folder)
        say(f"loaded {name}: {engines[name][0]!r}")
    page = page_router(settings)
    app = create_app(engines, store, settings=settings, keys=keys, more=[page], public=PUBLIC)
    gc.collect()
    gc.freeze()  # the models live as long as the process: no collection need look at them
    who = (
        f"{len(keys)} API keys" if len(keys) else "no API keys: this machine only" if settings.local else "NO API KEYS"
    )
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE,
        h11_max_incomplete_event_size=64 << 10,
    )
    socket = config.bind_socket()
    socket.listen(config.backlog)  # whoever is told of the address may connect at once, and waits a moment
    url = f"http://{settings.host}:{socket.getsockname()[1]}"
    say(f"listening on {url} ({who}): open it in a browser; OpenAPI at /openapi.json; Ctrl-C stops")
    ready({"url": url, "models": list(engines), "events": shown(store.engine)})
    uvicorn.Server(config).run(sockets=[socket])
    store.close()


def names_of(folders: Sequence[str]) -> dict[str, Path]:
    """Folders by name, from ``FOLDER`` (its last part is the name) or ``NAME=FOLDER``.

    Raises:
        ConfigError: If two have the same name.
    """
    named: dict[str, Path] = {}
    for text in folders:
        name, sign, rest = text.partition("=")
        whole = not sign or "/" in name or Path(text).is_dir()
        folder = Path(text if whole else rest).expanduser()
        name = folder.resolve().name if whole else name
        if name in named or not name:
            raise ConfigError(f"two models are called {name!r}", where=text, mend="name them: NAME=FOLDER")
        named[name] = folder
    return named
