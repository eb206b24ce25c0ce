"""The market's words: they reveal what is behind them, and they read like English."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from foretaste.data.simulate import Market, MarketConfig, simulate
from foretaste.data.simulate.words import DOMAINS, KINDS
from foretaste.data.simulate.words.food import FOOD_STYLES
from foretaste.data.simulate.words.forms import title_case, with_article
from foretaste.data.simulate.words.shared import LINES, MATERIALS, OCCASIONS, STYLES

AN = re.compile(r"\b(a) ([aeiou]\w*)|\b(an) ([^aeiou\W]\w*)", re.IGNORECASE)
A_VOWEL = ("eu", "one", "uk", "uni", "us")
AN_CONSONANT = ("hour", "honest")
DOUBLED = re.compile(r"\b(\w{3,}) \1\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def shop() -> Market:
    return simulate(MarketConfig(users=800, items=1500, review_share=1.0, query_share=1.0, impression_share=0.0))


@pytest.fixture(scope="module")
def vectors(shop: Market) -> sparse.csr_matrix:
    texts = (shop.items["title"] + " " + shop.items["description"]).to_list()
    return tf_idf(texts)


def tf_idf(texts: list[str]) -> sparse.csr_matrix:
    words = [re.findall(r"[a-z]+", text.lower()) for text in texts]
    vocabulary = {word: n for n, word in enumerate(sorted({w for row in words for w in row}))}
    rows = np.repeat(np.arange(len(texts)), [len(row) for row in words])
    columns = np.array([vocabulary[w] for row in words for w in row])
    counts = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(texts), len(vocabulary)))
    spread = np.asarray((counts > 0).sum(axis=0)).ravel()
    weighted = counts @ sparse.diags(np.log(len(texts) / spread))
    return sparse.diags(1 / np.sqrt(weighted.multiply(weighted).sum(axis=1).A1)) @ weighted


@pytest.mark.parametrize(
    ("attribute", "lift"), [("kind", 20), ("style", 2), ("occasion", 1.5), ("brand", 5), ("level", 1.3)]
)
def test_nearest_text_shares_latent_attributes(
    shop: Market, vectors: sparse.csr_matrix, attribute: str, lift: float
) -> None:
    likeness = (vectors @ vectors.T).toarray()
    np.fill_diagonal(likeness, -1)
    nearest = likeness.argmax(axis=1)
    values = shop.latents[attribute]
    same = (values == values.gather(nearest)).mean()
    shares = values.value_counts(normalize=True)["proportion"].to_numpy()
    assert same > lift * float((shares**2).sum())  # type: ignore[operator]


def test_an_attribute_is_said_in_different_words(shop: Market) -> None:
    """Half the pairs of one kind and style, and more, share no adjective: likeness is more than equal words."""
    for style in ("rustic", "playful"):
        rows = shop.latents["style"] == style
        texts = (shop.items["title"] + " " + shop.items["description"]).filter(rows).str.to_lowercase()
        used = Counter(word for word in STYLES[style].adjectives for text in texts if word in text)
        assert len(used) == len(STYLES[style].adjectives)
        assert max(used.values()) < 0.7 * len(texts)


def test_titles_are_distinct(shop: Market) -> None:
    many = simulate(MarketConfig(users=1, items=6000))
    for table in (shop.items, many.items):
        assert table["title"].is_unique().all()
        assert table["description"].null_count() == 0
    assert many.items["title"].str.contains("Edition").mean() < 0.01  # type: ignore[operator]


def test_category_path_leads_to_the_kind(shop: Market) -> None:
    paths = shop.items["categories"]
    assert (paths.list.len() == 3).all()
    assert paths.list.get(0).to_list() == shop.latents["domain"].to_list()
    assert paths.list.get(2).to_list() == [title_case(kind) for kind in shop.latents["kind"]]


def test_prices_rise_with_the_level(shop: Market) -> None:
    table = shop.items.join(shop.latents, on="item_id")
    means = table.group_by("kind", "level").agg(pl.col("price").mean()).sort("kind", "level")
    steps = means.with_columns(pl.col("price").diff().over("kind").alias("step")).drop_nulls("step")
    assert (steps["step"] > 0).mean() > 0.9  # type: ignore[operator]
    assert table["price"].min() > 0  # type: ignore[operator]


def texts_of(shop: Market) -> dict[str, list[str]]:
    return {
        "titles": shop.items["title"].to_list(),
        "descriptions": shop.items["description"].to_list(),
        "review titles": shop.interactions["review_title"].to_list(),
        "reviews": shop.interactions["review_text"].to_list(),
        "queries": shop.queries["query"].to_list(),
    }


def test_texts_have_no_slips(shop: Market) -> None:
    for name, texts in texts_of(shop).items():
        for text in set(texts):
            assert not DOUBLED.search(text), (name, text)
            assert "  " not in text, (name, text)
            assert text == text.strip(), (name, text)
            assert "{" not in text, (name, text)
            assert " ." not in text, (name, text)
            assert ".." not in text, (name, text)
            for wrong in AN.finditer(text):
                word = (wrong.group(2) or wrong.group(4)).lower()
                assert word.startswith(A_VOWEL if wrong.group(2) else AN_CONSONANT), (name, text)


def test_sentences_start_large_and_end_with_a_point(shop: Market) -> None:
    for texts in (shop.items["description"].to_list(), shop.interactions["review_text"].unique().to_list()):
        for text in texts:
            assert text[-1] in ".!", text
            for sentence in re.split(r"(?<=[.!]) ", text):
                assert sentence[0].isupper() or sentence[0].isdigit(), text


def test_number_of_noun_and_demonstrative_agree() -> None:
    made = simulate(MarketConfig(users=800, items=500, review_share=1.0, impression_share=0.0))
    text = " ".join(made.interactions["review_text"].unique().sort().to_list()).lower()
    said = set(re.findall(r"\b(?:this|these) [a-z' -]+", text))
    for kind in KINDS:
        wrong, right = ("this", "these") if kind.number == "many" else ("these", "this")
        for name in kind.names:
            assert not any(s.startswith(f"{wrong} {name}") for s in said), name
        assert any(s.startswith(f"{right} {name}") for s in said for name in kind.names), kind.names


def test_reviews_sound_like_their_stars(shop: Market) -> None:
    rated = shop.interactions
    happy = rated.filter(pl.col("review_text").str.contains("Warmly recommended"))["rating"]
    sad = rated.filter(pl.col("review_text").str.contains("A pity"))["rating"]
    assert len(happy) > 20
    assert set(happy) == {5.0}
    assert set(sad) <= {1.0, 2.0}


def test_reviews_speak_of_the_item(shop: Market) -> None:
    """What is praised of the material is a name of the item's own material."""
    praise = shop.interactions.filter(pl.col("review_text").str.contains("I have a weakness for"))
    table = praise.join(shop.latents, on="item_id")
    assert table.height > 50
    for text, material in table.select("review_text", "material").iter_rows():
        assert any(f"weakness for {name}." in text for name in MATERIALS[material].names)


