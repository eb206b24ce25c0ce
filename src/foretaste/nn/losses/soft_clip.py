"""The contrastive loss with soft targets of LLMEmb's released code, for parity with it only.

Vectors are compared by plain inner products, and each item's target is a distribution over the batch that the vectors
themselves give, so that items alike are pulled together. Other than a cosine InfoNCE it has no fixed scale: the targets
sharpen with ``t`` while the logits flatten, and its rows and columns are not symmetric (the transposed targets of the
second direction do not sum to one). The released code computes it in float16, where long vectors overflow; here it is
float32.
"""

from __future__ import annotations

import torch
from torch import Tensor


def soft_clip(x: Tensor, y: Tensor, temperature: Tensor | float, *, detach: bool = False) -> Tensor:
    """``mean_i ½ [ CE(T_i, L_i) + CE((Tᵀ)_i, (Lᵀ)_i) ]`` with ``L = XYᵀ/t``, ``T = softmax(½ (XXᵀ + YYᵀ) t)``.

    ``CE(t, l) = -Σ_j t_j log softmax(l)_j``.

    Args:
        x: ``X``, ``(n, d)``.
        y: ``Y``, ``(n, d)``.
        temperature: ``t``: it multiplies in the targets and divides in the logits, as in the released code.
        detach: Whether no gradient goes through the targets (the released code lets it).
    """
    x, y = x.float(), y.float()
    logits = x @ y.T / temperature
    targets = torch.softmax((x @ x.T + y @ y.T) / 2 * temperature, dim=1)
    targets = targets.detach() if detach else targets
    forth = -(targets * torch.log_softmax(logits, dim=1)).sum(1)
    back = -(targets.T * torch.log_softmax(logits.T, dim=1)).sum(1)
    return (forth + back).mean() / 2
