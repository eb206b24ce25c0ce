"""How large a simulated market is and how strongly each force in it acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from foretaste.core.config import option
from foretaste.core.errors import ConfigError


@dataclass(frozen=True)
class MarketConfig:
    """The parameters of :func:`foretaste.data.simulate.simulate`; its module docstring says where each one acts."""

    users: int = option(2000, "How many people shop.")
    items: int = option(1000, "How many items the catalogue lists.")
    seed: int = option(0, "Seed of every random draw; the same config gives the same market, bit for bit.")
    interactions_per_user: float = option(16.0, "Mean number of purchases per user.")
    min_interactions: int = option(6, "Smallest number of purchases per user.")
    length_shape: float = option(
        0.8, "Shape r of the negative binomial above the minimum; smaller gives a longer tail."
    )
    start: int = option(1_640_995_200, "First moment of the market, Unix seconds (default: 2022-01-01).")
    days: int = option(1000, "Length of the market's life in days.")
    zipf: float = option(1.2, "Exponent s of item attention: the item of rank r is met with weight (r + 2)^-s.")
    cold_share: float = option(0.03, "Share of the items that are listed and never shown.")
    new_share: float = option(0.35, "Share of the items that appear while the market runs, at uniform times.")
    slate: int = option(16, "How many items a user looks at before choosing one.")
    follow: float = option(0.42, "Probability that the next kind follows from the newest purchase.")
    resume: float = option(0.28, "Probability that it follows from the purchase before that one.")
    repeat: float = option(
        0.15, "Probability of looking back at an old purchase, which is bought again if it is used up."
    )
    stay: float = option(0.6, "Probability that a session goes on after a purchase.")
    drift: float = option(0.06, "Share of taste variance that is renewed at the start of every session.")
    taste: float = option(1.5, "Weight of a user's taste for style, occasion and material.")
    loyalty: float = option(1.5, "Utility of an item of the brand bought last.")
    thrift: float = option(0.8, "Utility lost for each price level away from the user's own.")
    noise: float = option(0.5, "Scale of the Gumbel noise in every choice.")
    review_share: float = option(0.4, "Share of the purchases that come with a written review.")
    query_share: float = option(0.3, "Share of the purchases that began with a search query.")
    impression_share: float = option(0.3, "Share of the purchases whose slates are logged with click labels.")

    def __post_init__(self) -> None:
        """Refuses sizes and shares that make no market."""
        self._at_least("users", 1)
        self._at_least("items", 20)
        self._at_least("min_interactions", 1)
        self._at_least("interactions_per_user", self.min_interactions)
        self._at_least("slate", 2)
        self._at_least("days", 1)
        self._at_least("seed", 0)
        self._at_least("length_shape", 1e-6)
        for name in ("cold_share", "new_share"):
            self._within(name, 0.0, 0.9)
        for name in ("follow", "resume", "repeat", "review_share", "query_share", "impression_share", "drift"):
            self._within(name, 0.0, 1.0)
        self._within("stay", 0.0, 0.99)
        if self.follow + self.resume > 1.0:
            raise _refused("follow + resume", self.follow + self.resume, "at most 1")

    def _at_least(self, name: str, least: float) -> None:
        value = getattr(self, name)
        if not value >= least:
            raise _refused(name, value, f"{least} or more")

    def _within(self, name: str, low: float, high: float) -> None:
        value = getattr(self, name)
        if not low <= value <= high:
            raise _refused(name, value, f"from {low} to {high}")


def _refused(name: str, value: Any, allowed: str) -> ConfigError:
    return ConfigError(
        f"a market cannot have {name} = {value}",
        where=f"the key {name}",
        allowed=allowed,
        mend=f"choose {name} within these bounds",
    )
