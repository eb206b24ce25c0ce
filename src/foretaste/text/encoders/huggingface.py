"""Any language model of the transformers library as an encoder of texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from foretaste.core.artefact import fingerprint
from foretaste.core.errors import ConfigError
from foretaste.text.encoders.base import Progress, Vectors, count_words, encode_distinct
from foretaste.text.encoders.batching import batches_of
from foretaste.text.encoders.config import EncoderConfig
from foretaste.text.encoders.loading import LanguageModel, digest
from foretaste.text.encoders.pooling import pool
from foretaste.text.encoders.sentence import Normalize, SentenceHead
from foretaste.text.encoders.tokens import tokenise

States = Callable[[Tensor, Tensor], Tensor]
"""Token ids and mask, ``(B, T)`` int64 each, to states ``(B, T, D)``."""


class HuggingFaceEncoder:
    """Tokens, states of the last layer, pooling, further layers, length 1.

    Args:
        language_model: Network and tokenizer.
        config: Pooling, limits, batches.
        head: What the model's folder says about the steps after the states; the config's own words go before it.
        states: Computes the states in another way than by the network itself.
        numbers: Number format of the computation, for people and the fingerprint.
    """

    def __init__(
        self,
        language_model: LanguageModel,
        config: EncoderConfig,
        head: SentenceHead | None = None,
        *,
        states: States | None = None,
        numbers: str = "",
    ) -> None:
        head = head or SentenceHead()
        self.language_model = language_model
        self.config = config
        self.pooling = head.pooling if config.pooling == "auto" else config.pooling
        self.prefix = config.prefix or head.prefix
        self.lower_case = head.lower_case
        limits = (config.max_tokens, head.max_tokens, language_model.max_positions)
        self.max_tokens = min(limit for limit in limits if limit is not None)
        self.layers = nn.Sequential(*head.layers, *([Normalize()] if config.normalize else []))
        self.numbers = numbers or config.precision
        self.depth = 1
        self._states = states or self._forward
        if config.layers == "all":
            self.depth = self._all_layers(head, states)
        self._dim = self.depth * head.width(language_model.hidden)
        self._truncated = 0

    @property
    def name(self) -> str:
        """The model's name."""
        return self.language_model.name

    @property
    def parameters(self) -> int:
        """Weights of the network and of the layers behind it."""
        return self.language_model.parameters + sum(weight.numel() for weight in self.layers.parameters())

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._dim

    @property
    def truncated(self) -> int:
        """Distinct texts cut at ``max_tokens`` so far."""
        return self._truncated

    @cached_property
    def fingerprint(self) -> str:
        """Of the weights, the tokenizer and all that is done with them."""
        layers = [f"{layer} {[digest(weight) for weight in layer.parameters()]}" for layer in self.layers]
        return fingerprint(
            {
                "model": self.language_model.fingerprint,
                "layers": layers,
                "pooling": self.pooling,
                "max_tokens": self.max_tokens,
                "append_eos": self.config.append_eos,
                "prefix": self.prefix,
                "lower_case": self.lower_case,
                "numbers": self.numbers,
                **({"depth": self.depth} if self.depth > 1 else {}),
            }
        )

    def describe(self) -> str:
        """One line for people."""
        size = f"{count_words(self.parameters)} parameters ({self.language_model.kind}), {self.dim} dimensions"
        length = ", length 1" if self.config.normalize else ""
        length += f", {self.depth} layers side by side" if self.depth > 1 else ""
        return f"{self.name}: {size}, {self.pooling} pooling, at most {self.max_tokens} tokens{length}, {self.numbers}"

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """See :class:`~foretaste.text.encoders.base.Encoder`."""
        return encode_distinct(texts, self._encode, name=self.name, progress=progress)

    @torch.inference_mode()
    def _encode(self, texts: list[str], report: Progress) -> Vectors:
        out = np.empty((len(texts), self.dim), dtype=np.float32)
        rows = self._tokens(texts)
        for places, ids, mask in batches_of(rows, self.config.batch_tokens, self.language_model.pad_id):
            states = self._states(ids, mask)
            pooled = pool(states, mask.to(states.device), self.pooling).cpu()
            parts = self.layers(pooled.view(len(pooled), self.depth, -1))
            out[places] = (parts / self.depth**0.5).flatten(1).numpy()
            report(len(places))
        return out

    def _tokens(self, texts: list[str]) -> list[list[int]]:
        rows: list[list[int]] = []
        for start in range(0, len(texts), 8192):
            part = [text.lower() if self.lower_case else text for text in texts[start : start + 8192]]
            ready = [self.prefix + text for text in part]
            found, cut = tokenise(self.language_model, ready, self.max_tokens, append_eos=self.config.append_eos)
            rows += found
            self._truncated += cut
        return rows

    def _forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        device = next(self.language_model.model.parameters()).device
        out = self.language_model.model(
            input_ids=ids.to(device), attention_mask=mask.to(device), output_hidden_states=self.depth > 1
        )
        states: Tensor = torch.cat(out.hidden_states, dim=-1) if self.depth > 1 else out.last_hidden_state
        return states

    def _all_layers(self, head: SentenceHead, states: States | None) -> int:
        """How many layers there are, the embeddings included.

        Raises:
            ConfigError: If they are not to be had.
        """
        if states is not None or any(not isinstance(layer, Normalize) for layer in head.layers):
            raise ConfigError(
                "layers=all needs the states of every layer, which this way of computing does not give",
                allowed="layers=last; or a model of the transformers library without int8 and without dense layers",
                mend="leave out int8=true, or set layers=last",
            )
        config: Any = self.language_model.model.config
        return int(config.num_hidden_layers) + 1
