"""The text stages that recipes share: a catalogue or its users become vectors, once, and are found again.

Where ``text.store`` names a folder, all runs share what is encoded there: a store for each data set, kind of row,
encoder and prompt, which grows when a catalogue does. Otherwise the store lies inside the run's stage.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from foretaste.core.artefact import Run
from foretaste.core.progress import say
from foretaste.data.dataset import Dataset
from foretaste.data.split import Split
from foretaste.nn.reduce import principal
from foretaste.recipes.text_config import TextConfig
from foretaste.recipes.text_reader import TextReader, config_of
from foretaste.recipes.told import Told, fill_store, items_told, prompt_spec, store_for, user_config, users_told
from foretaste.recipes.vector_maps import Map, made_once, mapped
from foretaste.text.encoders.base import Encoder
from foretaste.text.encoders.config import TFIDF
from foretaste.text.encoders.opening import open_encoder
from foretaste.text.encoders.ready import ReadyMatrix, is_ready, ready_matrix
from foretaste.text.store import EmbeddingStore

__all__ = ["COMPANION", "TextConfig", "embed_items", "embed_users", "items_told", "prompt_spec", "users_told"]

COMPANION = "text"
"""The folder beside a model's weights that says how new items are read (:class:`TextReader`)."""

FITTED, MAP = "encoder", "map.safetensors"


def embed_items(
    run: Run, data: Dataset, config: TextConfig, *, encoder: Encoder | None = None, stage: str = "embed"
) -> Tensor:
    """Text vectors of the whole catalogue as one stage of a run, ``(num_items, D)`` float32 in dense-id order.

    What reads them is left to be saved with the model, so that new items can be read later. A recipe that changes the
    vectors before its network reads them tells it: ``run.companions["text"] = run.companions["text"].then(…)``.

    Args:
        run: The run that owns the stage.
        data: Whose catalogue.
        config: Prompt, encoder, store.
        encoder: One that is open already, as a tuned one; default: the one that ``config`` names.
        stage: Name of the stage.
    """
    told = _ids_only(data, "items") if _is_matrix(config, encoder) else items_told(data, config)
    source = _Source(run, config, encoder, told, lambda: told.texts)

    def vectors(folder: Path) -> Tensor:
        rows = source.vectors(folder)
        maps: tuple[Map, ...] = ()
        if 0 < config.reduce < rows.shape[1]:
            maps = (made_once(folder / MAP, lambda: principal(rows, config.reduce)),)
        spec = None if source.matrix else prompt_spec(data, config)
        run.companions[COMPANION] = source.reader(folder, spec, maps)
        return mapped(rows, maps) if maps else rows

    return source.stage(stage, vectors, data, reduce=config.reduce)


def embed_users(
    run: Run,
    data: Dataset,
    split: Split,
    config: TextConfig,
    *,
    encoder: Encoder | None = None,
    stage: str = "embed-users",
) -> Tensor:
    """Text vectors of all users, from training items only, ``(num_users, D)`` float32 in dense-id order.

    Args:
        run: The run that owns the stage.
        data: Whose users.
        split: Its training part is what is told.
        config: Prompt, encoder and tokens (``user_encoder``, ``user_tokens``, where they are given), store. What
            ``reduce`` says is for items alone.
        encoder: One that is open already; default: the one that ``config`` names.
        stage: Name of the stage.
    """
    config = user_config(config)
    told = _ids_only(data, "users") if _is_matrix(config, encoder) else users_told(data, split, config)
    source = _Source(run, config, encoder, told, lambda: items_told(data, config).texts)
    return source.stage(stage, source.vectors, data)


class _Source:
    """Where the vectors of a stage come from: an encoder and a store, or a file of ready vectors.

    The encoder that learns its words from a corpus is fitted inside the stage, to the items' prompts, and kept there.

    Args:
        run: The run that owns the stage.
        config: Keys.
        encoder: One that is open already, or None.
        told: What is encoded.
        corpus: The items' prompts.
    """

    def __init__(
        self, run: Run, config: TextConfig, encoder: Encoder | None, told: Told, corpus: Callable[[], list[str]]
    ) -> None:
        self.run, self.config, self.told, self.corpus = run, config, told, corpus
        self.matrix: ReadyMatrix | None = ready_matrix(config) if _is_matrix(config, encoder) else None
        self.fits = encoder is None and config.encoder == TFIDF
        self.encoder = encoder
        self.store: EmbeddingStore | None = None
        if self.matrix is None and self.encoder is None and not self.fits:
            with torch.random.fork_rng(devices=[]):  # opening a model draws weights that are then replaced
                self.encoder = open_encoder(config, folder=(self._shared or run.folder) / FITTED)

    @property
    def _shared(self) -> Path | None:
        return Path(self.config.store).expanduser() if self.config.store else None

    def stage(self, name: str, make: Callable[[Path], Tensor], data: Dataset, **more: Any) -> Tensor:
        """Runs the stage; a finished one is read by the same function, which then finds everything encoded."""
        known = self.matrix or self.encoder
        inputs: dict[str, Any] = {
            "encoder": known.fingerprint if known is not None else [self.config.tfidf, self.config.normalize],
            "told": self.told.digest,
            "data": data.fingerprint,
            "dtype": self.config.store_dtype,
        }
        return self.run.stage(name, make, make, inputs=inputs | more)

    def vectors(self, folder: Path) -> Tensor:
        """The rows ``(n, D)`` in the order of the ids."""
        if self.matrix is not None:
            say(f"encoder   {self.matrix.describe()}")
            return torch.from_numpy(self.matrix.rows(self.told.ids))
        if self.fits:
            self.encoder = open_encoder(self.config, corpus=self.corpus(), folder=folder / FITTED)
        assert self.encoder is not None
        self.store = store_for(self._shared or folder, self.told, self.encoder, self.config)
        fill_store(self.store, self.told, self.encoder, self.config)
        return torch.from_numpy(self.store.vectors(self.told.ids, self.told.texts))

    def reader(self, folder: Path, spec: Any, maps: tuple[Map, ...]) -> TextReader:
        """What reads new items as these were read."""
        known = self.matrix or self.encoder
        assert known is not None, "the vectors come first"
        about = {key: getattr(known, key) for key in ("name", "parameters", "dim", "fingerprint")}
        return TextReader(
            self.config if self.matrix else config_of(known, self.config),
            spec,
            about,
            maps,
            self.run.folder,
            fitted=folder / FITTED if self.fits else None,
            store=self.store.folder if self.store is not None else None,
        )


def _is_matrix(config: TextConfig, encoder: Encoder | None) -> bool:
    return encoder is None and is_ready(config.encoder)


def _ids_only(data: Dataset, kind: str) -> Told:
    ids = list(data.items if kind == "items" else data.users)
    return Told(data.name, kind, ids, [""] * len(ids), "ready")
