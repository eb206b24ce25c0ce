"""AlphaRec on a data set that nothing was trained on: zero-shot.

Language vectors must mean the same wherever the projector is used. So all catalogues are read by one encoder with one
prompt, and whatever was fitted to the vectors of the first (TF-IDF's words, principal components, centre and scale)
is applied to the others as it is.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from torch import Tensor

from foretaste.core.artefact import Run
from foretaste.core.config import flat
from foretaste.core.errors import ArtefactError, ConfigError
from foretaste.core.paths import existing_folder
from foretaste.core.progress import say
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.models.alpharec import AlphaRec
from foretaste.models.lightgcn import training_graph
from foretaste.nn.projector import Projector
from foretaste.recipes.alpharec_network import AlphaRecRecipeConfig, assembled
from foretaste.recipes.run_folder import MODEL
from foretaste.recipes.saved import SavedModel, load_model
from foretaste.recipes.text_config import TextConfig
from foretaste.recipes.text_reader import PROMPT, TextReader
from foretaste.recipes.texts import COMPANION, embed_items
from foretaste.recipes.vector_maps import mapped
from foretaste.text.encoders.config import TFIDF
from foretaste.text.prompts import read_spec, write_spec

FREE = ("prompt", "encoder", "store", "store_dtype", "batch_tokens", "device", "runtime")
"""Keys of the group `text` that do not change what a vector means, or are looked at otherwise."""

SHAPE = ("tell", "scale", "map", "dim", "hidden", "layers")


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
    _refuse_other_keys(saved.config, config)
    reader = TextReader.load(saved.folder / COMPANION, saved.folder.parent)
    if reader.spec is None:
        raise ArtefactError(
            "the source's text vectors came ready from a file, so no encoder can read another catalogue",
            where=str(saved.folder),
            allowed="a source that was read by an encoder",
            mend="train the source with text.encoder=NAME",
        )
    if config.text.prompt and read_spec(config.text.prompt).fingerprint != reader.spec.fingerprint:
        raise ConfigError(
            "text.prompt is not the prompt that the source was read with",
            where=f"{saved.folder / COMPANION / PROMPT}",
            mend="leave text.prompt out to take the source's",
        )
    missing = [one.column for one in reader.spec.fields if one.column not in data.catalogue.columns]
    if missing:
        raise ConfigError(
            f"the source's prompt tells {', '.join(missing)}, which this catalogue lacks",
            where=str(saved.folder / COMPANION / PROMPT),
            allowed="catalogues with the columns " + ", ".join(one.column for one in reader.spec.fields),
            mend="train the source with tell=title, which any catalogue has",
        )
    asked = config.text.encoder
    if asked == TextConfig().encoder or asked == reader.config.encoder:
        return reader.opened()
    if TFIDF in (asked, reader.config.encoder):
        raise ConfigError(
            f"the source was read by {reader.about['name']}, but this run asks for text.encoder={asked}",
            mend="leave text.encoder out to take the source's",
        )
    return reader.opened(asked)


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


def _refuse_other_keys(source: Any, asked: Any) -> None:
    for name, value, there in _asked(source, asked):
        if value != there:
            raise ConfigError(
                f"the projector was trained with {name}={there}, but this run asks for {value}",
                where="key=value",
                mend=f"leave {name} out to take it as it was",
            )


def _asked(source: Any, asked: Any) -> Iterator[tuple[str, Any, Any]]:
    """Keys that this run was given: name, value, and the source's value."""
    defaults = type(asked)()
    for name in SHAPE:
        if getattr(asked, name) != getattr(defaults, name):
            yield name, getattr(asked, name), getattr(source, name)
    plain, there = flat(defaults.text), flat(source.text)
    for key, value in flat(asked.text).items():
        if value != plain[key] and key not in FREE and not key.startswith("endpoint."):
            yield f"text.{key}", value, there[key]
