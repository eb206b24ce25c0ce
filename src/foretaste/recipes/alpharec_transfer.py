"""AlphaRec on a data set that nothing was trained on: zero-shot.

Language vectors must mean the same wherever the projector is used. So all catalogues are read by one encoder with one
prompt, and whatever was fitted to the vectors of the first (TF-IDF's words, principal components, centre and scale)
is applied to the others as it is.
"""

from __future__ import annotations

import copy
from dataclasses import replace

from torch import Tensor

from foretaste.core.artefact import Run
from foretaste.core.errors import ArtefactError, ConfigError
from foretaste.core.paths import existing_folder
from foretaste.core.progress import say
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.alpharec import AlphaRec
from foretaste.models.lightgcn import training_graph
from foretaste.nn.projector import Projector
from foretaste.recipes.alpharec_agreement import refuse_other_keys, refuse_other_texts
from foretaste.recipes.alpharec_network import AlphaRecRecipeConfig, assembled
from foretaste.recipes.run_folder import MODEL
from foretaste.recipes.saved import SavedModel, load_model
from foretaste.recipes.text_config import TextConfig
from foretaste.recipes.text_reader import PROMPT, TextReader
from foretaste.recipes.texts import COMPANION, embed_items
from foretaste.recipes.vector_maps import mapped
from foretaste.text.prompts import write_spec


def taken_over(run: Run, data: Dataset, split: Split, config: AlphaRecRecipeConfig) -> AlphaRec:
    """A projector trained elsewhere, on this catalogue's texts and this training part's graph."""
    if config.also:
        raise ConfigError(
            "projector and also do not go together: with a projector that is taken over nothing is trained",
            mend="train on several data sets first, then name that run",
        )
    source = source_of(config.projector)
    assert isinstance(source.model, AlphaRec)
    vectors = read_like(run, data, reader_from(source, data, config), config.text)
    projector = projector_from(source)
    check_width(vectors, projector, config.projector)
    told(source)
    graph = training_graph(split.train, data.num_items)
    layers, cosine = source.model.layers, source.model.cosine
    return assembled(config, graph, vectors, projector, layers=layers, cosine=cosine)


def source_of(given: str) -> SavedModel:
    """The trained model whose projector is taken over.

    Raises:
        ForetasteError: If there is none, or it is of another recipe.
    """
    path = existing_folder(given, "run", allowed="the folder of a finished run of alpharec", error=ArtefactError)
    saved = load_model(path / MODEL if (path / MODEL).is_dir() else path)
    if not isinstance(saved.model, AlphaRec):
        raise ConfigError(
            f"projector={given} is a run of {saved.recipe}, which has no projector from texts",
            allowed="a finished run of alpharec",
            mend="train one: foretaste train alpharec --data SOURCE --out RUN tell=title",
        )
    return saved


def projector_from(saved: SavedModel) -> Projector:
    """A copy of the trained projector."""
    assert isinstance(saved.model, AlphaRec)
    return copy.deepcopy(saved.model.projector)


def reader_from(saved: SavedModel, data: Dataset, config: AlphaRecRecipeConfig) -> TextReader:
    """What read the source's catalogue, its encoder at hand, after a look at whether it can read this one.

    Args:
        saved: The source.
        data: The target.
        config: The keys of this run; those that differ from their defaults must agree with the source's.

    Raises:
        ConfigError: If a key asks for something else, or the catalogue lacks what the prompt tells.
        ArtefactError: If the encoder is not to be found as it was, or the vectors came from a file.
    """
    refuse_other_keys(saved.config, config)
    reader = TextReader.load(saved.folder / COMPANION, saved.folder.parent)
    refuse_other_texts(reader, saved.folder / COMPANION / PROMPT, data, config.text)
    asked = config.text.encoder
    return reader.opened() if asked in (TextConfig().encoder, reader.config.encoder) else reader.opened(asked)


def read_like(run: Run, data: Dataset, reader: TextReader, text: TextConfig, *, stage: str = "embed") -> Tensor:
    """Language vectors of another catalogue in the space of one that was read before, ``(num_items, D)``.

    Args:
        run: The run that owns the stage; what reads new items of this catalogue is left in it.
        data: Whose catalogue.
        reader: What read the first catalogue, its encoder at hand.
        text: Where vectors are kept.
        stage: Name of the stage.
    """
    assert reader.spec is not None
    prompt = run.folder / f"{stage}-prompt.toml"
    if run.writes and not prompt.is_file():
        write_spec(prompt, reader.spec)
    keys = replace(
        reader.config, prompt=str(prompt), reduce=0, store=text.store, store_dtype=text.store_dtype, device=text.device
    )
    rows = embed_items(run, data, keys, encoder=reader.encoder, stage=stage)
    own = run.companions[COMPANION]
    assert isinstance(own, TextReader)
    run.companions[COMPANION] = replace(own, maps=reader.maps, fitted=reader.fitted)
    return mapped(rows, reader.maps)


def check_width(vectors: Tensor, projector: Projector, given: str) -> None:
    """Refuses vectors of another width than the projector reads."""
    if vectors.shape[1] != projector.first.in_features:
        raise ArtefactError(
            f"this catalogue's text vectors have {vectors.shape[1]} columns, the projector reads "
            f"{projector.first.in_features}",
            where=given,
            mend="read both catalogues with one encoder",
        )


def told(saved: SavedModel) -> None:
    """Says where the projector comes from."""
    say(f"projector {saved.folder} (trained on {saved.info['data']['name']}); nothing is trained here")
