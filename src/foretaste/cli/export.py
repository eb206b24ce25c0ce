"""``foretaste export``: a trained run as one portable folder for a service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foretaste.cli.output import JsonFlag, emit

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.", show_default=False)]
Out = Annotated[Path, typer.Option(help="Folder of the bundle; an older bundle there is replaced.", show_default=False)]
Index = Annotated[
    str, typer.Option(help="auto, exact, flat, ivf, ivfpq, hnsw or qdrant; auto goes by size and memory.")
]
Onnx = Annotated[bool, typer.Option("--onnx", help="Write the sequence encoder as an ONNX graph too.")]
Name = Annotated[str | None, typer.Option(help="What the model is called; default: the run's name.")]


def export(
    run: RunFolder, out: Out, index: Index = "auto", onnx: Onnx = False, name: Name = None, json: JsonFlag = False
) -> None:
    """Write a bundle: weights, catalogue, folded item vectors, index and checksums in one folder that can be moved.

    Nothing in it is executable; whoever opens it checks every file first.

    Examples:

        foretaste export runs/llmemb --out bundles/llmemb

        foretaste export runs/sasrec --out bundles/sasrec --index ivf --onnx
    """
    from foretaste.serving.bundle.write import export_bundle

    done = export_bundle(run, out, index=index, onnx=onnx, name=name)
    facts = {"bundle": str(done.folder), "files": done.files, "bytes": done.bytes, **done.about}
    emit(facts, json, lambda: print(_text(facts)))


def _text(facts: dict[str, object]) -> str:
    index, onnx = facts["index"], facts["onnx"]
    assert isinstance(index, dict)
    lines = [
        f"{facts['bundle']}: {facts['recipe']}, {facts['items']:,} items, {int(str(facts['bytes'])) / 1e6:,.1f} MB",
        f"index     {index['kind']}, recall@10 {index['recall@10']:.4f}",
    ]
    if isinstance(onnx, dict):
        lines.append(f"onnx      differs from torch by {onnx['difference']:.1g}")
    return "\n".join(lines)
