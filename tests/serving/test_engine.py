"""The engine: answers of the recommender, filters inside, items that come and go."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bundles import untrained, write_priced_shop

import foretaste
from foretaste.core.errors import DataError, ForetasteError
from foretaste.recipes.train import train_run
from foretaste.serving.engine import Engine
from foretaste.serving.queries import Condition, Filters, Query
from texts_fakes import shop_items, write_shop

TEXT = ["text.encoder=tfidf", "text.tfidf.max_share=1"]
NEW = {"item_id": "k99", "title": "golden whisk for the kitchen", "brand": "kitchen makers 0"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs on one shop: one with text, one without."""
    folder = tmp_path_factory.mktemp("runs")
    write_shop(folder / "shop")
    train_run("textknn", folder / "shop", folder / "textknn", TEXT)
    train_run("itemknn", folder / "shop", folder / "itemknn", [])
    untrained(folder / "sasrec", "sasrec", folder / "shop")
    return folder


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """An untrained model of a shop with prices, stock and categories."""
    folder = tmp_path_factory.mktemp("priced")
    return Engine.open(untrained(folder / "run", "sasrec", write_priced_shop(folder / "shop")))


HISTORIES = [("k1", "k2", "k3"), ("g4",), ("m1", "k1", "g1", "nothing"), ()]


@pytest.mark.parametrize("name", ["textknn", "sasrec", "itemknn"])
def test_answers_are_those_of_the_recommender(runs: Path, name: str) -> None:
    engine, plain = Engine.open(runs / name), foretaste.load(runs / name)
    ours = engine.recommend([Query(history=history, k=7) for history in HISTORIES])
    theirs = plain.recommend(histories=HISTORIES, k=7)
    assert ours == theirs
    assert [one.notes for one in ours] == [one.notes for one in theirs]
    assert [one.fallback for one in ours] == [one.fallback for one in theirs]


@pytest.mark.parametrize("name", ["sasrec", "itemknn"])
def test_company_changes_no_answer(runs: Path, name: str) -> None:
    engine = Engine.open(runs / name)
    shown = Filters(exclude_seen=False)
    queries = [Query(history=history, k=k) for k, history in zip((1, 7, 3, 5), HISTORIES, strict=True)]
    queries += [Query(history=HISTORIES[0], k=4, filters=shown), Query(history=HISTORIES[1], k=12)]
    queries += [Query(history=HISTORIES[0], k=2, filters=Filters(allow=("g1", "g2", "k1")))]
    together, alone = engine.recommend(queries), [engine.recommend([query])[0] for query in queries]
    for ours, theirs in zip(together, alone, strict=True):
        assert [one.item_id for one in ours] == [one.item_id for one in theirs]
        np.testing.assert_allclose([one.score for one in ours], [one.score for one in theirs], atol=1e-5)
    assert [len(one) for one in together[:5]] == [1, 7, 3, 5, 4]


@pytest.mark.parametrize("name", ["textknn", "sasrec"])
def test_similar_is_that_of_the_recommender(runs: Path, name: str) -> None:
    ours, theirs = (one.similar("k4", 5) for one in (Engine.open(runs / name), foretaste.load(runs / name)))
    assert [one.item_id for one in ours] == [one.item_id for one in theirs]
    np.testing.assert_allclose([one.score for one in ours], [one.score for one in theirs], rtol=1e-5)


@pytest.mark.parametrize(
    ("filters", "fits"),
    [
        (Filters(brands=("kitchen makers 1",)), lambda item: item["brand"] == "kitchen makers 1"),
        (Filters(allow=("g1", "g2", "k1", "no")), lambda item: item["item_id"] in ("g1", "g2", "k1")),
        (Filters(deny=("g1", "g2")), lambda item: item["item_id"] not in ("g1", "g2")),
        (Filters(where=(Condition("item_id", equals="m3"),)), lambda item: item["item_id"] == "m3"),
        (Filters(allow=()), lambda item: False),
    ],
)
def test_filters_are_applied_before_the_best_are_taken(runs: Path, filters: Filters, fits: object) -> None:
    engine = Engine.open(runs / "sasrec")
    (whole,) = engine.recommend([Query(history=("k1", "k2"), k=1000)])
    (answer,) = engine.recommend([Query(history=("k1", "k2"), k=5, filters=filters)])
    goods = {item["item_id"]: item for item in shop_items()}
    expected = [one.item_id for one in whole if fits(goods[one.item_id])][:5]  # type: ignore[operator]
    assert [one.item_id for one in answer] == expected


