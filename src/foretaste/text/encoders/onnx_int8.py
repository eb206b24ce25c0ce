"""Products of an ONNX graph in 8-bit integers.

Weights are rounded once, with a scale for each output column, to six bits and a sign: a processor with AVX2 alone adds
two products of an unsigned and a signed byte in 16 bits, and 2 · 255 · 64 is the most that fits there. Unsigned weights
would need no such care and a quarter more time. Activations are rounded as they come, with one scale for a whole batch,
which is what the fast kernel can do. One large channel then costs all others their precision, and language models have
such channels, the same for every text (massive activations, mostly at the first token: arXiv 2402.17762). They are made
smaller before the product and the weights' rows larger, as SmoothQuant does (arXiv 2211.10438, equation 3), but only
these few: scaling all of them hurts.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretaste.core.extras import require

Floats = NDArray[np.float32]
OUTLIER = 4.0  # a channel is large beyond this many times the median channel; .996 mean cosine on MiniLM, .991 without
LARGEST = 64  # of a rounded weight, so that no pair of products leaves 16 bits
SMALLEST = 64  # products with a smaller weight stay in 32 bits


@dataclass(frozen=True)
class Product:
    """A product with a constant matrix, and the bias added to it.

    Attributes:
        node: The ``MatMul``.
        weight: ``(K, N)``.
        bias: ``(N,)``, or None.
        add: The node that adds it.
    """

    node: Any
    weight: Floats
    bias: Floats | None
    add: Any | None

    @property
    def source(self) -> str:
        """Name of the activations that go in."""
        return str(self.node.input[0])

    @property
    def target(self) -> str:
        """Name of the result, bias included."""
        return str((self.node if self.add is None else self.add).output[0])


def products(model: Any) -> list[Product]:
    """The products of a graph that are worth 8 bits."""
    numpy_helper = require("onnx.numpy_helper", extra="onnx", why="int8=true")
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    readers = defaultdict(list)
    for node in model.graph.node:
        for name in node.input:
            readers[name].append(node)
    found = []
    for node in model.graph.node:
        if node.op_type != "MatMul" or node.input[1] not in constants:
            continue
        dims = list(constants[node.input[1]].dims)
        if len(dims) == 2 and min(dims) >= SMALLEST:
            add, bias = _bias(node, dims[1], readers[node.output[0]], constants)
            weight = numpy_helper.to_array(constants[node.input[1]])
            found.append(Product(node, weight, None if bias is None else numpy_helper.to_array(bias), add))
    return found


def quantise(model: Any, largest: dict[str, Floats]) -> None:
    """Replaces the products of a graph, in place.

    Args:
        model: An ONNX model in 32 bits.
        largest: For the input of each product, the largest absolute value of every channel, ``(K,)``.
    """
    helper = require("onnx.helper", extra="onnx", why="int8=true")
    put: dict[str, list[Any]] = {}  # by the name of what a node gives, as nodes have no identity of their own
    fresh: list[Any] = []
    scaled: dict[str, str] = {}
    for number, product in enumerate(products(model)):
        scale = outlier_scale(largest[product.source])
        nodes = []
        if product.source not in scaled:
            scaled[product.source] = product.source
            if (scale != 1).any():
                scaled[product.source] = f"{product.source}_levelled"
                fresh.append(_constant(f"level_{number}", 1 / scale))
                nodes.append(helper.make_node("Mul", [product.source, f"level_{number}"], [scaled[product.source]]))
        names, tensors = _weights(number, product, scale)
        fresh += tensors
        source = scaled[product.source]
        nodes.append(
            helper.make_node("DynamicQuantizeMatMul", [source, *names], [product.target], domain="com.microsoft")
        )
        put |= {product.target: [], product.node.output[0]: nodes}
    kept = [new for node in model.graph.node for new in put.get(node.output[0], [node])]
    _replace(model, kept, fresh)


def outlier_scale(largest: Floats) -> Floats:
    """What each channel is divided by before the product, ``(K,)``: 1 but for the few that stand out."""
    usual = max(float(np.median(largest)), 1e-12)
    scale: Floats = np.maximum(largest / np.float32(OUTLIER * usual), np.float32(1))
    return scale


def _weights(number: int, product: Product, scale: Floats) -> tuple[list[str], list[Any]]:
    """Names and tensors of rounded weight, its column scales, its zero point and the bias."""
    weight = product.weight * scale[:, None]
    step = np.abs(weight).max(axis=0) / LARGEST
    step = np.where(step > 0, step, 1).astype(np.float32)
    rounded = np.rint(weight / step).astype(np.int8)
    bias = product.bias if product.bias is not None else np.zeros(len(step), dtype=np.float32)
    parts = {"weight": rounded, "step": step, "zero": np.zeros(len(step), dtype=np.int8), "bias": bias}
    names = [f"int8_{number}_{part}" for part in parts]
    return names, [_constant(name, array) for name, array in zip(names, parts.values(), strict=True)]


def _bias(node: Any, width: int, readers: list[Any], constants: dict[str, Any]) -> tuple[Any | None, Any | None]:
    """The addition of a constant ``(width,)`` that alone reads the product."""
    if len(readers) == 1 and readers[0].op_type == "Add":
        others = [name for name in readers[0].input if name != node.output[0]]
        if len(others) == 1 and others[0] in constants and list(constants[others[0]].dims) == [width]:
            return readers[0], constants[others[0]]
    return None, None


def _replace(model: Any, nodes: list[Any], fresh: list[Any]) -> None:
    helper = require("onnx.helper", extra="onnx", why="int8=true")
    read = {name for node in nodes for name in node.input}
    tensors = [tensor for tensor in model.graph.initializer if tensor.name in read]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    del model.graph.initializer[:]
    model.graph.initializer.extend([*tensors, *fresh])
    if all(opset.domain != "com.microsoft" for opset in model.opset_import):
        model.opset_import.append(helper.make_opsetid("com.microsoft", 1))


def _constant(name: str, array: NDArray[Any]) -> Any:
    return require("onnx.numpy_helper", extra="onnx", why="int8=true").from_array(np.ascontiguousarray(array), name)
