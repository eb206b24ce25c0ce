"""Folders, engines and clients for tests of the service."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from starlette.testclient import TestClient

from fakes import FakeConfig, FakeModel
from foretaste.data.dataset import Dataset
from foretaste.data.split import leave_one_out
from foretaste.recipes.saving import save_model
from foretaste.serving.engine import Engine
from foretaste.serving.events.store import EventStore
from foretaste.serving.http.app import create_app
from foretaste.serving.http.keys import Keys
from foretaste.serving.http.service import Service
from foretaste.serving.http.settings import Settings


def write_model(folder: Path, tidy: Path, seed: int = 0) -> Path:
    """The folder of a run with a random model; another seed makes another version."""
    dataset = Dataset.load(tidy)
    torch.manual_seed(seed)
    split = leave_one_out(dataset.sequences)
    save_model(folder / "model", "fake", FakeConfig(), FakeModel(dataset.num_items, 4), dataset, split)
    return folder


def client_of(
    folders: Sequence[Path], events: Path, keys: Keys | None = None, raise_errors: bool = True, **settings: Any
) -> TestClient:
    """A client of a service over these folders; use it in a ``with``."""
    engines = {folder.name: (Engine.open(folder, name=folder.name), folder) for folder in folders}
    app = create_app(engines, EventStore(str(events)), settings=Settings(**settings), keys=keys)
    return TestClient(app, raise_server_exceptions=raise_errors)


def service_behind(client: TestClient) -> Service:
    """The service that a client asks, past the gate and the short way."""
    found: Service = client.app.app.app.state.service  # type: ignore[attr-defined]
    return found
