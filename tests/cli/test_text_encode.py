"""``foretaste text encode`` fills a store that runs then share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from foretaste.cli.main import run
from foretaste.core.files import file_digest
from foretaste.recipes import encoding
from foretaste.recipes.train import train_run
from texts_fakes import WordEncoder, write_shop

KEYS = ["encoder=tfidf", "tfidf.dim=8", "tfidf.max_share=1"]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write_shop(tmp_path / "shop")


def encode(capsys: pytest.CaptureFixture[str], shop: Path, *more: str) -> dict[str, Any]:
    code = run(["text", "encode", "--data", str(shop), "--out", str(shop.parent / "store"), *KEYS, *more, "--json"])
    return {"code": code, **json.loads(capsys.readouterr().out)}


def test_a_second_call_finds_everything_and_a_run_does_too(capsys: pytest.CaptureFixture[str], shop: Path) -> None:
    first = encode(capsys, shop)
    assert (first["code"], first["kind"], first["rows"], first["encoded"], first["dim"]) == (0, "items", 48, 48, 8)
    second = encode(capsys, shop)
    assert (second["encoded"], second["store"]) == (0, first["store"])
    before = {path: file_digest(path) for path in Path(first["store"]).rglob("*.safetensors")}
    text = [f"text.{key}" for key in KEYS] + [f"text.store={shop.parent / 'store'}"]
    train_run("textknn", shop, shop.parent / "run", text)
    assert {path: file_digest(path) for path in (shop.parent / "store").rglob("*.safetensors")} == before


def test_users_have_a_store_of_their_own(capsys: pytest.CaptureFixture[str], shop: Path) -> None:
    items, users = encode(capsys, shop), encode(capsys, shop, "--users")
    assert users["kind"] == "users"
    assert users["rows"] == 48
    assert users["store"] != items["store"]


def test_a_changed_title_is_refused_or_encoded_again(
    capsys: pytest.CaptureFixture[str], shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "open_encoder", lambda *_, **__: WordEncoder())
    encode(capsys, shop)
    items = pl.read_parquet(shop / "items.parquet")
    title = pl.when(pl.col("item_id") == "g3").then(pl.lit("silver pot for the garden")).otherwise("title")
    items.with_columns(title.alias("title")).write_parquet(shop / "items.parquet")
    refused = encode(capsys, shop)
    assert refused["code"] == 2
    assert "'g3'" in refused["error"]
    assert "changed=encode" in refused["mend"]
    assert encode(capsys, shop, "--changed", "encode")["encoded"] == 1


@pytest.mark.parametrize(
    ("more", "what"), [("store=x", "keys of a run"), ("encdoer=x", "'encdoer'"), ("encoder=v.npy", "already")]
)
def test_wrong_calls_are_refused(capsys: pytest.CaptureFixture[str], shop: Path, more: str, what: str) -> None:
    answer = encode(capsys, shop, more)
    assert answer["code"] == 2
    assert what in answer["error"]
