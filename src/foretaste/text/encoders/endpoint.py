"""Embeddings from any service that speaks OpenAI's protocol."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from foretaste.core.artefact import fingerprint
from foretaste.core.errors import ConfigError, ForetasteError
from foretaste.core.extras import require
from foretaste.text.encoders.base import Progress, Vectors, encode_distinct, unit
from foretaste.text.encoders.config import ENDPOINT, EncoderConfig

RETRIED = (408, 409, 429)
LONGEST_WAIT = 60.0


class EndpointError(ForetasteError):
    """The service refused, gave up or answered nonsense."""


class EndpointEncoder:
    """Texts in batches to ``POST /embeddings``; failures that may pass are tried again, others stop at once.

    Args:
        config: ``encoder`` is ``openai:MODEL``; the group ``endpoint`` says where and how.
        sleep: Waits so many seconds.

    Raises:
        ConfigError: If the service is OpenAI's own and the key's environment variable is empty.
    """

    parameters = 0

    def __init__(self, config: EncoderConfig, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.config = config
        self.endpoint = config.endpoint
        self.model = config.encoder.removeprefix(ENDPOINT)
        self._openai: Any = require("openai", extra="endpoint", why="an encoder behind an endpoint")
        self._client = self._connect()
        self._sleep = sleep
        self._truncated = 0
        self._dim = self.endpoint.dimensions

    @property
    def name(self) -> str:
        """The service's name for its model."""
        return self.model

    @property
    def dim(self) -> int:
        """Length of a vector; asks the service once where the config does not say."""
        return self._dim or self._ask([" "]).shape[1]

    @property
    def truncated(self) -> int:
        """Texts cut at ``endpoint.max_chars`` so far; the service may cut further without a word."""
        return self._truncated

    @property
    def fingerprint(self) -> str:
        """Of model, address and what is done to texts and vectors; what the service changes behind it, nobody sees."""
        return fingerprint(
            {
                "model": self.model,
                "url": str(self._client.base_url),
                "dimensions": self.endpoint.dimensions,
                "max_chars": self.endpoint.max_chars,
                "prefix": self.config.prefix,
                "normalize": self.config.normalize,
            }
        )

    def describe(self) -> str:
        """One line for people."""
        length = ", length 1" if self.config.normalize else ""
        return f"{self.name} at {self._client.base_url}: unknown number of parameters, {self.dim} dimensions{length}"

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """See :class:`~foretaste.text.encoders.base.Encoder`."""
        return encode_distinct(texts, self._encode, name=self.name, progress=progress)

    def _connect(self) -> Any:
        key = os.environ.get(self.endpoint.api_key_env, "")
        if not key and not self.endpoint.base_url:
            raise ConfigError(
                f"the environment variable {self.endpoint.api_key_env} holds no key",
                allowed="the key of the service",
                mend=f"export {self.endpoint.api_key_env}=…, or name another variable by endpoint.api_key_env",
            )
        return self._openai.OpenAI(
            api_key=key or "none",  # local services ask for none, the client insists on one
            base_url=self.endpoint.base_url or None,
            timeout=self.endpoint.timeout,
            max_retries=0,
        )

    def _encode(self, texts: list[str], report: Progress) -> Vectors:
        ready = [self._cut(self.config.prefix + text) for text in texts]
        out = np.empty((len(texts), self.dim), dtype=np.float32)
        for start in range(0, len(ready), self.endpoint.batch):
            part = ready[start : start + self.endpoint.batch]
            out[start : start + len(part)] = self._ask(part)
            report(len(part))
        return unit(out) if self.config.normalize else out

    def _cut(self, text: str) -> str:
        limit = self.endpoint.max_chars
        if limit and len(text) > limit:
            self._truncated += 1
            text = text[:limit]
        return text or " "  # the protocol refuses an empty text

    def _ask(self, texts: list[str]) -> Vectors:
        """One request, again and again while the failure may pass."""
        for attempt in range(self.endpoint.retries + 1):
            try:
                return self._answer(texts)
            except self._openai.APIError as error:
                if not self._may_pass(error):
                    raise self._refusal(error) from error
                if attempt == self.endpoint.retries:
                    raise EndpointError(
                        f"the service failed {attempt + 1} times in a row, at last with: {_message(error)}",
                        where=str(self._client.base_url),
                        mend="run the same command again later; what is encoded already is kept",
                    ) from error
                self._sleep(self._pause(error, attempt))
        raise AssertionError("the loop returns or raises")

    def _answer(self, texts: list[str]) -> Vectors:
        extra = {"dimensions": self.endpoint.dimensions} if self.endpoint.dimensions else {}
        answer = self._client.embeddings.create(model=self.model, input=texts, encoding_format="float", **extra)
        rows = {row.index: row.embedding for row in answer.data or []}
        if len(answer.data or []) != len(texts) or rows.keys() != set(range(len(texts))):
            raise self._nonsense(
                f"{len(answer.data or [])} vectors for {len(texts)} texts, numbered {sorted(rows)[:5]}…"
            )
        sizes = {len(row) for row in rows.values()}
        self._dim = self._dim or next(iter(sizes))
        if sizes != {self._dim}:
            raise self._nonsense(f"vectors of length {sorted(sizes)}, but {self._dim} is asked for or came before")
        return np.array([rows[place] for place in range(len(texts))], dtype=np.float32)

    def _may_pass(self, error: Any) -> bool:
        if isinstance(error, self._openai.APIConnectionError):  # timeouts are of this kind
            return True
        status = getattr(error, "status_code", None)
        quota = getattr(error, "code", None) == "insufficient_quota"
        return status is not None and (status in RETRIED or status >= 500) and not quota

    def _pause(self, error: Any, attempt: int) -> float:
        """What the service asks for, else doubling times; never beyond a minute."""
        response = getattr(error, "response", None)
        asked = response.headers.get("retry-after", "") if response is not None else ""
        wait = float(asked) if asked.replace(".", "", 1).isdigit() else self.endpoint.backoff * 2.0**attempt
        return min(wait, LONGEST_WAIT)

    def _refusal(self, error: Any) -> EndpointError:
        status = getattr(error, "status_code", None)
        mend = {
            401: f"put a valid key into the environment variable {self.endpoint.api_key_env}",
            403: "use a key that may use this model",
            404: f"check endpoint.base_url and the model's name {self.model!r}",
            429: "the account has no quota left",
        }.get(status or 0, "check the model's name, its limits and the keys endpoint.*")
        return EndpointError(
            f"the service refused the request: {_message(error)}", where=str(self._client.base_url), mend=mend
        )

    def _nonsense(self, what: str) -> EndpointError:
        return EndpointError(f"the service answered with {what}", where=str(self._client.base_url))


def _message(error: Any) -> str:
    status = getattr(error, "status_code", None)
    return f"{status} {error}" if status and str(status) not in str(error) else str(error)
