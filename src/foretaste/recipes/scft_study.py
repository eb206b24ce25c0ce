"""What SCFT trains on, and what is kept out to measure the encoder on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from foretaste.data.dataset import Dataset
from foretaste.models.scft import SCFT
from foretaste.models.scft_measures import mean_cosine, two_view_recall
from foretaste.recipes.scft_config import SCFTConfig
from foretaste.recipes.texts import TextConfig
from foretaste.text.clause_tokens import Ids, clause_tokens
from foretaste.text.encoders.batching import padded
from foretaste.text.encoders.loading import LanguageModel
from foretaste.text.encoders.sentence import SentenceHead
from foretaste.text.encoders.tokens import tokenise
from foretaste.text.prompts.items import ItemPrompts
from foretaste.text.views import AttributeViews, duplicates

MEASURED = 64
"""Items encoded at once when measuring."""


class Study:
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
