"""The generating process does what its docstring says."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import stats

from foretaste.data.simulate import Market, MarketConfig, simulate
from foretaste.data.simulate.catalogue import BRANDS, NUM_STYLES, STYLE_KEYS, Goods, kind_shares, stock
from foretaste.data.simulate.clock import history_lengths, visits
from foretaste.data.simulate.impressions import CLICK_EDGE, clicks
from foretaste.data.simulate.moments import Slates
from foretaste.data.simulate.reviews import stars
from foretaste.data.simulate.shelves import Shelves
from foretaste.data.simulate.tastes import Tastes, utility
from foretaste.data.simulate.words import KINDS

FOLLOWERS = {kind.names[0]: kind.then for kind in KINDS}


@pytest.fixture(scope="module")
def shop() -> Market:
    return simulate(MarketConfig(users=2000, items=600, seed=1, repeat=0.0, impression_share=0.0, review_share=0.0))


@pytest.fixture(scope="module")
def steps(shop: Market) -> pl.DataFrame:
    """Each purchase with its kind and brand, and those of the two purchases before it."""
    known = shop.latents.select("item_id", "kind", "brand", "domain", "style", "occasion")
    table = shop.interactions.join(known, on="item_id", how="left", maintain_order="left")
    back = [pl.col(c).shift(n).over("user_id").alias(f"{c}_{n}") for c in ("kind", "brand", "domain") for n in (1, 2)]
    return table.with_columns(back).drop_nulls("kind_2")


def goods(items: int = 4000) -> Goods:
    rng = np.random.default_rng(0)
    return stock(rng, MarketConfig(items=items), kind_shares(rng, len(KINDS)))


def test_history_lengths_are_negative_binomial() -> None:
    config = MarketConfig(users=40_000, interactions_per_user=12.0, min_interactions=3, length_shape=0.8)
    extra = history_lengths(np.random.default_rng(0), config) - 3
    top = 60
    seen = np.bincount(np.minimum(extra, top), minlength=top + 1)
    law = stats.nbinom(0.8, 0.8 / (0.8 + 9.0))
    expected = law.pmf(np.arange(top + 1))
    expected[top] = law.sf(top - 1)
    assert stats.chisquare(seen, expected * len(extra)).pvalue > 1e-3


def test_sessions_go_on_with_the_stated_probability() -> None:
    lengths = np.full(2000, 20)
    opens = visits(np.random.default_rng(0), MarketConfig(stay=0.6), lengths).opens.reshape(2000, 20)
    assert opens[:, 0].all()
    later = opens[:, 1:]
    assert stats.binomtest(int(later.sum()), later.size, 0.4).pvalue > 1e-3


def test_times_rise_within_a_user_and_stay_in_the_market() -> None:
    config = MarketConfig()
    lengths = np.random.default_rng(1).integers(1, 40, size=500)
    when = visits(np.random.default_rng(0), config, lengths)
    owner = np.repeat(np.arange(500), lengths)
    assert (np.diff(when.times)[owner[1:] == owner[:-1]] > 60).all()
    assert when.times.min() > config.start
    assert when.times.max() < config.start + (config.days + 2) * 86_400


def test_shelves_show_by_attention_what_is_born() -> None:
    n = 6
    config = MarketConfig(items=400)
    rng = np.random.default_rng(0)
    stocked = stock(rng, config, kind_shares(rng, 20))
    shelves = Shelves.fill(stocked, 20)
    kind = int(np.argmax(np.bincount(stocked.kind)))
    moment = int(np.median(stocked.birth[stocked.birth > config.start]))
    drawn = shelves.draw(rng, np.full(20_000, kind, dtype=np.int32), np.full(20_000, moment), n)
    weights = np.where((stocked.kind == kind) & (stocked.birth <= moment), stocked.attention, 0.0)
    counts = np.bincount(drawn.ravel(), minlength=400)
    assert not counts[weights == 0].any()
    shown = weights > 0
    assert shown.sum() > 3
    assert stats.chisquare(counts[shown], drawn.size * weights[shown] / weights.sum()).pvalue > 1e-3


def test_brands_keep_a_house_style() -> None:
    made = goods()
    own = np.array([STYLE_KEYS.index(b.style) for b in BRANDS])[made.brand]
    expected = 0.6 + 0.4 / NUM_STYLES
    assert stats.binomtest(int((made.style == own).sum()), len(made), expected).pvalue > 1e-3


def test_attention_is_zipf() -> None:
    made = goods()
    falling = np.sort(made.attention[made.attention > 0])[::-1]
    ranks = np.searchsorted(-((np.arange(4000) + 3.0) ** -1.2), -falling, side="left")
    assert np.allclose(falling, (ranks + 3.0) ** -1.2)
    assert len(falling) == 4000 - round(0.03 * 4000)


def test_drift_keeps_the_spread_and_forgets_at_the_stated_rate() -> None:
    rng = np.random.default_rng(0)
    tastes = Tastes.draw(rng, 4000, 4)
    before = tastes.style.copy()
    level = tastes.level.copy()
    for _ in range(5):
        tastes.drift(rng, np.arange(4000), 0.1)
    correlation = np.corrcoef(before.ravel(), tastes.style.ravel())[0, 1]
    assert abs(correlation - 0.9**2.5) < 0.02
    assert abs(tastes.style.std() - 1.0) < 0.02
    assert abs(tastes.domain.std() - 1.5) < 0.04
    assert np.array_equal(level, tastes.level)


def test_utility_is_the_stated_sum() -> None:
    config, made = MarketConfig(), goods(500)
    rng = np.random.default_rng(0)
    tastes = Tastes.draw(rng, 7, 4)
    slate = rng.integers(500, size=(7, 5)).astype(np.int32)
    last = made.brand[slate[:, 2]]
    worth = utility(config, made, tastes, slate, last)
    for u in range(7):
        for place in range(5):
            item = slate[u, place]
            liked = tastes.style[u, made.style[item]] + tastes.occasion[u, made.occasion[item]]
            liked += tastes.family[u, made.family[item]]
            naive = config.taste * liked - config.thrift * abs(made.level[item] - tastes.level[u])
            naive += made.quality[item] + config.loyalty * (made.brand[item] == last[u]) - 0.4 * np.log(place + 1)
            assert worth[u, place] == pytest.approx(naive, abs=1e-4)


def test_the_next_kind_follows_from_the_last_one(steps: pl.DataFrame) -> None:
    """A tent makes a sleeping bag many times as likely as it is otherwise, and not the other way round."""
    first = steps["kind_1"].replace_strict({k: then[0] for k, then in FOLLOWERS.items()})
    rate = float((first == steps["kind"]).mean())  # type: ignore[arg-type]
    assert 0.42 * 0.55 < rate < 0.42 * 0.55 + 0.12
    shares = dict(steps["kind"].value_counts(normalize=True).iter_rows())
    by_chance = float(np.mean([shares.get(kind, 0.0) for kind in first]))
    assert rate > 6 * by_chance
    tents, bags = steps.filter(pl.col("kind_1") == "tent"), steps.filter(pl.col("kind_1") == "sleeping bag")
    forth, back = (tents["kind"] == "sleeping bag").mean(), (bags["kind"] == "tent").mean()
    assert forth > 3 * back  # type: ignore[operator]


def test_an_older_purchase_still_calls_for_its_follower(steps: pl.DataFrame) -> None:
    """Second-order structure: beyond the newest purchase, the one before it matters."""
    rest = steps.filter(
        ~pl.struct("kind", "kind_1").map_elements(
            lambda r: r["kind"] in FOLLOWERS[r["kind_1"]], return_dtype=pl.Boolean
        )
    )
    older = rest["kind_2"].replace_strict({k: then[0] for k, then in FOLLOWERS.items()})
    shuffled = older.sample(fraction=1.0, shuffle=True, seed=0)
    assert (older == rest["kind"]).mean() > 4 * (shuffled == rest["kind"]).mean()  # type: ignore[operator]


def test_people_come_back_to_a_brand(steps: pl.DataFrame) -> None:
    same = steps.filter(pl.col("domain") == pl.col("domain_1"))
    loyal = float((same["brand"] == same["brand_1"]).mean())  # type: ignore[arg-type]
    shuffled = same.with_columns(pl.col("brand_1").shuffle(seed=0).over("domain"))
    assert loyal > 1.4 * float((shuffled["brand"] == shuffled["brand_1"]).mean())  # type: ignore[arg-type]


def test_people_have_tastes(steps: pl.DataFrame) -> None:
    """Purchases five steps apart agree in style, occasion and brand more often than those of different users."""
    for attribute, lift in (("style", 1.2), ("occasion", 1.15), ("brand", 1.5)):
        column = pl.col(attribute)
        pairs = steps.select(column, column.shift(5).over("user_id").alias("earlier")).drop_nulls()
        own = float((pairs[attribute] == pairs["earlier"]).mean())  # type: ignore[arg-type]
        foreign = float((pairs[attribute] == pairs["earlier"].shuffle(seed=0)).mean())  # type: ignore[arg-type]
        assert own > lift * foreign, attribute


def test_popularity_has_a_long_tail(shop: Market) -> None:
    counts = np.sort(shop.interactions["item_id"].value_counts()["count"].to_numpy())[::-1]
    head = counts[: len(counts) // 5].sum() / counts.sum()
    assert 0.5 < head < 0.8
    assert counts[0] > 6 * np.median(counts)


def test_used_up_goods_are_bought_again_and_others_hardly() -> None:
    made = simulate(MarketConfig(users=500, items=800, repeat=0.3, impression_share=0.0))
    again = made.interactions.group_by("user_id", "item_id").len().filter(pl.col("len") > 1)
    used_up = {kind.names[0] for kind in KINDS if kind.used_up}
    kinds = again.join(made.latents, on="item_id")["kind"]
    assert len(kinds) > 100
    assert kinds.is_in(list(used_up)).mean() > 0.8  # type: ignore[operator]


def test_clicks_follow_the_stated_curve() -> None:
    rng = np.random.default_rng(0)
    rows, width = 4000, 6
    items = np.tile(np.arange(width, dtype=np.int32), (rows, 1))
    worth = np.tile(np.linspace(-1, 4, width, dtype=np.float32), (rows, 1))
    shown = clicks(rng, [Slates(np.arange(rows), items, worth, np.full(rows, -1))], width)
    for item in range(width):
        expected = 1 / (1 + np.exp(CLICK_EDGE - worth[0, item]))
        hits = shown.label[shown.item == item]
        assert stats.binomtest(int(hits.sum()), len(hits), float(expected)).pvalue > 1e-4


def test_an_item_that_stands_twice_is_shown_once() -> None:
    items = np.array([[5, 7, 5, 9]], dtype=np.int32)
    worth = np.full((1, 4), -50.0, dtype=np.float32)
    shown = clicks(np.random.default_rng(0), [Slates(np.array([0]), items, worth, np.array([2]))], 4)
    assert shown.item.tolist() == [5, 7, 9]
    assert shown.position.tolist() == [1, 2, 3]
    assert shown.bought.tolist() == shown.label.tolist() == [1, 0, 0]


def test_stars_rise_with_fit() -> None:
    rng = np.random.default_rng(0)
    fit = np.repeat(np.array([-4.0, 0.0, 4.0], dtype=np.float32), 2000)
    rating = stars(rng, fit, np.arange(6000)).reshape(3, 2000)
    assert (np.diff(rating.mean(axis=1)) > 0.8).all()
    assert set(np.unique(rating)) == {1, 2, 3, 4, 5}
