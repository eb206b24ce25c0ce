"""What turns the text of an item that comes later into the vector its model expects.

It is saved beside the model, in the folder ``text``: text.json names encoder and store, prompt.toml declares the
prompt, maps.safetensors has what was done to the vectors since, and ``encoder`` holds an encoder that was fitted to the
catalogue. A language model is not copied; it is found again by name or path and must have the fingerprint that it had.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from torch import Tensor

from foretaste.core.config import from_dict, to_dict
from foretaste.core.errors import ArtefactError, DataError
from foretaste.core.files import read_json, write_json
from foretaste.recipes.text_config import TextConfig
from foretaste.recipes.vector_maps import Map, as_map, load_maps, mapped, save_maps
from foretaste.text.encoders.base import Encoder, NotFinite, Vectors
from foretaste.text.encoders.config import EncoderConfig
from foretaste.text.encoders.opening import open_encoder
from foretaste.text.encoders.ready import ReadyMatrix, ready_matrix
from foretaste.text.prompts import PromptSpec, item_prompts, read_spec, write_spec

TEXT, PROMPT, MAPS, ENCODER = "text.json", "prompt.toml", "maps.safetensors", "encoder"
FORMAT = 1


@dataclass(frozen=True)
class TextReader:
    """Encoder, prompt and maps.

    Attributes:
        config: Keys of the encoder; its ``encoder`` is a path only if it must be.
        spec: What is told of an item; None for ready vectors.
        about: Name, parameters, dimension and fingerprint of the encoder.
        maps: Applied to its vectors, in order.
        run: Folder of the run, to which paths inside it are relative.
        encoder: Open already, or None.
        fitted: Folder of an encoder that was fitted to the catalogue, or None.
        store: Folder of the vectors of the known items, or None.
    """

    config: TextConfig
    spec: PromptSpec | None
    about: dict[str, Any]
    maps: tuple[Map, ...]
    run: Path
    encoder: Encoder | None = None
    fitted: Path | None = None
    store: Path | None = None

    def then(self, mean: Tensor, matrix: Tensor) -> TextReader:
        """The same with one more map, which a recipe applies to the text vectors before its network reads them.

        Args:
            mean: ``(D,)``.
            matrix: ``(D, k)``, or a scalar that multiplies all columns.
        """
        return replace(self, maps=(*self.maps, as_map(mean, matrix)))

    def read(self, catalogue: pl.DataFrame) -> Tensor:
        """Vectors of a catalogue's rows as the network reads them, ``(n, D)`` float32.

        Raises:
            DataError: If a row tells nothing, or its vector is not finite; names the item.
        """
        ids = catalogue["item_id"].to_list()
        if self.spec is None:
            rows = ready_matrix(self.config).rows(ids)
        else:
            prompts = item_prompts(catalogue, self.spec)
            rows = self._encode(ids, prompts.texts(), [row == [self.spec.fallback] for row in prompts.clauses])
        return self.after(torch.from_numpy(np.array(rows, dtype=np.float32)))

    def said(self, texts: Sequence[str]) -> Tensor:
        """Vectors of anything that is said, as the network reads them, ``(n, D)``.

        A text is told to the encoder as a title would be, and so lies among the items.

        Raises:
            DataError: If the vectors came from a file, so that nothing can be read.
        """
        if self.spec is None:
            raise DataError(
                "the items' vectors came ready from a file, so there is no encoder that could read a text",
                allowed="a model that was trained with text.encoder=NAME",
            )
        columns = [one.column for one in self.spec.fields]
        place = "title" if "title" in columns else columns[0]
        table = pl.DataFrame(
            {name: texts if name == place else [None] * len(texts) for name in columns},
            schema=dict.fromkeys(columns, pl.String),
        )
        rows = self._encode(texts, item_prompts(table, self.spec).texts(), [False] * len(texts))
        return self.after(torch.from_numpy(np.array(rows, dtype=np.float32)))

    def after(self, vectors: Tensor) -> Tensor:
        """Vectors of the encoder after all maps: as the network reads them."""
        return mapped(vectors, self.maps)

    def opened(self, encoder: str | None = None) -> TextReader:
        """The same with its encoder at hand.

        Args:
            encoder: Where it lies now, if it was moved.

        Raises:
            ArtefactError: If it is not the encoder that the vectors of the known items came from.
        """
        if self.encoder is not None or self.spec is None:
            return self
        config = self.config if encoder is None else replace(self.config, encoder=encoder)
        found = open_encoder(config, folder=self.fitted)
        if found.fingerprint != self.about["fingerprint"]:
            raise ArtefactError(
                f"the encoder {config.encoder!r} is not the one that read the known items: other weights or settings",
                where=f"{found.describe()}; fingerprint {found.fingerprint[:10]}, not {self.about['fingerprint'][:10]}",
                allowed=f"{self.about['name']}, as it was when the model was trained",
                mend="say where that encoder lies: encoder=PATH",
            )
        return replace(self, encoder=found)

    def save(self, folder: Path) -> None:
        """Writes itself; :meth:`load` reads it back."""
        if self.spec is not None:
            write_spec(folder / PROMPT, self.spec)
        if self.maps:
            save_maps(folder / MAPS, self.maps)
        if self.fitted is not None:
            shutil.copytree(self.fitted, folder / ENCODER, dirs_exist_ok=True)
        content = {
            "format": FORMAT,
            "encoder": self.about,
            "config": to_dict(self.config),
            "encoder_in_run": _inside(self.config.encoder, self.run),
            "store": None if self.store is None else str(self.store.resolve()),
            "store_in_run": None if self.store is None else _inside(str(self.store), self.run),
        }
        write_json(folder / TEXT, content)

    @classmethod
    def load(cls, folder: Path, run: Path) -> TextReader:
        """Reads what :meth:`save` wrote.

        Args:
            folder: The folder ``text`` of a model.
            run: Folder of the model's run, where it lies now.
        """
        content = read_json(folder / TEXT)
        if content["format"] != FORMAT:
            raise ArtefactError(
                f"the texts' reader has the format {content['format']!r}", where=str(folder), mend="update foretaste"
            )
        config = from_dict(TextConfig, content["config"], where=str(folder / TEXT))
        if content["encoder_in_run"] is not None:
            config = replace(config, encoder=str(run / content["encoder_in_run"]))
        inner, outer = content["store_in_run"], content["store"]
        store = run / inner if inner is not None else None if outer is None else Path(outer)
        fitted = folder / ENCODER if (folder / ENCODER).is_dir() else None
        spec = read_spec(folder / PROMPT) if (folder / PROMPT).is_file() else None
        return cls(config, spec, content["encoder"], load_maps(folder / MAPS), run, fitted=fitted, store=store)

    def _encode(self, ids: Sequence[str], texts: Sequence[str], silent: Sequence[bool]) -> Vectors:
        assert self.spec is not None
        mute = [raw for raw, nothing in zip(ids, silent, strict=True) if nothing]
        if mute:
            raise DataError(
                f"{len(mute)} items have no text to go by: {', '.join(map(repr, mute[:5]))}",
                allowed="at least one of " + ", ".join(one.column for one in self.spec.fields),
                mend="give them a title",
            )
        encoder = self.opened().encoder
        assert encoder is not None
        try:
            return encoder.encode(texts)
        except NotFinite as error:
            raise DataError(f"{error.what}, for the item {ids[error.row]!r}", where=error.where) from error


def config_of(encoder: Encoder | ReadyMatrix, config: TextConfig) -> TextConfig:
    """The keys by which an open encoder is opened again."""
    own = getattr(encoder, "config", None)
    return replace(config, encoder=own.encoder) if isinstance(own, EncoderConfig) else config


def _inside(path: str, run: Path) -> str | None:
    """The path relative to the run's folder; None if it is no path, or lies elsewhere."""
    place = Path(path).expanduser()
    if not place.exists() or not place.resolve().is_relative_to(run.resolve()):
        return None
    return str(place.resolve().relative_to(run.resolve()))
