"""Vectors of texts on disk: written once, grown by appending, asked for by id."""

from foretaste.text.store.filling import Filled, fill, rows_of_shard
from foretaste.text.store.shard import text_digest
from foretaste.text.store.spec import StoreSpec
from foretaste.text.store.store import EmbeddingStore

__all__ = ["EmbeddingStore", "Filled", "StoreSpec", "fill", "rows_of_shard", "text_digest"]
