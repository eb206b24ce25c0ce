"""SCFT in a folder: a language model is tuned on a catalogue's prompts, and kept as a folder that opens like any other.

config.json, model.safetensors, modules.json, tokenizer: the tuned model, LoRA merged into its weights
adapter/      LoRA alone, in peft's format
training/     checkpoints and log of the loop
report.json   retrieval of held-out items' views before and after, steps per second, memory
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from foretaste.core.errors import ConfigError
from foretaste.core.files import write_json
from foretaste.data.dataset import Dataset
from foretaste.models.lora import LORA, with_lora
from foretaste.models.scft import SCFT
from foretaste.recipes.scft_config import SCFTConfig
from foretaste.recipes.scft_study import Study
from foretaste.recipes.texts import TextConfig
from foretaste.text.encoders.config import ENDPOINT, MATRIX_SUFFIXES, TFIDF
from foretaste.text.encoders.loading import LanguageModel, load_language_model
from foretaste.text.encoders.opening import device_of
from foretaste.text.encoders.sentence import SentenceHead, read_head
from foretaste.text.prompts.items import ItemPrompts
from foretaste.text.tuned import save_sentence_model
from foretaste.training.config import TrainConfig
from foretaste.training.loop import FitReport, fit
from foretaste.training.memory import peak_memory_mb
from foretaste.training.views import ViewBatches

REPORT, ADAPTER, TRAINING = "report.json", "adapter", "training"


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
    study = Study(data, prompts, language_model, head, text, scft, seed)
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
    study: Study,
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
