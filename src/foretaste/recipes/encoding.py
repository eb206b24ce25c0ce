"""Encoding a data set's texts into a store by itself, for many runs to share (``text.store=FOLDER``)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from foretaste.core.config import configure
from foretaste.core.errors import ConfigError
from foretaste.recipes.splitting import make_split, open_dataset
from foretaste.recipes.text_config import TextConfig
from foretaste.recipes.told import Told, fill_store, items_told, store_for, user_config, users_told
from foretaste.text.encoders.config import TFIDF
from foretaste.text.encoders.opening import open_encoder
from foretaste.text.encoders.ready import is_ready

ENCODER = "encoder"


def encode_texts(
    data: str | Path,
    out: str | Path,
    overrides: Iterable[str] = (),
    *,
    users: bool = False,
    split: str = "leave-one-out",
    changed: str = "refuse",
    config_file: Path | None = None,
) -> dict[str, Any]:
    """Encodes all items or users of a data set; what is encoded already stays, and a job that was killed goes on.

    Args:
        data: Data folder.
        out: Folder of stores, as ``text.store`` of the runs.
        overrides: Texts ``key=value``, the keys of ``TextConfig`` with or without ``text.`` before them.
        users: Whether users are encoded, by the items of their training part.
        split: Which split that training part belongs to.
        changed: What happens to an id whose text is another one than before: ``"refuse"`` or ``"encode"``.
        config_file: TOML settings under the overrides.

    Returns:
        What was encoded and how fast.

    Raises:
        ForetasteError: If a key does not fit, a text changed, or a vector is not finite.
    """
    config = configure(TextConfig, file=config_file, overrides=[text.removeprefix("text.") for text in overrides])
    _refuse_unfit(config)
    dataset = open_dataset(data)
    items = items_told(dataset, config)
    told: Told = items
    if users:
        config = user_config(config)
        told = users_told(dataset, make_split(dataset, split), config)
    corpus = items.texts if config.encoder == TFIDF else None
    encoder = open_encoder(config, corpus=corpus, folder=None if corpus else Path(out) / ENCODER)
    store = store_for(Path(out), told, encoder, config)
    done = fill_store(store, told, encoder, config, changed=changed)
    return {
        "store": str(store.folder),
        "kind": told.kind,
        "encoder": encoder.name,
        "parameters": encoder.parameters,
        "dim": encoder.dim,
        "dtype": config.store_dtype,
        "rows": done.asked,
        "distinct_texts": len(set(told.texts)),
        "encoded": done.encoded,
        "truncated": done.truncated,
        "seconds": round(done.seconds, 3),
        "per_second": round(done.encoded / done.seconds, 2) if done.encoded else 0.0,
        "megabytes": round(sum(f.stat().st_size for f in store.folder.rglob("*") if f.is_file()) / 1e6, 3),
    }


def _refuse_unfit(config: TextConfig) -> None:
    empty = replace(config, store="", reduce=0)
    if is_ready(config.encoder):
        raise ConfigError(
            f"{config.encoder!r} holds vectors already, so there is nothing to encode",
            allowed="an encoder of texts",
            mend=f"give the file to the runs: text.encoder={config.encoder}",
        )
    if config != empty:
        raise ConfigError(
            "store and reduce are keys of a run, not of a job that fills a store",
            allowed="--out FOLDER for the store; its vectors are kept whole",
            mend="leave them out",
        )
