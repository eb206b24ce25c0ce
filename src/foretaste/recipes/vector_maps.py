"""What is done to text vectors between the encoder and the network: affine maps, kept in files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from foretaste.core.files import write_atomic

Map = tuple[Tensor, Tensor]
"""Mean ``(D,)`` and matrix ``(D, k)``: what the next one reads is ``(x - mean) @ matrix``."""

PAIR = ("mean", "matrix")


def as_map(mean: Tensor, matrix: Tensor) -> Map:
    """The map ``(x - mean) @ matrix``.

    Args:
        mean: ``(D,)``.
        matrix: ``(D, k)``, or a scalar that multiplies all columns.
    """
    full = matrix if matrix.ndim == 2 else torch.eye(len(mean), dtype=torch.float64) * matrix
    return mean.double(), full.double()


def mapped(vectors: Tensor, maps: Sequence[Map]) -> Tensor:
    """Vectors after all maps, float32."""
    if not maps:
        return vectors.float()
    rows = vectors.double()
    for mean, matrix in maps:
        rows = (rows - mean) @ matrix
    return rows.float()


def made_once(file: Path, make: Callable[[], Map]) -> Map:
    """A map as it is kept in a file, or made now and kept there."""
    if not file.is_file():
        made = make()
        _write(file, dict(zip(PAIR, made, strict=True)))
    kept = load_file(file)
    return kept[PAIR[0]], kept[PAIR[1]]


def save_maps(file: Path, maps: Sequence[Map]) -> None:
    """Writes maps in their order; :func:`load_maps` reads them back."""
    _write(file, {f"{name}.{i}": part for i, one in enumerate(maps) for name, part in zip(PAIR, one, strict=True)})


def load_maps(file: Path) -> tuple[Map, ...]:
    """The maps of a file; none where there is no file."""
    if not file.is_file():
        return ()
    tensors = load_file(file)
    return tuple((tensors[f"{PAIR[0]}.{i}"], tensors[f"{PAIR[1]}.{i}"]) for i in range(len(tensors) // 2))


def _write(file: Path, tensors: dict[str, Tensor]) -> None:
    write_atomic(file, lambda part: save_file({name: one.contiguous() for name, one in tensors.items()}, part))
