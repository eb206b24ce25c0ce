"""PAD from raw data to a saved model that answers alone, through every phase and every switch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import foretaste
from foretaste.core.config import configure
from foretaste.core.errors import ConfigError
from foretaste.core.files import read_json
from foretaste.data.frequency import frequency_bins
from foretaste.evaluation.runs import read_run
from foretaste.recipes import pad
from foretaste.recipes.pad_config import PADRecipeConfig
from foretaste.recipes.presets import presets_of
from foretaste.recipes.saved import load_model
from foretaste.recipes.splitting import make_split, open_dataset
from foretaste.recipes.train import train_run
from foretaste.training.checkpoint import _read

SMALL = [
    "dim=8", "inner=8", "hidden=8", "layers=1", "max_len=6", "train.epochs=2", "train.batch_tokens=64", "bins=3",
    "spread_dims=6", "text.encoder=tfidf", "text.tfidf.dim=8", "text.tfidf.min_count=1", "text.tfidf.max_share=1",
]  # fmt: skip
ALL = ["align", "embed", "experts", "id", "neighbours", "study", "text"]


def _train(tidy: Path, out: Path, *overrides: str) -> Any:
    return train_run("pad", tidy, out, [*SMALL, *overrides])


def _stages(run: Path) -> list[str]:
    return sorted(folder.name for folder in (run / "stages").iterdir())


def _weights(run: Path, stage: str) -> dict[str, torch.Tensor]:
    return _read(run / "stages" / stage / "weights.safetensors")[0]


@pytest.mark.parametrize("keys", [[], ["backbone=gru4rec"], ["backbone=caser", "text_backbone=sasrec"],
                                  ["aligned_backbone=gru4rec", "tune_neighbours=false"]])  # fmt: skip
def test_from_raw_data_to_answers(tidy: Path, tmp_path: Path, keys: list[str]) -> None:
    run = tmp_path / "run"
    _train(tidy, run, *keys)
    assert _stages(run) == [stage for stage in ALL if stage != "neighbours" or "tune_neighbours=false" not in keys]
    first, second = foretaste.load(run).recommend(histories=[["i3", "i4", "i5"], ["i9"]], k=4)
    assert len(first) == len(second) == 4
    saved = load_model(run / "model")
    assert saved.model.network.item_vectors().shape == (18, 24)  # type: ignore[union-attr, operator]
    split = make_split(data := open_dataset(tidy), "leave-one-out")
    bins = frequency_bins(split.train.counts(data.num_items), 3)
    assert saved.model.state_dict()["network.gate.bins"].tolist() == bins.tolist()


def test_the_first_expert_is_bit_identical_before_and_after_the_alignment(
    tidy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Table and encoder of phase 1, in memory and on disk, while a copy of them is aligned and moves away."""
    seen: list[dict[str, torch.Tensor]] = []
    align = pad.aligned

    def watched(run: Any, first: Any, *rest: Any) -> Any:
        seen.append({name: tensor.clone() for name, tensor in first.state_dict().items()})
        made = align(run, first, *rest)
        seen.append({name: tensor.clone() for name, tensor in first.state_dict().items()})
        return made

    monkeypatch.setattr(pad, "aligned", watched)
    _train(tidy, tmp_path / "run", "train.epochs=3", "experts=id+aligned")
    before, after = seen
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    phase1, phase2 = _weights(tmp_path / "run", "id"), _weights(tmp_path / "run", "align")
    assert torch.equal(phase1["items.weight"], before["items.weight"])
    assert not torch.equal(phase2["model.items.ids.weight"], phase1["items.weight"])
    assert any(not torch.equal(phase2[f"model.{name}"], phase1[name]) for name in phase1 if "encoder" in name)


@pytest.mark.parametrize(
    ("overrides", "stages"),
    [
        (["experts=id"], ["id"]),
        (["experts=text"], ["embed", "neighbours", "text"]),
        (["experts=aligned"], ["align", "embed", "id", "neighbours", "study"]),
        (["experts=id+text"], ["embed", "experts", "id", "neighbours", "study", "text"]),
        (["experts=id+aligned", "align.weight=0"], ["align", "embed", "experts", "id", "neighbours", "study"]),
        (["text_start=random", "gate=none", "study=false"], ["align", "embed", "experts", "id", "neighbours"]),
        (["gate=uniform", "align.kernel=infonce"], ALL),
        (["gate=fixed", "align.kernel=laplacian", "align.anchor=false", "align.epochs=1"], ALL),
        (["loss=bce", "negatives=1", "fusion=cat", "fusion_activation=gelu", "stack=2", "spread=none"], ALL),
        (["freeze=id.items,id.encoder,text.items,gate", "align.kernel=linear", "frozen=false"], ALL),
    ],
)
def test_every_ablation_is_a_switch(tidy: Path, tmp_path: Path, overrides: list[str], stages: list[str]) -> None:
    result = _train(tidy, tmp_path / "run", "train.epochs=1", *overrides)
    assert result.test["metrics"]["ndcg@10"] > 0
    assert _stages(tmp_path / "run") == stages
    assert foretaste.load(tmp_path / "run").recommend(histories=[["i1"]], k=3)