@pytest.mark.parametrize(
    ("filters", "fits"),
    [
        (Filters(price_max=7.0), lambda item: item.get("price", 99) <= 7),
        (Filters(price_min=3.0, price_max=7.0), lambda item: 3 <= item.get("price", 99) <= 7),
        (Filters(in_stock=True), lambda item: item["in_stock"]),
        (Filters(in_stock=False), lambda item: not item["in_stock"]),
        (Filters(categories=("garden", "music")), lambda item: item["categories"][1] in ("garden", "music")),
        (Filters(categories=("nothing",)), lambda item: False),
        (Filters(where=(Condition("price", one_of=(3, 11.0, 2.5)),)), lambda item: item.get("price") in (3, 11)),
    ],
)
def test_filters_on_prices_stock_and_categories(priced: Engine, filters: Filters, fits: object) -> None:
    (whole,) = priced.recommend([Query(history=("k1",), k=1000)])
    (answer,) = priced.recommend([Query(history=("k1",), k=6, filters=filters)])
    expected = [one.item_id for one in whole if fits(priced.item(one.item_id))][:6]  # type: ignore[operator]
    assert [one.item_id for one in answer] == expected


def test_no_category_comes_more_often_than_allowed(priced: Engine) -> None:
    (whole,) = priced.recommend([Query(history=("k1",), k=1000)])
    (answer,) = priced.recommend([Query(history=("k1",), k=10, per_category=2)])
    kept, used = [], {}
    for one in whole:
        category = priced.item(one.item_id)["categories"][-1]
        used[category] = used.get(category, 0) + 1
        kept += [one.item_id] if used[category] <= 2 else []
    assert [one.item_id for one in answer] == kept[:10]
    assert len(answer) == 10


def test_diverse_lists_are_less_alike_and_no_diversity_changes_nothing(priced: Engine) -> None:
    def alike(answer: list[object]) -> float:
        unit = priced._shelf.made.unit[[priced.saved.items.index_of(one.item_id) for one in answer]]  # type: ignore
        return float((unit @ unit.T).mean())

    asked = [Query(history=("k1",), k=8, diversity=weight) for weight in (0.0, 0.5, 1.0)]
    plain, mixed, apart = priced.recommend(asked)
    assert plain[0].item_id == mixed[0].item_id
    assert alike(apart) < alike(mixed) < alike(plain)
    (both,) = priced.recommend([Query(history=("k1",), k=12, diversity=0.5, per_category=2)])
    counts = np.unique([priced.item(one.item_id)["categories"][-1] for one in both], return_counts=True)[1]
    assert len(both) == 12
    assert counts.max() == 2


def test_seen_items_may_stay(runs: Path) -> None:
    engine = Engine.open(runs / "textknn")
    (answer,) = engine.recommend([Query(history=("k1",), k=48, filters=Filters(exclude_seen=False))])
    assert len(answer) == 48
    assert answer[0].item_id == "k1"


@pytest.mark.parametrize(
    "filters",
    [
        Filters(price_max=3.0),
        Filters(in_stock=True),
        Filters(where=(Condition("colour", equals="red"),)),
        Filters(where=(Condition("brand", equals=3),)),
        Filters(where=(Condition("brand", minimum=3),)),
        Filters(where=(Condition("popularity", equals="many"),)),
    ],
)
def test_filters_that_do_not_fit_the_catalogue_are_refused(runs: Path, filters: Filters) -> None:
    with pytest.raises(ForetasteError):
        Engine.open(runs / "sasrec").recommend([Query(filters=filters)])


