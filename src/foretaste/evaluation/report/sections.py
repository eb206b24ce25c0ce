"""The figures of the report: their titles, what draws them, and what a reader has to know."""

from __future__ import annotations

from collections.abc import Callable

from foretaste.evaluation.compare import Comparison
from foretaste.evaluation.report import bins, experts, figures

FIGURES: tuple[tuple[str, Callable[[Comparison], str | None], str], ...] = (
    (
        "Accuracy",
        figures.overview,
        "A mark is the mean over users, its line the 95 % bootstrap interval. Two lines may overlap and the difference "
        "still be sure, because the same users are asked: the paired tests above decide.",
    ),
    (
        "Learning",
        figures.curves,
        "One line for each seed; the mark is the best epoch, whose weights were kept. Losses of different kinds have "
        "different scales, so each is shown against its own first epoch.",
    ),
    (
        "Who is served",
        bins.by_bins,
        "Items are binned so that each bin holds about the same number of training interactions. Bars show "
        "the standard deviation over seeds.",
    ),
    (
        "Who is served, in the papers' bins",
        bins.by_papers_bins,
        "The popularity thresholds of two papers on the long tail, which suit catalogues like theirs. Popularity is "
        "counted on the training part only, where the papers count test interactions too.",
    ),
    (
        "From hot to cold",
        bins.by_frequency,
        "Items by falling frequency, cut so that each bin holds a tenth of the training interactions: the bins of PAD, "
        "whose gate goes by them. The last one also has the items that training never saw.",
    ),
    (
        "What the gate weighs",
        experts.gates,
        "Weights of a model's experts by how often the scored item occurs in training; means over seeds.",
    ),
    (
        "What alignment keeps",
        experts.forgetting,
        "Are the items of a history still as far from the right answer, and from a wrong one that is as popular, as "
        "before the alignment with text? Kendall's tau between all these distances: 1 is the same order, 0 none of it.",
    ),
    (
        "Head and tail",
        figures.head_and_tail,
        "Head items are the most popular fifth, head users the fifth with the longest histories (strong colour); tail "
        "is everything else (pale).",
    ),
    (
        "What is recommended",
        figures.exposure,
        "Grey bars: what users really took. Dotted: the catalogue. A model whose line lies to the right of the bars "
        "shows popular items more often than users take them.",
    ),
)
