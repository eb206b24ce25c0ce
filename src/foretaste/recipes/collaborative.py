"""A plain recommender's item vectors: of one that is trained as a stage, or of a run that is finished."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from foretaste.core.artefact import Run
from foretaste.core.errors import ArtefactError, ConfigError
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.backbones import backbone
from foretaste.models.base import Retriever
from foretaste.models.losses import catalogue_loss
from foretaste.recipes.item_start import ItemStartConfig
from foretaste.recipes.run_folder import MODEL
from foretaste.recipes.saved import load_model
from foretaste.recipes.seeding import seed_everything
from foretaste.recipes.sequence import fit_sequence, id_table


def collaborative_vectors(run: Run, data: Dataset, split: Split, config: ItemStartConfig, given: str) -> Tensor:
    """Item vectors learnt from interactions alone, ``(num_items, d)``.

    Args:
        run: The run that owns the stage ``collaborative``, in which the backbone is trained on a spectral start.
        data: What is trained on.
        split: Training part and validation targets.
        config: Backbone, loss and training loop.
        given: A finished run whose item vectors are taken instead; empty: none.
    """
    if given:
        return vectors_of_run(given, data, split)
    seed_everything(config.seed)
    items = id_table(config, split, data.num_items, dim=config.dim, std=config.init_std)
    model = backbone(config, items, catalogue_loss(config, split.train, data.num_items))
    return fit_sequence(run, model, data, split, config, stage="collaborative").item_vectors().cpu()


def vectors_of_run(given: str, data: Dataset, split: Split) -> Tensor:
    """Item vectors of a finished run, ``(num_items, d)``.

    Raises:
        ForetasteError: If there is no such run, it has no item vectors, or it saw other data than this one.
    """
    where, folder = f"collaborative={given}", Path(given).expanduser()
    saved = load_model(folder / MODEL if (folder / MODEL).is_dir() else folder)
    if not isinstance(saved.model, Retriever):
        raise ConfigError(f"the recipe {saved.recipe!r} has no item vectors", where=where, mend="give a run of sasrec")
    if (saved.info["data"]["fingerprint"], saved.info["protocol"]) != (data.fingerprint, split.protocol):
        raise ArtefactError(
            "that run was trained on other data or another split, so it may know this run's targets",
            where=where,
            mend="give a run on the same data and split, or leave the key out",
        )
    return saved.model.item_vectors().cpu()
