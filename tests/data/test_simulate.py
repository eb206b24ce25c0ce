"""The market as a whole: the same for the same config, and free of contradictions."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from foretaste.core.errors import ConfigError
from foretaste.data.dataset import Dataset
from foretaste.data.simulate import Market, MarketConfig, market, simulate, write_market

SMALL = MarketConfig(users=150, items=200)


@pytest.fixture(scope="module")
def shop() -> Market:
    return simulate(MarketConfig(users=600, items=500, seed=3))


def test_same_config_gives_the_same_files(tmp_path: Path) -> None:
    first, second = (write_market(simulate(SMALL), tmp_path / name) for name in ("a", "b"))
    assert first == second
    for file in sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file()):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file


def test_another_seed_gives_another_market() -> None:
    one, two = simulate(SMALL), simulate(replace(SMALL, seed=1))
    assert one.items["title"].to_list() != two.items["title"].to_list()
    assert one.interactions.height != two.interactions.height


def test_traces_do_not_change_who_buys_what() -> None:
    purchases = ["user_id", "item_id", "timestamp", "session_id", "rating"]
    full = simulate(SMALL)
    bare = simulate(replace(SMALL, review_share=0.0, query_share=0.0, impression_share=0.0))
    assert full.interactions.select(purchases).equals(bare.interactions.select(purchases))
    assert bare.queries.is_empty()
    assert bare.impressions.is_empty()
    assert bare.interactions["review_text"].null_count() == bare.interactions.height
    assert full.queries.height > 0


def test_users_of_several_blocks_keep_their_own_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(market, "BLOCK", 40)
    made = simulate(SMALL)
    check_no_contradictions(made)
    lengths = made.interactions.group_by("user_id", maintain_order=True).len()
    monkeypatch.setattr(market, "BLOCK", 8192)
    whole = simulate(SMALL).interactions.group_by("user_id", maintain_order=True).len()
    assert lengths.equals(whole)  # lengths are drawn before the users are cut into blocks


def test_market_is_free_of_contradictions(shop: Market) -> None:
    check_no_contradictions(shop)


def check_no_contradictions(shop: Market) -> None:
    births = dict(zip(shop.items["item_id"], shop.items["listed_at"], strict=True))
    assert shop.items["item_id"].is_unique().all()
    assert set(shop.users["user_id"]) == set(shop.interactions["user_id"])
    for table in (shop.interactions, shop.impressions, shop.queries):
        assert set(table["item_id"]) <= births.keys()
        born = table["item_id"].replace_strict(births, return_dtype=pl.Int64)
        assert (table["timestamp"] >= born).all()
    by_user = shop.interactions.group_by("user_id", maintain_order=True)
    gaps = by_user.agg(pl.col("timestamp").diff().drop_nulls().min().alias("gap"))["gap"]
    assert gaps.min() > 0
    assert shop.interactions.group_by("session_id").agg(pl.col("user_id").n_unique())["user_id"].max() == 1
    assert (np.diff(shop.interactions["session_id"].to_numpy()) >= 0).all()
    joined = shop.users.join(by_user.agg(pl.col("timestamp").min()), on="user_id")
    assert (joined["joined"] <= joined["timestamp"]).all()


def test_cold_items_are_listed_and_never_shown(shop: Market) -> None:
    cold = shop.latents.filter(pl.col("attention") == 0)["item_id"]
    assert len(cold) == round(shop.config.cold_share * shop.config.items)
    met = set(shop.interactions["item_id"]) | set(shop.impressions["item_id"])
    assert not met & set(cold)
    assert set(cold) <= set(shop.items["item_id"])
    rare = shop.interactions["item_id"].value_counts().filter(pl.col("count") < 5)
    assert rare.height > 10


def test_new_items_appear_while_the_market_runs(shop: Market) -> None:
    late = shop.items.filter(pl.col("listed_at") > shop.config.start)
    share = late.height / shop.config.items
    assert abs(share - shop.config.new_share) < 0.1
    assert set(late["item_id"]) & set(shop.interactions["item_id"])


def test_queries_lead_to_the_purchase_of_their_item(shop: Market) -> None:
    found = shop.queries.join(shop.interactions, on=["user_id", "session_id", "item_id"], suffix="_bought")
    ahead = found.filter((pl.col("timestamp_bought") - pl.col("timestamp")).is_between(1, 60))
    assert ahead.height == shop.queries.height
    assert shop.queries["query"].null_count() == 0


def test_slates_hold_each_item_once_in_places_from_one(shop: Market) -> None:
    slates = shop.impressions.group_by("slate_id").agg(
        pl.len(),
        pl.col("item_id").n_unique().alias("items"),
        pl.col("position").n_unique().alias("places"),
        pl.col("position").max().alias("last"),
        pl.col("position").min().alias("first"),
        pl.col("bought").sum(),
    )
    assert (slates["items"] == slates["len"]).all()
    assert (slates["places"] == slates["len"]).all()
    assert (slates["last"] == slates["len"]).all()
    assert (slates["first"] == 1).all()
    assert slates["bought"].max() == 1
    assert slates["len"].max() <= shop.config.slate


def test_what_was_bought_from_a_slate_was_clicked_and_is_in_the_log(shop: Market) -> None:
    bought = shop.impressions.filter(pl.col("bought") == 1)
    assert (bought["label"] == 1).all()
    found = bought.join(shop.interactions, on=["user_id", "item_id", "session_id"], suffix="_bought")
    assert found.filter((pl.col("timestamp_bought") - pl.col("timestamp")) == 20).height == bought.height
    share = bought.height / shop.interactions.height
    assert 0.2 < share < shop.config.impression_share + 0.03


def test_most_impressions_are_not_clicked_and_first_places_are_clicked_more(shop: Market) -> None:
    shown = shop.impressions
    assert 0.08 < shown["label"].mean() < 0.4  # type: ignore[operator]
    early = shown.filter(pl.col("position") <= 2)["label"].mean()
    late = shown.filter(pl.col("position") >= 6)["label"].mean()
    assert early > 1.2 * late  # type: ignore[operator]


def test_written_market_is_a_data_set(shop: Market, tmp_path: Path) -> None:
    manifest = write_market(shop, tmp_path / "shop")
    data = Dataset.load(tmp_path / "shop")
    assert data.real_times
    assert (data.num_users, data.num_items, data.sequences.total) == (600, 500, shop.interactions.height)
    assert data.catalogue["title"].to_list() == shop.items["title"].to_list()
    assert manifest["origin"]["config"]["seed"] == 3
    assert pl.read_parquet(tmp_path / "shop" / "queries.parquet").equals(shop.queries)
    assert pl.read_parquet(tmp_path / "shop" / "impressions.parquet").equals(shop.impressions)
    assert not (tmp_path / "shop" / "latents.parquet").exists()


@pytest.mark.parametrize("items", [20, 40, 90])
def test_small_catalogues_use_fewer_departments(items: int) -> None:
    made = simulate(MarketConfig(users=5, items=items))
    check_no_contradictions(made)
    assert made.latents["domain"].n_unique() <= max(1, items // 40)


@pytest.mark.parametrize(
    "wrong",
    [
        {"users": 0},
        {"items": 3},
        {"interactions_per_user": 2.0},
        {"follow": 0.8, "resume": 0.5},
        {"review_share": 1.5},
        {"stay": 1.0},
        {"seed": -1},
    ],
)
def test_impossible_markets_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="a market cannot have"):
        MarketConfig(**wrong)  # type: ignore[arg-type]


def test_verb_writes_a_market_and_suggests_the_nearest_key(tmp_path: Path) -> None:
    import typer

    from foretaste.cli.data_simulate import data_simulate

    app = typer.Typer()
    app.command()(data_simulate)
    options = ["--out", str(tmp_path / "shop"), "--users", "20", "--items", "50", "--seed", "5", "drift=0", "--json"]
    result = CliRunner().invoke(app, options)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["stats"]["users"] == 20
    assert told["origin"]["config"]["drift"] == 0
    direct = simulate(MarketConfig(users=20, items=50, seed=5, drift=0.0))
    assert Dataset.load(tmp_path / "shop").interactions(["item_id"]).equals(direct.interactions.select("item_id"))
    wrong = CliRunner().invoke(app, ["--out", str(tmp_path / "x"), "drfit=0"])
    assert "did you mean 'drift'?" in str(wrong.exception)
    assert not (tmp_path / "x").exists()
