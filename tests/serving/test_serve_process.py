"""The service as a process of its own: started from the command line, asked over the network, told to stop."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import foretaste
from fakes import write_tidy
from foretaste.recipes.train import train_run

httpx = pytest.importorskip("httpx")
pytest.importorskip("uvicorn")


def test_a_process_says_where_it_is_answers_like_the_library_and_stops(tmp_path: Path) -> None:
    train_run("itemknn", write_tidy(tmp_path / "shop", users=40), tmp_path / "knn", [])
    command = [sys.executable, "-m", "foretaste", "serve", str(tmp_path / "knn"), "--port", "0", "--json"]
    process = subprocess.Popen(
        [*command, "--events", str(tmp_path / "events.db")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert told["models"] == ["knn"]
        assert httpx.get(told["url"] + "/readyz", timeout=30).status_code == 200
        asked = {"history": ["i1", "i2"], "k": 5}
        answer = httpx.post(told["url"] + "/v1/recommend", json=asked, timeout=30).json()
        wanted = foretaste.load(tmp_path / "knn").recommend(histories=[["i1", "i2"]], k=5)[0]
        assert [(one["item_id"], one["score"]) for one in answer["items"]] == [(r.item_id, r.score) for r in wanted]
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert "listening on http://127.0.0.1:" in said
    assert "Traceback" not in said
