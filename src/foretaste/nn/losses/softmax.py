"""Cross-entropy over the whole catalogue in bounded memory.

``loss = mean_n [ logsumexp_v(s_nv) - s_n,target ]`` with ``s = states @ table.T / temperature``. The scores of one
chunk of rows live in one reused buffer; their gradient is taken at once, while they are in the cache, so nothing of
size rows × catalogue is kept for the backward pass and nothing is computed twice.

Floor: three products of ``2·N·V·d`` operations (scores, gradient of the states, gradient of the table). Where the
processor multiplies bfloat16 matrices in hardware (AMX, a GPU, or for wide vectors AVX-512) the products run in
bfloat16 and sum in float32: several times the speed of float32, with a relative error of the gradient near 0.03 %. The
target's own part of the gradient is added in float32, so that a share close to 1 loses nothing to rounding.

The catalogue is padded by items that nobody can choose, so that rows of scores begin at whole cache lines
(``nn/lines.py``): on AVX2 with d = 64 the loss then takes three quarters of the time.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from foretaste.nn.items import ItemRepresentation
from foretaste.nn.lines import whole_lines

CHUNK = 512
"""About how many rows of scores at a time: few enough to stay in the cache, many enough for the table's gradient."""

STEP = 64
"""In bfloat16 a multiple of this many: libraries compile a kernel for every new shape, and keep it."""


WIDE = 256
"""From so many columns on the products are nearly all of the loss, and are worth it without AMX, too."""


def fast_bfloat16(device: torch.device, width: int) -> bool:
    """Whether products of ``width`` columns in bfloat16 are faster than in float32 on this device."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    dots = width >= WIDE and torch.cpu._is_avx512_bf16_supported()
    return device.type == "cpu" and bool(dots or torch.cpu._is_amx_tile_supported())


class _LinearCrossEntropy(torch.autograd.Function):
    """Cross-entropy of ``states @ table.T``, mean over states; both gradients are computed in the forward pass."""

    @staticmethod
    def forward(
        ctx: Any,
        states: Tensor,
        table: Tensor,
        targets: Tensor,
        lengths: Tensor | None,
        dtype: torch.dtype,
        workspace: Workspace,
    ) -> Tensor:
        count, size = len(states), len(table)
        owners = torch.arange(count, device=states.device)
        bounds = range(count + 1) if lengths is None else [0, *lengths.cumsum(0).tolist()]
        if lengths is not None:
            owners = torch.repeat_interleave(owners, lengths)
        low = _padded(states, -(-count // STEP) * STEP if dtype == torch.bfloat16 else count, dtype)
        vectors = _padded(table, whole_lines(size), dtype)
        chunk = _chunk(count)
        scores = workspace.get("scores", (min(chunk, len(low)), len(vectors)), dtype, states.device)
        total = states.new_zeros((), dtype=torch.float64)
        state_grad, table_grad = torch.empty_like(states), torch.zeros_like(vectors, dtype=table.dtype)
        for start in range(0, count, chunk):
            stop = min(start + chunk, count)
            rows, mine = low[start : start + chunk], slice(bounds[start], bounds[stop])
            shares = torch.mm(rows, vectors.T, out=scores[: len(rows)])
            shares[:, size:] = -torch.inf
            torch.softmax(shares, dim=1, out=shares)
            right = shares[owners[mine] - start, targets[mine]]
            total -= right.double().clamp_min(1e-30).log().sum()
            if lengths is not None:
                shares[: stop - start] *= lengths[start:stop, None].to(dtype)
            state_grad[start:stop] = (shares @ vectors)[: stop - start]
            _add_product(table_grad, shares.T, rows, workspace)
        table_grad = table_grad[:size]
        state_grad.index_add_(0, owners, table.detach()[targets], alpha=-1)
        table_grad.index_add_(0, targets, states.detach()[owners], alpha=-1)
        ctx.save_for_backward(state_grad, table_grad)
        return (total / count).to(states.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        state_grad, table_grad = ctx.saved_tensors
        scale = grads[0] / len(state_grad)
        return state_grad * scale, table_grad * scale, None, None, None, None


def _add_product(total: Tensor, left: Tensor, right: Tensor, workspace: Workspace) -> None:
    """``total += left @ right``; what is summed in a finer type than it is multiplied in needs a pass of its own."""
    if total.dtype == left.dtype:
        total.addmm_(left, right)
        return
    partial = workspace.get("partial", (len(left), right.shape[1]), left.dtype, left.device)
    total += torch.mm(left, right, out=partial)


def _chunk(count: int) -> int:
    """Rows at a time, some :data:`CHUNK`: a small rest would cost a pass over the table like any other."""
    return -(-count // max(1, round(count / CHUNK)) // STEP) * STEP


def _padded(rows: Tensor, count: int, dtype: torch.dtype) -> Tensor:
    """So many rows, those behind zero."""
    return nn.functional.pad(rows.detach().to(dtype), (0, 0, 0, count - len(rows)))


class Workspace:
    """Buffers that are used again at every step: fresh ones would cost their page faults each time."""

    def __init__(self) -> None:
        self._buffers: dict[tuple[str, torch.dtype, torch.device], Tensor] = {}

    def get(self, name: str, shape: tuple[int, int], dtype: torch.dtype, device: torch.device) -> Tensor:
        """A buffer of at least this many rows; its content is whatever was left there."""
        key = (name, dtype, device)
        held = self._buffers.get(key)
        if held is None or held.shape[1] != shape[1] or held.shape[0] < shape[0]:
            self._buffers[key] = held = torch.empty(shape, dtype=dtype, device=device)
        return held[: shape[0]]


def linear_cross_entropy(
    states: Tensor,
    table: Tensor,
    targets: Tensor,
    *,
    lengths: Tensor | None = None,
    dtype: torch.dtype | None = None,
    workspace: Workspace | None = None,
) -> Tensor:
    """Cross-entropy of the scores ``states @ table.T``, mean over the states.

    Args:
        states: ``(N, d)`` float32.
        table: ``(V, d)`` float32.
        targets: ``(N,)`` int64, or of all states one behind the other, ``(sum(lengths),)``.
        lengths: How many targets each state has, whose losses add up, ``(N,)`` int64; default: one each.
        dtype: Type of the products; default: bfloat16 where it is faster, else float32.
        workspace: Buffers to use again; default: new ones.
    """
    chosen = dtype or (torch.bfloat16 if fast_bfloat16(states.device, states.shape[1]) else torch.float32)
    space = workspace or Workspace()
    loss: Tensor = _LinearCrossEntropy.apply(states, table, targets, lengths, chosen, space)  # type: ignore[no-untyped-call]
    return loss


class SoftmaxLoss(nn.Module):
    """Full softmax cross-entropy: every item that is not the target is a negative.

    Args:
        temperature: Scores are divided by it.
        precision: ``"auto"``, ``"bf16"`` or ``"fp32"``: the type of the large products.

    Attributes:
        whole: It reads the vectors of all items.
    """

    whole = True

    def __init__(self, *, temperature: float = 1.0, precision: str = "auto") -> None:
        super().__init__()
        self.temperature = temperature
        self.workspace = Workspace()
        self.dtype = {"auto": None, "bf16": torch.bfloat16, "fp32": torch.float32}[precision]

    def forward(self, states: Tensor, targets: Tensor, users: Tensor, items: ItemRepresentation) -> Tensor:
        scaled = states / self.temperature if self.temperature != 1.0 else states
        return linear_cross_entropy(scaled, items.table(), targets, dtype=self.dtype, workspace=self.workspace)
