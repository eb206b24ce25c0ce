"""Rows that need no training: what a trained network scores without its serving terms, and a plain one with them.

``llmesr-network`` and ``llmemb-network`` are the runs of ``llmesr`` and ``llmemb`` with nothing added to their scores:
the papers' models. ``plain-content`` is the plain backbone with the same content term and debiasing, their weights
chosen on the same validation targets: what these do where no text was learnt from.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from foretaste.data.dataset import Dataset
from foretaste.evaluation.evaluate import evaluate
from foretaste.models.content import as_compared
from foretaste.models.serving_terms import ServedModel, ServingConfig
from foretaste.nn.text_items import TextTable
from foretaste.recipes.run_folder import MODEL, is_finished
from foretaste.recipes.saved import load_model
from foretaste.recipes.serving_grid import choose_serving
from foretaste.recipes.serving_terms import ServedConfig
from foretaste.recipes.splitting import make_split
from longtail.kept import keep, kept
from longtail.plan import Cell

DERIVED = {"plain": "plain-content", "llmesr": "llmesr-network", "llmemb": "llmemb-network"}
"""Method → what is read off its runs."""


class WithText(ServedModel):
    """A network without text whose scores a content term is added to.

    Args:
        network: The network, trained.
        vectors: Text vectors, centred and whitened, ``(V, D)``.
    """

    def __init__(self, network: torch.nn.Module, popularity: Tensor, vectors: Tensor) -> None:
        self.beside: TextTable | None = None
        super().__init__(network, popularity, ServingConfig())  # type: ignore[arg-type]
        self.beside = TextTable(vectors, None, vectors.shape[1])

    @property
    def text(self) -> TextTable | None:
        return self.beside


def derive(cell: Cell, root: Path, out: Path) -> str:
    """Measures and keeps what can be read off a finished run, unless it is kept; says what it is."""
    run, name = out / cell.name, replace(cell, method=DERIVED.get(cell.method, "")).name
    reader = out / Cell(cell.data, "sasrec", "llmesr", 0).name
    needed = (run, reader) if cell.method == "plain" else (run,)
    if cell.method not in DERIVED or kept(name) or not all(is_finished(folder) for folder in needed):
        return ""
    data = Dataset.load(root / cell.data)
    split, model = make_split(data, "leave-one-out"), load_model(run / MODEL).model.eval()
    if cell.method == "plain":
        model = WithText(model, torch.from_numpy(split.train.counts(data.num_items)), _text(reader)).eval()
        model.serve_with(choose_serving(model, split, tail_slack=ServedConfig().tail_slack)[0])
    else:
        _served(model).serve_with(ServingConfig())
    found = evaluate(_served(model), split, data, part="test", beyond=False)
    keep(run, name, found)
    return f"{name}: {found.metrics['ndcg@10']:.4f}"


def _text(run: Path) -> Tensor:
    """Text vectors as that run's content term compares them."""
    text = _served(load_model(run / MODEL).model).text
    assert text is not None, "LLM-ESR has a view made of text"
    return as_compared(text)


def _served(model: object) -> ServedModel:
    assert isinstance(model, ServedModel)
    return model
