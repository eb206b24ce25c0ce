"""A program of its own that draws a map by t-SNE, so that the service's own process goes on answering.

It reads vectors ``(n, d)`` in NumPy's format from standard input and writes places ``(n, 2)`` to standard output.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys

import numpy as np
from numpy.typing import NDArray

from foretaste.evaluation.embedding_map import tsne, unit_square


def places_of(content: bytes) -> bytes:
    """Places for the vectors in a NumPy file, as a NumPy file."""
    vectors: NDArray[np.float32] = np.load(io.BytesIO(content), allow_pickle=False)
    out = io.BytesIO()
    np.save(out, unit_square(tsne(vectors.astype(np.float64), 0)), allow_pickle=False)
    return out.getvalue()


def main() -> None:
    """Draws one map; gives way to everything else on the machine."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(10)
    sys.stdout.buffer.write(places_of(sys.stdin.buffer.read()))


if __name__ == "__main__":
    main()