@pytest.mark.parametrize(
    "query",
    [
        Query(k=0),
        Query(diversity=1.5),
        Query(per_category=0),
        Query(per_category=2),
        Query(intent="a gift"),
        Query(history="k1"),  # type: ignore[arg-type]
    ],
)
def test_questions_that_cannot_be_answered_are_refused(runs: Path, query: Query) -> None:
    with pytest.raises(DataError):
        Engine.open(runs / "sasrec").recommend([query])


def test_a_new_item_is_recommended_found_and_removed_again(runs: Path) -> None:
    engine = Engine.open(runs / "textknn")
    asked = Query(history=("k4", "k5"), k=50)
    assert not engine.has_item("k99")
    engine.add_items([NEW])
    assert engine.has_item("k99")
    assert "k99" in [one.item_id for one in engine.recommend([asked])[0]][:16]
    assert engine.search("golden whi")[0].item_id == "k99"
    assert engine.item("k99")["title"] == NEW["title"]
    assert "k99" in [one.item_id for one in engine.similar("k5", 20)]
    assert engine.recommend([Query(history=("k99",))])[0].unknown == []
    with pytest.raises(DataError, match="known already"):
        engine.add_items([NEW])
    engine.remove_items(["k99"])
    assert not engine.has_item("k99")
    assert "k99" not in [one.item_id for one in engine.recommend([asked])[0]]
    assert engine.search("golden") == []
    with pytest.raises(DataError, match="unknown item 'k99'"):
        engine.item("k99")
    engine.add_items([{**NEW, "title": "copper bowl for the kitchen"}])
    assert engine.search("copper")[0].item_id == "k99"
    assert engine.search("golden") == []
    assert engine.info()["items"] == 49


def test_removing_a_stranger_changes_nothing(runs: Path) -> None:
    engine = Engine.open(runs / "sasrec")
    with pytest.raises(DataError):
        engine.remove_items(["k1", "nothing"])
    assert engine.has_item("k1")


@pytest.mark.parametrize(
    ("keys", "more"),
    [(["neighbour_weight=4", "neighbour_prior=2"], {"neighbours", "popularity"}),
     (["neighbour_prior=2"], {"popularity"}), ([], set())],
)  # fmt: skip
def test_what_stands_beside_a_network_is_part_of_the_reasons(tmp_path: Path, keys: list[str], more: set[str]) -> None:
    run = untrained(tmp_path / "run", "pad", write_priced_shop(tmp_path / "shop"), "tune_neighbours=false", *keys)
    (answer,) = Engine.open(run).recommend([Query(history=("k1", "k2"), k=3, reasons=True)])
    for one in answer:
        assert one.reasons is not None
        assert set(one.reasons.parts) == {"collaborative", "aligned", "semantic"} | more
        assert sum(one.reasons.parts.values()) == pytest.approx(one.score, rel=1e-4, abs=1e-4)


def test_reasons_name_the_history_the_parts_and_the_group(runs: Path) -> None:
    engine = Engine.open(runs / "sasrec")
    (answer,) = engine.recommend([Query(history=("k1", "k2"), k=3, reasons=True)])
    for one in answer:
        assert one.reasons is not None
        assert {raw for raw, _ in one.reasons.nearest} == {"k1", "k2"}
        assert one.reasons.parts == {"collaborative": pytest.approx(one.score, abs=1e-4)}
        assert one.reasons.group in ("head", "tail", "new")
        assert one.as_dict()["reasons"]["popularity"] == engine.item(one.item_id)["popularity"]
    (bare,) = engine.recommend([Query(history=("k1", "k2"), k=3)])
    assert [one.item_id for one in bare] == [one.item_id for one in answer]


def test_info_says_what_is_served(runs: Path) -> None:
    info = Engine.open(runs / "textknn", name="shop").info()
    assert (info["name"], info["recipe"], info["items"]) == ("shop", "textknn", 48)
    assert "ndcg@10" in info["metrics"]
    assert info["encoder"]["name"]
    assert info["version"] == Engine.open(runs / "textknn" / "model").info()["version"]
