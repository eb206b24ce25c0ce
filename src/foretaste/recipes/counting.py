"""The one stage of models that are counted rather than trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from torch import nn

from foretaste.core.artefact import Run
from foretaste.core.files import read_json, write_json
from foretaste.data.dataset import Dataset
from foretaste.training.checkpoint import load_weights, save_weights

SIZES, WEIGHTS = "sizes.json", "weights.safetensors"


M = TypeVar("M", bound=nn.Module)


def count_stage(
    run: Run, data: Dataset, config: Any, count: Callable[[], M], build: Callable[[Any, dict[str, int]], M]
) -> M:
    """Counts a model as the stage ``count`` of a run, or reads it where that was done.

    Args:
        run: The run that owns the stage.
        data: What is counted.
        config: The recipe's keys.
        count: Makes the model; its attribute ``sizes`` is what ``build`` needs to know.
        build: The recipe's ``build``: a model of these sizes, without its counts.
    """

    def make(folder: Path) -> M:
        model = count()
        save_weights(folder / WEIGHTS, model)
        write_json(folder / SIZES, getattr(model, "sizes", {}))
        return model

    def read(folder: Path) -> M:
        model = build(config, read_json(folder / SIZES))
        load_weights(folder / WEIGHTS, model)
        return model

    return run.stage("count", make, read, inputs={"config": config, "data": data.fingerprint})
