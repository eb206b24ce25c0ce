"""New items enter by their text: they are found, they stand in histories, and nothing else moves."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

import foretaste
from foretaste.core.errors import ArtefactError, ConfigError, DataError, ForetasteError
from foretaste.core.files import file_digest, read_json, write_json
from foretaste.recipes.cold_start import with_items
from foretaste.recipes.train import train_run
from foretaste.serving.recommender import Recommender
from texts_fakes import shop_items, write_shop

COLD = ("k3", "g4", "m7")
NEW = [item for item in shop_items() if item["item_id"] in COLD]
TEXT = ("text.encoder=tfidf", "text.tfidf.dim=12", "text.tfidf.max_share=1")
SMALL = (*TEXT, "dim=8", "inner=8", "heads=1", "max_len=6", "train.epochs=2")
KEYS: dict[str, tuple[str, ...]] = {
    "unisrec": SMALL,
    "llm2x": SMALL,
    "fdsa": SMALL,
    "rlmrec": SMALL,
    "llmesr": SMALL,
    "textknn": TEXT,
    "llmemb": (*SMALL, "scft.enabled=false", "spread=whiten"),
    "pad": SMALL,
}
GRAPHS: dict[str, tuple[str, ...]] = {
    "embknn": TEXT,
    "textvotes": TEXT,
    "kar": (*TEXT, "train.epochs=1"),
    "rlmrec-lightgcn": (*TEXT, "train.epochs=1"),
    "alpharec": (*TEXT, "train.epochs=1"),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run of each recipe, trained when it is asked for."""
    folder = tmp_path_factory.mktemp("cold")
    write_shop(folder / "shop", without=COLD)
    return folder


def trained(runs: Path, name: str, *more: str, run: str = "") -> Path:
    folder = runs / (run or name)
    if not folder.is_dir():
        train_run(name, runs / "shop", folder, [*(KEYS | GRAPHS).get(name, SMALL[len(TEXT) :]), *more])
    return folder


@pytest.mark.parametrize("name", KEYS)
def test_new_items_are_recommended_and_accepted_and_nothing_else_moves(runs: Path, name: str) -> None:
    shop = foretaste.load(trained(runs, name))
    history = ["k1", "k5", "k9"]
    (before,) = shop.recommend(histories=[history], k=100)
    assert shop.add_items(NEW) is shop
    (after,) = shop.recommend(histories=[history], k=100)
    assert {r.item_id for r in after} - {r.item_id for r in before} == set(COLD)
    scores = {r.item_id: r.score for r in after}
    np.testing.assert_allclose([scores[r.item_id] for r in before], [r.score for r in before], rtol=1e-4, atol=1e-6)
    assert {r.item_id: r.title for r in after}["k3"] == "black knife for the kitchen"
    (cold,) = shop.recommend(histories=[["k3"]], k=5)
    assert cold.unknown == []
    assert cold.fallback is None
    assert len(cold) == 5


@pytest.mark.parametrize(("name", "count"), [("unisrec", 1), ("textknn", 5)])
def test_a_new_item_is_near_its_kind(runs: Path, name: str, count: int) -> None:
    shop = foretaste.load(trained(runs, name)).add_items(NEW)
    for raw in COLD:
        assert [r.item_id[0] for r in shop.similar(raw, count)] == [raw[0]] * count


def test_the_same_text_gets_the_same_vector(runs: Path) -> None:
    shop = foretaste.load(trained(runs, "unisrec"))
    twin = {**next(item for item in shop_items() if item["item_id"] == "g1"), "item_id": "twin"}
    shop.add_items([twin])
    vectors = shop.saved.model.item_vectors()  # type: ignore[operator]
    torch.testing.assert_close(vectors[-1], vectors[shop.items.index_of("g1")], atol=1e-4, rtol=1e-3)


def test_free_vectors_are_borrowed_or_zero(runs: Path) -> None:
    saved = foretaste.load(trained(runs, "llm2x")).saved
    table = saved.model.state_dict()["items.weight"]
    zero = with_items(saved, NEW, id_rows="zero").model.state_dict()["items.weight"]
    assert not zero[-3:].any()
    one = with_items(saved, NEW, neighbours=1).model.state_dict()["items.weight"]
    assert all(((table - row).abs().amax(1) < 1e-6).any() for row in one[-3:])
    every = with_items(saved, NEW, neighbours=10_000).model.state_dict()["items.weight"]
    torch.testing.assert_close(every[-3:].norm(dim=1), table.norm(dim=1).mean().expand(3))
    assert torch.equal(saved.model.state_dict()["items.weight"], table)


def test_items_may_come_one_after_the_other(runs: Path) -> None:
    at_once = foretaste.load(trained(runs, "unisrec")).add_items(NEW)
    one_by_one = foretaste.load(trained(runs, "unisrec"))
    for item in NEW:
        one_by_one.add_items([item])
    (a,), (b,) = (shop.recommend(histories=[["k3", "k1"]], k=100) for shop in (at_once, one_by_one))
    assert [r.item_id for r in a] == [r.item_id for r in b]


def test_a_table_is_as_good_as_dicts_and_missing_attributes_are_none(runs: Path) -> None:
    shop = foretaste.load(trained(runs, "unisrec"))
    shop.add_items(pl.DataFrame({"item_id": ["x"], "title": ["black hose for the garden"]}))
    assert shop.saved.catalogue["brand"][-1] is None
    assert shop.saved.popularity[-1] == 0


