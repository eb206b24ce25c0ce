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
from foretaste.models.sequence import SequenceRecommender, bare
from foretaste.recipes.run_folder import MODEL
from foretaste.recipes.saved import SavedModel, load_model
from foretaste.recipes.seeding import seed_everything
from foretaste.recipes.sequence import BackboneRecipeConfig, fit_sequence, id_table


def collaborative_vectors(
    run: Run, data: Dataset, split: Split, config: BackboneRecipeConfig, given: str, *, dim: int | None = None
) -> Tensor:
    """Item vectors learnt from interactions alone, ``(num_items, d)``.

    Args:
        run: The run that owns the stage ``collaborative``, in which the backbone is trained on a spectral start.
        data: What is trained on.
        split: Training part and validation targets.
        config: Backbone, loss and training loop.
        given: A finished run whose item vectors are taken instead; empty: none.
        dim: How wide vectors that are taken have to be; none: any width will do.
    """
    if given:
        return vectors_of_run(given, data, split, dim=dim)
    seed_everything(config.seed)
    items = id_table(config, split, data.num_items, dim=config.dim, std=config.init_std)
    model = backbone(config, items, catalogue_loss(config, split.train, data.num_items))
    return fit_sequence(run, model, data, split, config, stage="collaborative").item_vectors().cpu()


def vectors_of_run(given: str, data: Dataset, split: Split, *, dim: int | None = None) -> Tensor:
    """Item vectors of a finished run, ``(num_items, d)``.

    Raises:
        ForetasteError: If there is no such run, it saw other data than this one, or has no item vectors that wide.
    """
    where = f"collaborative={given}"
    saved = _model_of_run(given, data, split, where)
    if not isinstance(saved.model, Retriever):
        raise ConfigError(f"the recipe {saved.recipe!r} has no item vectors", where=where, mend="give a run of sasrec")
    vectors = saved.model.item_vectors().cpu()
    if dim not in (None, vectors.shape[1]):
        raise ConfigError(
            f"its item vectors have {vectors.shape[1]} columns, and dim={dim}",
            where=where,
            mend=f"set dim={vectors.shape[1]}, or leave the key out",
        )
    return vectors


def network_of_run(
    given: str, network: SequenceRecommender, data: Dataset, split: Split, *, where: str
) -> SequenceRecommender:
    """Fills a network with the weights of a finished run's.

    Args:
        given: The run.
        network: A network of the same shape, with items and encoder of the same kind.
        data: What is trained on; the run must have seen the same.
        split: The same.
        where: The key that named the run, for errors.

    Raises:
        ForetasteError: If there is no such run, its network is another, or it saw other data than this one.
    """
    saved = _model_of_run(given, data, split, where)
    weights = bare(saved.model).state_dict()
    own = {name: tuple(t.shape) for name, t in network.state_dict().items() if not name.startswith("loss.")}
    theirs = {name: tuple(t.shape) for name, t in weights.items()}
    if own != theirs:
        odd = sorted(name for name in own.keys() | theirs.keys() if own.get(name) != theirs.get(name))
        raise ConfigError(
            f"the network of that run is another: {odd[0]} is {theirs.get(odd[0])} there and {own.get(odd[0])} here",
            where=where,
            allowed="a run with the same backbone, dim, layers and texts",
            mend="give such a run, or leave the key out",
        )
    network.load_state_dict(weights, strict=False)
    return network


def _model_of_run(given: str, data: Dataset, split: Split, where: str) -> SavedModel:
    """The saved model of a run that saw these data and this split."""
    folder = Path(given).expanduser()
    saved = load_model(folder / MODEL if (folder / MODEL).is_dir() else folder)
    if (saved.info["data"]["fingerprint"], saved.info["protocol"]) != (data.fingerprint, split.protocol):
        raise ArtefactError(
            "that run was trained on other data or another split, so it may know this run's targets",
            where=where,
            mend="give a run on the same data and split, or leave the key out",
        )
    return saved
