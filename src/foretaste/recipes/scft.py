"""SCFT in a folder: a language model is tuned on a catalogue's prompts, and kept as a folder that opens like any other.

config.json, model.safetensors, modules.json, tokenizer: the tuned model, LoRA merged into its weights
adapter/      LoRA alone, in peft's format
training/     checkpoints and log of the loop
report.json   retrieval of held-out items' views before and after, steps per second, memory
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from foretaste.core.config import option
from foretaste.core.errors import ConfigError
from foretaste.core.files import write_json
from foretaste.data.dataset import Dataset
from foretaste.models.scft import LORA, SCFT, mean_cosine, two_view_recall, with_lora
from foretaste.recipes.texts import TextConfig
from foretaste.text.clause_tokens import Ids, clause_tokens
from foretaste.text.encoders.batching import padded
from foretaste.text.encoders.config import ENDPOINT, MATRIX_SUFFIXES, TFIDF
from foretaste.text.encoders.loading import LanguageModel, load_language_model
from foretaste.text.encoders.opening import device_of
from foretaste.text.encoders.sentence import SentenceHead, read_head
from foretaste.text.encoders.tokens import tokenise
from foretaste.text.prompts.items import ItemPrompts
from foretaste.text.tuned import save_sentence_model
from foretaste.text.views import AttributeViews, duplicates
from foretaste.training.config import TrainConfig
from foretaste.training.loop import FitReport, fit
from foretaste.training.memory import peak_memory_mb
from foretaste.training.views import ViewBatches

REPORT, ADAPTER, TRAINING = "report.json", "adapter", "training"
MEASURED = 64
"""Items encoded at once when measuring."""


@dataclass(frozen=True)
class SCFTConfig:
    """How the encoder is tuned."""

    enabled: bool = option(True, "Whether the encoder is tuned; false is the paper's ablation without SCFT.")
    tuned: str = option("", "Folder of an encoder tuned before (`foretaste text tune`, or a run) to use instead.")
    drop: float = option(
        0.4, "Share of its attributes that each view of an item leaves out.", paper="0.4 (scripts)", low=0, high=0.99
    )
    static_views: bool = option(False, "Show the same two views in every epoch.", paper="true in the code")
    lora_rank: int = option(8, "Rank of the LoRA updates.", paper="8", low=1)
    lora_alpha: float = option(32.0, "The updates are scaled by it over the rank.", paper="32", low=0)
    lora_dropout: float = option(0.1, "Dropout on the updates' inputs.", paper="0.1", low=0, high=0.99)
    loss: str = option(
        "infonce",
        "InfoNCE of cosines, or the released code's soft-target loss.",
        choices=("infonce", "soft-clip"),
        paper="infonce in the paper, soft-clip in the code",
    )
    temperature: float = option(0.05, "Of the loss; where it starts if it learns.", paper="3, learnt (code)", low=1e-3)
    learn_temperature: bool = option(False, "Whether the temperature is trained too.", paper="true in the code")
    batch: int = option(64, "Items in a batch, each the others' negative.", paper="64; 32 on Beauty", low=2)
    epochs: int = option(3, "Passes over the catalogue at the most.", paper="4,000 steps: 9 to 217 passes", low=1)
    lr: float = option(2e-4, "Learning rate, falling linearly to zero.", paper="2e-4", low=0)
    warmup_steps: int = option(20, "Steps over which the learning rate rises.", paper="0", low=0)
    max_tokens: int = option(96, "Most tokens of a view.", paper="1,023", low=8)
    heldout: float = option(0.05, "Share of items kept out to measure the encoder on.", low=0.0, high=0.5)
    heldout_most: int = option(1000, "Most items kept out.", low=2)
    checkpointing: bool = option(False, "Compute activations twice to save memory; for large models.", paper="true")


def tune(
    folder: Path, data: Dataset, prompts: ItemPrompts, text: TextConfig, scft: SCFTConfig, seed: int, *, writes: bool
) -> tuple[LanguageModel, SentenceHead]:
    """Tunes an encoder in a folder, going on from what it finds there.

    Args:
        folder: Where model, adapter, report and checkpoints are kept.
        data: Whose items.
        prompts: What is told of them.
        text: The encoder to start from.
        scft: How it is tuned.
        seed: Of the views, the order and the new weights.
        writes: Whether this process keeps the books, among those that train together.

    Returns:
        The tuned model, LoRA merged into its weights, and what follows its states.
    """
    language_model, head = _open(text)
    study = _Study(data, prompts, language_model, head, text, scft, seed)
    torch.manual_seed(seed)
    model = _network(language_model.model, head, scft).to(device_of(text)).eval()
    before = study.measure(model)
    fitted = fit(
        model,
        ViewBatches(study.views, study.train, study.groups, size=scft.batch, seed=seed),
        _loop_keys(scft, device_of(text)),
        folder=folder / TRAINING,
        validate=lambda: study.measure(model),
        seed=seed,
        choose_by="r@1",
    )
    after = study.measure(model.eval())
    report = _report(language_model, model, study, fitted, before, after)
    if writes:
        model.model.save_pretrained(folder / ADAPTER)  # type: ignore[operator]
    merged = replace(language_model, model=model.model.merge_and_unload())  # type: ignore[operator]
    if writes:
        save_sentence_model(folder, merged, head)
        write_json(folder / REPORT, report)
    return merged, head


def _network(model: nn.Module, head: SentenceHead, scft: SCFTConfig) -> SCFT:
    """The language model with LoRA in it, and the loss."""
    wrapped = with_lora(model, rank=scft.lora_rank, alpha=scft.lora_alpha, dropout=scft.lora_dropout)
    if scft.checkpointing:
        wrapped.enable_input_require_grads()  # type: ignore[operator]
        model.gradient_checkpointing_enable()  # type: ignore[operator]
    return SCFT(
        wrapped,
        pooling=head.pooling,
        head=nn.Sequential(*head.layers),
        temperature=scft.temperature,
        learn_temperature=scft.learn_temperature,
        loss=scft.loss,
    )


class _Study:
    """What is trained on, and what is kept out to measure on."""

    def __init__(
        self,
        data: Dataset,
        prompts: ItemPrompts,
        language_model: LanguageModel,
        head: SentenceHead,
        text: TextConfig,
        scft: SCFTConfig,
        seed: int,
    ) -> None:
        tokens = clause_tokens(
            prompts,
            language_model.tokenizer,
            prefix=head.prefix,
            lower_case=head.lower_case,
            append_eos=text.append_eos,
        )
        limits = [scft.max_tokens, text.max_tokens, head.max_tokens, language_model.max_positions]
        limit = min(n for n in limits if n is not None)
        pad = language_model.pad_id
        self.views = AttributeViews(tokens, drop=scft.drop, seed=seed, limit=limit, pad=pad, static=scft.static_views)
        self.fixed = AttributeViews(tokens, drop=scft.drop, seed=seed + 1, limit=limit, pad=pad, static=True)
        texts = prompts.texts()
        self.groups = duplicates(texts, data.titles())
        order = np.random.default_rng([seed, 1]).permutation(len(prompts)).astype(np.int64)
        kept_out = min(scft.heldout_most, round(scft.heldout * len(order)))
        self.heldout, self.train = np.sort(order[:kept_out]), np.sort(order[kept_out:])
        self.heldout = self.heldout if kept_out > 1 else self.train[: scft.heldout_most]
        fold = str.lower if head.lower_case else str
        full = [fold(head.prefix + texts[item]) for item in self.heldout]
        self.full, _ = tokenise(language_model, full, limit, append_eos=text.append_eos)

    def measure(self, model: SCFT) -> dict[str, float]:
        """R@1 between two fixed views of held-out items, and the mean cosine of their full prompts."""
        blocks = np.array_split(self.heldout, -(-len(self.heldout) // MEASURED))
        x, y = (_embed(model, (self.fixed.batch(block, 0, view) for block in blocks)) for view in (0, 1))
        rows = (self.full[start : start + MEASURED] for start in range(0, len(self.full), MEASURED))
        whole = _embed(model, ((np.asarray(padded(part, self.fixed.pad)[0]), _lengths(part)) for part in rows))
        groups = torch.from_numpy(self.groups[self.heldout])
        return {"r@1": two_view_recall(x, y, groups), "cosine": mean_cosine(whole)}


@torch.inference_mode()
def _embed(model: SCFT, blocks: Iterable[tuple[Ids, Ids]]) -> Tensor:
    """Vectors of blocks of token ids and lengths, on the CPU."""
    device = next(model.parameters()).device
    found = (model.embed(*(torch.from_numpy(part).to(device) for part in block)).cpu() for block in blocks)
    return torch.cat(list(found))


def _lengths(rows: Sequence[Sequence[int]]) -> Ids:
    return np.array([len(row) for row in rows], dtype=np.int64)


def _open(text: TextConfig) -> tuple[LanguageModel, SentenceHead]:
    """The language model that a config names, and its head with the config's own words in it.

    Raises:
        ConfigError: If what it names is no language model whose weights are at hand.
    """
    if text.encoder == TFIDF or text.encoder.startswith(ENDPOINT) or text.encoder.endswith(MATRIX_SUFFIXES):
        raise ConfigError(
            f"text.encoder={text.encoder} cannot be tuned: there are no weights of a language model",
            allowed="minilm, or a folder, GGUF file or hub name of a language model",
            mend="set scft.enabled=false, or give another text.encoder",
        )
    language_model = load_language_model(text.encoder, device=device_of(text))
    head = read_head(language_model.source)
    pooling = head.pooling if text.pooling == "auto" else text.pooling
    return language_model, replace(head, pooling=pooling, prefix=text.prefix or head.prefix)


def _loop_keys(scft: SCFTConfig, device: str) -> TrainConfig:
    return TrainConfig(
        epochs=scft.epochs,
        lr=scft.lr,
        beta2=0.999,
        schedule="linear",
        warmup_steps=scft.warmup_steps,
        clip=1.0,
        patience=max(scft.epochs, 1),
        device=device,
    )


def _report(
    language_model: LanguageModel,
    model: SCFT,
    study: _Study,
    fitted: FitReport,
    before: dict[str, float],
    after: dict[str, float],
) -> dict[str, Any]:
    cuda = next(model.parameters()).is_cuda
    return {
        "encoder": language_model.name,
        "parameters": sum(p.numel() for n, p in language_model.model.named_parameters() if LORA not in n),
        "trained": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "items": len(study.train),
        "heldout": len(study.heldout),
        "before": before,
        "after": after,
        "temperature": float(model.log_temperature.detach().exp()),
        "epochs": fitted.epochs,
        "best_epoch": fitted.best_epoch,
        "steps": fitted.steps,
        "seconds": round(fitted.seconds, 2),
        "steps_per_second": round(fitted.steps / max(fitted.seconds, 1e-9), 4),
        "peak_memory_mb": torch.cuda.max_memory_allocated() >> 20 if cuda else peak_memory_mb(),
        "threads": torch.get_num_threads(),
    }
