"""``foretaste text tune``: fine-tune an encoder on a catalogue, by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from foretaste.cli.output import JsonFlag, emit

Data = Annotated[Path, typer.Option(help="Data folder in the tidy form.", show_default=False)]
Out = Annotated[Path, typer.Option(help="Folder of the tuned encoder.", show_default=False)]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="TOML file of settings.", show_default=False)]
Overrides = Annotated[
    list[str] | None,
    typer.Argument(metavar="[KEY=VALUE]...", help="Settings: seed, text.… and scft.… as `foretaste show llmemb` says."),
]


def text_tune(
    data: Data, out: Out, overrides: Overrides = None, config: ConfigFile = None, json: JsonFlag = False
) -> None:
    """Fine-tune a language model on a catalogue's prompts: LLMEmb's SCFT, two views of each item, LoRA.

    The same command goes on with a tuning that was stopped. Runs use the result with scft.tuned=FOLDER (or, for any
    recipe that reads texts, text.encoder=FOLDER).

    Examples:

        foretaste text tune --data data/beauty --out encoders/beauty

        foretaste text tune --data data/beauty --out encoders/qwen text.encoder=Qwen/Qwen3-0.6B text.pooling=mean

        foretaste train llmemb --data data/beauty --out runs/llmemb scft.tuned=encoders/beauty
    """
    from foretaste.recipes.tuning import tune_alone

    report = tune_alone(data, out, overrides or [], config_file=config)
    emit({"folder": str(out), **report}, json, lambda: _show(report, out))


def _show(report: dict[str, Any], out: Path) -> None:
    before, after = report["before"], report["after"]
    print(f"two-view R@1   {before['r@1']:.4f} before, {after['r@1']:.4f} after ({report['heldout']:,} items held out)")
    print(f"mean cosine    {before['cosine']:.4f} before, {after['cosine']:.4f} after")
    print(f"speed          {report['steps_per_second']:.3g} steps a second, {report['peak_memory_mb']:,} MB")
    print(f"encoder: {out}")