def test_frozen_parts_stay_and_the_others_move(tidy: Path, tmp_path: Path) -> None:
    keys = ["experts=id+text", "train.warmup_steps=0"]
    _train(tidy, tmp_path / "run", *keys, "freeze=id.items,id.encoder")
    phase1, phase3 = _weights(tmp_path / "run", "id"), _weights(tmp_path / "run", "experts")
    assert torch.equal(phase3["items.views.0.weight"], phase1["items.weight"])
    assert all(torch.equal(phase3[n.replace("encoder", "encoder.encoders.0", 1)], t)
               for n, t in phase1.items() if n.startswith("encoder"))  # fmt: skip
    alone = _weights(tmp_path / "run", "text")
    moved = {n for n, t in alone.items() if n.startswith("encoder")
             and not torch.equal(phase3[n.replace("encoder", "encoder.encoders.1", 1)], t)}  # fmt: skip
    assert moved
    with pytest.raises(ConfigError, match=r"unknown part 'id\.itens'"):
        _train(tidy, tmp_path / "wrong", "experts=id+text", "freeze=id.itens")


def test_a_run_cut_off_between_phases_goes_on_with_what_is_done(
    tidy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _train(tidy, tmp_path / "whole")
    joined = pad.joined

    def cut(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(pad, "joined", cut)
    with pytest.raises(KeyboardInterrupt):
        _train(tidy, tmp_path / "cut")
    monkeypatch.setattr(pad, "joined", joined)
    assert _stages(tmp_path / "cut") == ["align", "embed", "id", "text"]
    written = (tmp_path / "cut" / "stages" / "id" / "weights.safetensors").stat().st_mtime_ns
    again = _train(tidy, tmp_path / "cut")
    assert (tmp_path / "cut" / "stages" / "id" / "weights.safetensors").stat().st_mtime_ns == written
    assert again.test["metrics"] == whole.test["metrics"]
    weights = [_weights(tmp_path / name, "experts") for name in ("whole", "cut")]
    assert all(torch.equal(tensor, weights[1][name]) for name, tensor in weights[0].items())
    studies = [read_run(tmp_path / name).studies for name in ("whole", "cut")]
    assert studies[0] == studies[1]


def test_what_was_learnt_is_written_down(tidy: Path, tmp_path: Path) -> None:
    _train(tidy, tmp_path / "run")
    folder = tmp_path / "run" / "stages" / "study"
    gates, kept = read_json(folder / "gates.json"), read_json(folder / "forgetting.json")
    assert gates["experts"] == ["id", "aligned", "text"]
    np.testing.assert_allclose(np.sum(gates["shares"], axis=0), np.ones(3), atol=1e-5)
    assert set(kept["spaces"]) == {"copy", "projected text", "aligned"}
    assert kept["discrepancy"]["kernel"] == "gaussian"
    assert kept["spaces"]["copy"]["tau"] > kept["spaces"]["projected text"]["tau"]
    assert len(kept["spaces"]["copy"]["bins"]) == 3
    assert read_run(tmp_path / "run").studies == {"gates": gates, "forgetting": kept}


def test_without_an_anchor_the_least_discrepancy_is_chosen(tidy: Path, tmp_path: Path) -> None:
    _train(tidy, tmp_path / "run", "experts=aligned", "align.anchor=false", "align.epochs=4", "align.lr=1e-2")
    found = read_json(tmp_path / "run" / "stages" / "study" / "forgetting.json")["discrepancy"]
    assert found["after"] < found["before"]
    phase1, phase2 = _weights(tmp_path / "run", "id"), _weights(tmp_path / "run", "align")
    assert all(torch.equal(phase2[f"model.{n}"], t) for n, t in phase1.items() if n.startswith("encoder"))


def test_experts_may_come_from_finished_runs(tidy: Path, tmp_path: Path) -> None:
    _train(tidy, tmp_path / "id", "experts=id")
    _train(tidy, tmp_path / "text", "experts=text")
    whole = _train(tidy, tmp_path / "whole", "experts=id+text")
    given = [f"id_run={tmp_path / 'id'}", f"text_run={tmp_path / 'text'}"]
    lent = _train(tidy, tmp_path / "lent", "experts=id+text", *given)
    assert _stages(tmp_path / "lent") == ["embed", "experts", "neighbours", "study"]
    assert lent.test["metrics"] == whole.test["metrics"]
    with pytest.raises(ConfigError, match="network of that run is another"):
        _train(tidy, tmp_path / "wrong", "experts=id+text", given[0], "dim=16")


def test_new_items_enter_through_the_text_expert(tidy: Path, tmp_path: Path) -> None:
    _train(tidy, tmp_path / "run")
    recommender = foretaste.load(tmp_path / "run")
    before = [one.item_id for one in recommender.recommend(histories=[["i3", "i4"]], k=18)[0]]
    recommender.add_items([{"item_id": "new", "title": "Item number 5", "brand": "b"}], id_rows="zero")
    after = [one.item_id for one in recommender.recommend(histories=[["i3", "i4"]], k=19)[0]]
    assert [item for item in after if item != "new"] == before
    vectors = recommender.saved.model.item_vectors()  # type: ignore[operator]
    assert not vectors[-1, :8].any()
    assert vectors[-1, 16:24].any()
    assert recommender.saved.model.state_dict()["network.gate.bins"][-1] == 2


@pytest.mark.parametrize("name", sorted(presets_of("pad")))
def test_presets_are_configs(name: str) -> None:
    found = configure(PADRecipeConfig, preset=presets_of("pad")[name].values)
    assert found.stack == 4
    assert presets_of("pad")[name].summary
