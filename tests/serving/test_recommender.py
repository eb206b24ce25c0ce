"""Recommendations from a saved folder: what comes back, what is skipped, and what is said of it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import foretaste
from fakes import FakeConfig, FakeModel
from foretaste.core.errors import ArtefactError, DataError, ForetasteError
from foretaste.data.dataset import Dataset
from foretaste.data.split import leave_one_out
from foretaste.recipes.saved import load_model
from foretaste.recipes.saving import save_model
from foretaste.serving import recommender as module
from foretaste.serving.mixing import top
from foretaste.serving.recommender import Recommender

pytestmark = pytest.mark.usefixtures("fake_recipe")


@pytest.fixture
def folder(tmp_path: Path, tidy: Path) -> Path:
    dataset = Dataset.load(tidy)
    torch.manual_seed(0)
    model = FakeModel(dataset.num_items, 4)
    save_model(tmp_path / "run" / "model", "fake", FakeConfig(), model, dataset, leave_one_out(dataset.sequences))
    return tmp_path / "run"


@pytest.fixture
def shop(folder: Path) -> Recommender:
    return foretaste.load(folder)


def naive(
    shop: Recommender, history: list[str], k: int, *, seen: bool = True, among: list[str] | None = None
) -> list[str]:
    """Scores by hand, sorts by hand."""
    table = shop.saved.model.state_dict()["table"].numpy()
    ids = [list(shop.items).index(raw) for raw in history]
    user = table[ids].mean(0)
    pool = [raw for raw in (among or list(shop.items)) if not (seen and raw in history)]
    return sorted(pool, key=lambda raw: -float(table[list(shop.items).index(raw)] @ user))[:k]


def test_the_answer_is_the_naive_one(shop: Recommender) -> None:
    histories = [["i1", "i2"], ["i3"], ["i17", "i1", "i9"]]
    for history, answer in zip(histories, shop.recommend(histories=histories, k=5), strict=True):
        assert [r.item_id for r in answer] == naive(shop, history, 5)
        assert [r.score for r in answer] == sorted((r.score for r in answer), reverse=True)
        assert answer.notes == []
        assert all(r.title == f"Item number {r.item_id[1:]}" or r.item_id == "i0" == r.title for r in answer)


def test_run_and_model_folders_answer_alike(folder: Path) -> None:
    one, two = (foretaste.load(path).recommend(histories=[["i1"]], k=3) for path in (folder, str(folder / "model")))
    assert one == two


def test_seen_items_may_stay(shop: Recommender) -> None:
    (answer,) = shop.recommend(histories=[["i1", "i2"]], k=18, exclude_seen=False)
    assert [r.item_id for r in answer] == naive(shop, ["i1", "i2"], 18, seen=False)


def test_unknown_ids_are_reported_and_skipped(shop: Recommender) -> None:
    (answer,) = shop.recommend(histories=[["nothing", "i1", "i2"]], k=5)
    assert answer.unknown == ["nothing"]
    assert answer.fallback is None
    assert [r.item_id for r in answer] == naive(shop, ["i1", "i2"], 5)
    assert "nothing" in answer.notes[0]


def test_unknown_ids_raise_when_asked_to(shop: Recommender) -> None:
    with pytest.raises(ForetasteError) as caught:
        shop.recommend(histories=[["i1", "j17"]], on_unknown="error")
    assert "i17" in caught.value.mend
    with pytest.raises(ForetasteError, match="j1"):
        shop.recommend(histories=[["i1"]], candidates=["j1"], on_unknown="error")


@pytest.mark.parametrize("history", [[], ["nothing", "nobody"]])
def test_nothing_to_go_by_falls_back_to_popularity_and_says_so(shop: Recommender, history: list[str]) -> None:
    (answer,) = shop.recommend(histories=[history], k=4)
    assert answer.fallback == "popularity"
    assert any("most popular" in note for note in answer.notes)
    counts = shop.saved.popularity
    order = sorted(range(len(counts)), key=lambda i: (-counts[i], i))[:4]
    assert [r.item_id for r in answer] == [shop.items[i] for i in order]


def test_a_fallback_touches_only_its_own_row(shop: Recommender) -> None:
    among_others = shop.recommend(histories=[[], ["i1"], ["x"]], k=5)[1]
    assert [r.item_id for r in among_others] == naive(shop, ["i1"], 5)
    assert among_others.fallback is None


def test_candidates_restrict_and_strangers_among_them_are_reported(shop: Recommender) -> None:
    (answer,) = shop.recommend(histories=[["i1"]], k=5, candidates=["i5", "nope", "i1", "i7", "i5"])
    assert [r.item_id for r in answer] == naive(shop, ["i1"], 5, among=["i5", "i7"])
    assert answer.unknown_candidates == ["nope"]
    assert any("2 items instead of 5" in note for note in answer.notes)


def test_no_candidates_at_all_give_an_empty_list(shop: Recommender) -> None:
    (answer,) = shop.recommend(histories=[["i1"]], k=5, candidates=[])
    assert answer == []


def test_more_than_the_catalogue_is_never_filled_up(shop: Recommender) -> None:
    (answer,) = shop.recommend(histories=[["i1", "i2"]], k=1000)
    assert len(answer) == 16
    assert len({r.item_id for r in answer}) == 16
    assert any("instead of 1000" in note for note in answer.notes)


def test_scores_that_are_no_numbers_are_never_recommended(shop: Recommender) -> None:
    with torch.no_grad():
        shop.saved.model.state_dict()["table"][[3, 4], :] = torch.tensor([math.nan, math.inf])[:, None]
    (answer,) = shop.recommend(histories=[["i1"]], k=50)
    assert {"i3", "i4"}.isdisjoint(r.item_id for r in answer)
    assert len(answer) == 15


def test_blocks_do_not_change_the_answer(shop: Recommender, monkeypatch: pytest.MonkeyPatch) -> None:
    histories = [[f"i{i % 18}", f"i{(i * 7) % 18}"] for i in range(50)] + [[]]
    whole = shop.recommend(histories=histories, k=7)
    monkeypatch.setattr(module, "BLOCK_SCORES", 18 * 3)
    parts = shop.recommend(histories=histories, k=7)
    assert [[r.item_id for r in a] for a in parts] == [[r.item_id for r in a] for a in whole]


def test_users_are_reported_by_models_that_go_by_histories(shop: Recommender) -> None:
    (answer,) = shop.recommend(histories=[["i1"]], users=["u3"], k=2)
    assert "goes by histories" in answer.notes[0]
    assert [r.item_id for r in answer] == naive(shop, ["i1"], 2)


def test_models_that_know_users_are_told_who_asks(tmp_path: Path, tidy: Path) -> None:
    dataset = Dataset.load(tidy)
    model = FakeModel(dataset.num_items, 4)
    model.knows_users = True  # type: ignore[assignment]
    save_model(tmp_path / "m", "fake", FakeConfig(), model, dataset, leave_one_out(dataset.sequences))
    shop = foretaste.load(tmp_path / "m")
    seen: list[list[int]] = []

    def score(histories: object, users: np.ndarray | None = None) -> torch.Tensor:
        seen.append([] if users is None else users.tolist())
        return torch.arange(dataset.num_items).expand(2, -1)

    shop.saved.model.score = score  # type: ignore[assignment]
    known, stranger = shop.recommend(users=["u1", "who"], k=3)
    assert seen == [[dataset.users.index_of("u1"), -1]]
    assert known.fallback is None
    assert known[0].item_id == dataset.items[dataset.num_items - 1]
    assert stranger.fallback == "popularity"
    assert "'who' is unknown" in stranger.notes[0]
    with pytest.raises(DataError, match="unknown user 'u99'"):
        shop.recommend(users=["u99"], on_unknown="error")


def test_similar_items_by_cosine(shop: Recommender) -> None:
    table = shop.saved.model.state_dict()["table"].numpy()
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    order = [i for i in np.argsort(-(unit @ unit[4])) if i != 4][:3]
    answer = shop.similar("i4", 3)
    assert [r.item_id for r in answer] == [f"i{i}" for i in order]
    assert answer.fallback is None
    with pytest.raises(DataError, match="unknown item 'i444'"):
        shop.similar("i444")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "neither"),
        ({"histories": ["i1", "i2"]}, "list of item ids"),
        ({"histories": [["i1"]], "users": ["a", "b"]}, "1 histories"),
        ({"histories": [["i1"]], "k": 0}, "k=0"),
        ({"histories": [["i1"]], "k": "3"}, "k='3'"),
        ({"histories": [["i1"]], "on_unknown": "repotr"}, "repotr"),
        ({"histories": [["i1"]], "candidates": "i1,i2"}, "one text"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(shop: Recommender, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ForetasteError, match=message):
        shop.recommend(**arguments)  # type: ignore[arg-type]


def test_a_misspelt_folder_gets_the_nearest(folder: Path) -> None:
    with pytest.raises(ArtefactError) as caught:
        foretaste.load(folder.parent / "rnu")
    assert str(folder) in caught.value.mend


def test_an_unfinished_run_says_how_to_go_on(folder: Path) -> None:
    (folder / "run.json").write_text("{}")
    (folder / "model").rename(folder / "elsewhere")
    with pytest.raises(ArtefactError, match="not finished"):
        foretaste.load(folder)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([0.0, 1.0, 2.0, math.nan, -math.inf, math.inf]), min_size=1, max_size=12),
    st.integers(1, 14),
    st.randoms(use_true_random=False),
)
def test_top_is_a_stable_sort_of_the_finite(values: list[float], k: int, random: object) -> None:
    pool = np.flatnonzero(np.arange(len(values)) % 3 != 1)
    naive_order = sorted((i for i in pool if math.isfinite(values[i])), key=lambda i: (-values[i], i))[:k]
    assert top(np.array(values), pool, k).tolist() == naive_order


def test_a_saved_model_is_all_that_is_needed(folder: Path, tidy: Path) -> None:
    for file in tidy.iterdir():
        if file.is_file():
            file.unlink()
    assert len(Recommender(load_model(folder / "model")).recommend(histories=[["i1"]], k=3)[0]) == 3
