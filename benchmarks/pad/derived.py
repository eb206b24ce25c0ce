"""Rows that need no training: PAD's network alone, and single experts beside the expert that learns nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from foretaste.data.dataset import Dataset
from foretaste.evaluation.evaluate import evaluate
from foretaste.models.neighbour_expert import NeighbourConfig, NeighbourExpert
from foretaste.nn.text_items import TextTable
from foretaste.recipes.neighbour_choice import NeighbourRecipeConfig, choose_neighbours
from foretaste.recipes.run_folder import MODEL, is_finished
from foretaste.recipes.saved import load_model
from foretaste.recipes.splitting import make_split
from longtail.kept import keep, kept
from pad.plan import DERIVED, Cell
from pad.table import KEPT, by_frequency

CONFIG = NeighbourRecipeConfig()


def derive(cell: Cell, root: Path, out: Path) -> str:
    """Measures and keeps what can be read off a finished run, unless it is kept; says what it is."""
    run, name = out / cell.name, replace(cell, row=DERIVED.get(cell.row, "")).name
    reader = out / replace(cell, row="text").name
    if cell.row not in DERIVED or kept(name, KEPT) or not all(is_finished(folder) for folder in (run, reader)):
        return ""
    data = Dataset.load(root / cell.data)
    split, model = make_split(data, "leave-one-out"), _model(run)
    if cell.row == "pad":
        model.serve_with(NeighbourConfig())
    else:
        model = _beside(model, _model(reader).text)
        best, _ = choose_neighbours(model, split, hot_bins=CONFIG.hot_bins, cold_slack=CONFIG.cold_slack)
        model.serve_with(best)
    found = evaluate(model, split, data, part="test", beyond=False)
    keep(run, name, found, into=KEPT, more=lambda test: {"frequency": by_frequency(test), "studies": {}})
    return f"{name}: {found.metrics['ndcg@10']:.4f}"


def _model(run: Path) -> NeighbourExpert:
    model = load_model(run / MODEL).model.eval()
    assert isinstance(model, NeighbourExpert)
    return model


def _beside(model: NeighbourExpert, text: TextTable | None) -> NeighbourExpert:
    """The same network with these texts."""
    made = NeighbourExpert(
        model.network, model.bins, NeighbourConfig(), count=model.count, decay=CONFIG.neighbour_decay, text=text
    )
    return made.eval()