def test_queries_name_the_kind_or_the_brand(shop: Market) -> None:
    names = {kind.names[0]: kind.names for kind in KINDS}
    table = shop.queries.join(shop.latents, on="item_id")
    for query, kind, brand in table.select("query", "kind", "brand").unique().iter_rows():
        assert any(name in query for name in names[kind]) or brand.lower() == query
    titles = dict(shop.items.select("item_id", "title").iter_rows())
    foreign = [
        any(word not in titles[item].lower() for word in query.split())
        for query, item in shop.queries.select("query", "item_id").iter_rows()
    ]
    assert np.mean(foreign) > 0.4  # people do not type titles


def test_the_vocabulary_holds_together() -> None:
    names = [name for kind in KINDS for name in kind.names]
    assert len(set(names)) == len(names)
    assert len(set(LINES)) == len(LINES)
    for domain in DOMAINS:
        known = {kind.names[0] for kind in domain.kinds}
        assert len(domain.uses) == len(OCCASIONS)
        for kind in domain.kinds:
            assert len(set(kind.then)) == 3
            assert set(kind.then) <= known - {kind.names[0]}
            assert set(kind.materials) <= MATERIALS.keys()
        for brand in domain.brands:
            assert brand.style in STYLES
            assert 0 <= brand.level <= 3
    assert FOOD_STYLES.keys() == STYLES.keys()


def test_no_maker_ends_with_the_word_that_follows_it() -> None:
    for domain in DOMAINS:
        after = {re.split("[ -]", name)[0] for kind in domain.kinds for name in kind.names}
        after |= {re.split("[ -]", MATERIALS[m].names[0])[0] for kind in domain.kinds for m in kind.materials}
        for brand in domain.brands:
            assert re.split("[ -]", brand.name.lower())[-1] not in after, brand.name
    assert not {line.lower() for line in LINES} & {name for m in MATERIALS.values() for name in m.names}


@pytest.mark.parametrize(
    ("phrase", "shown"),
    [
        ("ukulele", "a ukulele"),
        ("easel", "an easel"),
        ("eco-conscious tent", "an eco-conscious tent"),
        ("tent", "a tent"),
    ],
)
def test_articles(phrase: str, shown: str) -> None:
    assert with_article(phrase, "one") == shown
    assert with_article(phrase, "many") == phrase
