"""AlphaRec trained on several data sets at once: one projector, and of everything else one for each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from foretaste.core.artefact import Run
from foretaste.core.errors import ConfigError
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.evaluation.evaluate import chosen_by, validation_metrics
from foretaste.models.alpharec import AlphaRec
from foretaste.models.together import Together
from foretaste.recipes.alpharec_network import AlphaRecRecipeConfig, network
from foretaste.recipes.alpharec_transfer import read_like
from foretaste.recipes.splitting import make_split, open_dataset
from foretaste.recipes.text_reader import TextReader
from foretaste.recipes.texts import COMPANION
from foretaste.training.checkpoint import load_weights
from foretaste.training.loop import fit
from foretaste.training.pairs import PairBatches
from foretaste.training.together import TogetherBatches
from foretaste.training.user_pairs import UserPairBatches


@dataclass(frozen=True)
class Other:
    """A further data set to train on, and its language vectors."""

    data: Dataset
    split: Split
    vectors: Tensor


def read_other(run: Run, folder: str, number: int, config: AlphaRecRecipeConfig) -> Other:
    """Reads a further data set as the first was read, whose reader stays the run's."""
    first = run.companions[COMPANION]
    assert isinstance(first, TextReader)
    reader = first.opened() if first.spec is not None else first
    if reader.encoder is None:
        raise ConfigError(
            "ready vectors are found by id, so no further catalogue can be read",
            where="also",
            allowed="text.encoder=NAME with also",
        )
    data = open_dataset(folder)
    vectors = read_like(run, data, reader, config.text, stage=f"embed-{number}")
    run.companions[COMPANION] = first
    return Other(data, make_split(data, config.split), vectors)


def fit_together(
    run: Run, model: AlphaRec, data: Dataset, split: Split, others: list[Other], config: AlphaRecRecipeConfig
) -> AlphaRec:
    """Trains one projector on several data sets; the best epoch has the highest mean of their validation metrics."""
    parts = [
        model,
        *(network(config, o.split.train, o.vectors, model.projector, o.data.num_items) for o in others),
    ]
    splits = [split, *(other.split for other in others)]
    size, seed = config.train.batch_tokens, config.seed
    kind = UserPairBatches if config.draws == "users" else PairBatches
    together = Together(parts)
    batches = TogetherBatches([kind(one.train, size=size, seed=seed) for one in splits], seed=seed)

    def validate() -> dict[str, float]:
        found = [
            validation_metrics(part, one.valid, mask_seen=config.mask_seen)
            for part, one in zip(parts, splits, strict=True)
        ]
        return {key: sum(one[key] for one in found) / len(found) for key in found[0]}

    def make(folder: Path) -> AlphaRec:
        by = chosen_by(split.valid)
        fit(together, batches, config.train, folder=folder, validate=validate, seed=seed, choose_by=by)
        return model

    def read(folder: Path) -> AlphaRec:
        load_weights(folder / "weights.safetensors", together)
        return model

    prints = [one.fingerprint for one in (data, *(other.data for other in others))]
    return run.stage("fit", make, read, inputs={"config": config, "data": prints, "model": "AlphaRec"})