WRONG: dict[str, tuple[list[dict[str, Any]], str, str]] = {
    "known": ([{"item_id": "k1", "title": "pan"}], "'k1' is known already", "leave it out"),
    "twice": ([{"item_id": "x", "title": "pan"}] * 2, "'x' stands twice", "once"),
    "no id": ([{"title": "pan"}], "no id", "item_id"),
    "attribute": ([{"item_id": "x", "tittle": "pan"}], "unknown attribute 'tittle'", "'title'"),
    "no text": ([{"item_id": "x"}], "'x'", "title"),
    "type": ([{"item_id": "x", "title": ["pan", "pot"]}], "'title' does not fit", "catalogue"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_taken_in_is_refused_and_nothing_changes(runs: Path, case: str) -> None:
    items, what, mend = WRONG[case]
    shop = foretaste.load(trained(runs, "textknn"))
    saved = shop.saved
    with pytest.raises(ForetasteError) as caught:
        shop.add_items([NEW[0], *items])
    assert what in caught.value.what
    assert mend in caught.value.mend
    assert shop.saved is saved
    assert len(shop.items) == saved.model.num_items


@pytest.mark.parametrize("arguments", [{"id_rows": "mean"}, {"neighbours": 0}])
def test_a_wrong_call_is_refused(runs: Path, arguments: dict[str, Any]) -> None:
    with pytest.raises((ConfigError, DataError)):
        foretaste.load(trained(runs, "textknn")).add_items(NEW, **arguments)


def test_recipes_without_texts_say_which_recipes_have_them(runs: Path) -> None:
    shop = foretaste.load(trained(runs, "sasrec"))
    with pytest.raises(ArtefactError, match="only by their ids") as caught:
        shop.add_items(NEW)
    assert "unisrec" in caught.value.allowed


@pytest.mark.parametrize("name", ["llm2x", "textknn"])
def test_a_run_that_was_moved_still_reads(runs: Path, tmp_path: Path, name: str) -> None:
    before = foretaste.load(trained(runs, name)).add_items(NEW)
    shutil.copytree(runs / name, tmp_path / "elsewhere" / name)
    after = foretaste.load(tmp_path / "elsewhere" / name).add_items(NEW)
    answers = [shop.recommend(histories=[["k3", "k1"]], k=100)[0] for shop in (before, after)]
    assert answers[0] == answers[1]


def test_without_its_store_a_model_of_free_vectors_reads_the_catalogue_again(runs: Path, tmp_path: Path) -> None:
    before = foretaste.load(trained(runs, "llm2x")).add_items(NEW)
    shutil.copytree(runs / "llm2x" / "model", tmp_path / "model")
    after = foretaste.load(tmp_path / "model").add_items(NEW)
    assert before.recommend(histories=[["k3"]], k=9) == after.recommend(histories=[["k3"]], k=9)


def copied(runs: Path, name: str, into: Path) -> Path:
    shutil.copytree(trained(runs, name), into)
    return into / "model" / "text"


def loaded_unchecked(run: Path) -> Recommender:
    """Loads a model whose files were changed on purpose."""
    model = run / "model"
    manifest = read_json(model / "manifest.json")
    manifest["files"] = {name: file_digest(model / name) for name in manifest["files"]}
    write_json(model / "manifest.json", manifest)
    return foretaste.load(run)


def test_another_encoder_is_refused(runs: Path, tmp_path: Path) -> None:
    text = copied(runs, "textknn", tmp_path / "run")
    other = trained(runs, "textknn", "text.tfidf.min_count=3", run="other")
    shutil.rmtree(text / "encoder")
    shutil.copytree(other / "model/text/encoder", text / "encoder")
    with pytest.raises(ForetasteError, match=r"not the one|other keys"):
        loaded_unchecked(tmp_path / "run").add_items(NEW)


def test_another_prompt_is_noticed_by_reading_known_items_again(runs: Path, tmp_path: Path) -> None:
    text = copied(runs, "unisrec", tmp_path / "run")
    prompt = text / "prompt.toml"
    prompt.write_text(_only_brand(prompt.read_text()))
    with pytest.raises(ArtefactError, match="read again"):
        loaded_unchecked(tmp_path / "run").add_items(NEW)


def _only_brand(text: str) -> str:
    head, *fields = text.split("[[fields]]")
    return head + "".join(f"[[fields]]{field}" for field in fields if '"brand"' in field)


def test_companions_are_under_the_models_checksums(runs: Path, tmp_path: Path) -> None:
    text = copied(runs, "textknn", tmp_path / "run")
    (text / "text.json").write_text((text / "text.json").read_text() + " ")
    with pytest.raises(ArtefactError, match=r"text\.json is damaged"):
        foretaste.load(tmp_path / "run")


def tensors(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


@pytest.mark.parametrize("name", [*KEYS, *GRAPHS])
def test_rows_that_are_appended_are_those_of_a_whole_fold_and_the_old_model_stays(runs: Path, name: str) -> None:
    saved = foretaste.load(trained(runs, name)).saved
    before, old = tensors(saved.model), saved.model.item_vectors().clone()  # type: ignore[operator]
    grown = with_items(with_items(saved, NEW[:1]), NEW[1:])
    assert grown.model.item_vectors().shape[0] == len(old) + 3  # type: ignore[operator]
    appended = grown.model.item_vectors().clone()  # type: ignore[operator]
    forget(grown.model)
    torch.testing.assert_close(grown.model.item_vectors(), appended, atol=1e-5, rtol=1e-4)  # type: ignore[operator]
    after = tensors(saved.model)
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert torch.equal(saved.model.item_vectors(), old)  # type: ignore[operator]


def forget(model: torch.nn.Module) -> None:
    """Drops everything that was folded, and folds it again."""
    for module in model.modules():
        for held in ("_table", "_scoring"):
            if hasattr(module, held):
                setattr(module, held, None)
    model.prepare()  # type: ignore[operator]
