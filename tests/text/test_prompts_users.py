"""Users' prompts: the newest training items, whole titles, and nothing that is held out."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretaste.core.errors import ConfigError
from foretaste.data.dataset import Dataset
from foretaste.data.sequences import Sequences
from foretaste.data.simulate import MarketConfig, simulate, write_market
from foretaste.data.split import Split, global_time, leave_one_out
from foretaste.text.prompts import UserPromptSpec, default_spec, item_titles, user_prompts
from foretaste.text.prompts.spec import MIN_ROOM

SHORT = UserPromptSpec(instruction="Took:", ending="Next?")


def told(prompt: str, spec: UserPromptSpec = SHORT) -> list[str]:
    """The titles in a prompt."""
    head, body, tail = prompt.split("\n")
    assert (head, tail) == (spec.instruction, spec.ending)
    return body.split(spec.joiner)


def test_titles_stand_from_the_oldest_to_the_newest_with_repeats() -> None:
    train = Sequences.from_lists([[2, 0, 2], [1], []])
    prompts = user_prompts(train, ["a b", "c", "d; e\n f"], SHORT)
    assert prompts == ["Took:\nd. e f; a b; d. e f\nNext?", "Took:\nc\nNext?", "Took:\nnothing known\nNext?"]
    assert user_prompts(train, ["a", "", ""], SHORT)[:2] == ["Took:\na\nNext?", "Took:\nnothing known\nNext?"]
    bare = UserPromptSpec(instruction="", ending="", joiner=", ")
    assert user_prompts(train, ["a", "b, c", "d"], bare) == ["d, a, d", "b, c", "nothing known"]


def test_only_a_view_of_the_rows_is_read() -> None:
    every = Sequences.from_lists([[0, 1, 2, 3], [3, 2, 1]])
    assert [told(text) for text in user_prompts(every.drop_last(2), list("abcd"), SHORT)] == [["a", "b"], ["d"]]
    assert told(user_prompts(every.take([1]), list("abcd"), SHORT)[0]) == ["d", "c", "b"]


def naive(row: list[int], titles: list[str], spec: UserPromptSpec) -> list[str]:
    """Adds titles from the newest on until the next one does not fit."""
    kept: list[str] = []
    for item in reversed(row):
        longer = [titles[item], *kept]
        text = f"{spec.instruction}\n{spec.joiner.join(longer)}\n{spec.ending}"
        if titles[item] and (len(text) > spec.max_chars or len(kept) == spec.max_items):
            break
        kept = longer if titles[item] else kept
    return kept or [spec.fallback]


@given(
    st.lists(st.text("abc", max_size=20), min_size=1, max_size=6),
    st.lists(st.lists(st.integers(0, 5), max_size=12), max_size=5),
    st.integers(12 + MIN_ROOM, 90),
    st.none() | st.integers(1, 4),
)
def test_the_newest_titles_that_fit_are_kept(
    titles: list[str], rows: list[list[int]], max_chars: int, max_items: int | None
) -> None:
    rows = [[item % len(titles) for item in row] for row in rows]
    spec = UserPromptSpec(instruction="Took:", ending="Next?", max_chars=max_chars, max_items=max_items)
    prompts = user_prompts(Sequences.from_lists(rows), titles, spec)
    assert [told(text) for text in prompts] == [naive(row, titles, spec) for row in rows]
    assert all(len(text) <= max_chars for text in prompts)


def test_a_single_title_that_is_too_long_is_cut_and_kept() -> None:
    spec = UserPromptSpec(instruction="Took:", ending="Next?", max_chars=50, title_chars=500)
    (text,) = user_prompts(Sequences.from_lists([[0, 1]]), ["old", "new " * 100], spec)
    assert len(text) <= 50
    assert set(told(text)[0].split()) == {"new"}


def test_a_cap_without_room_is_refused() -> None:
    with pytest.raises(ConfigError, match="no room for titles"):
        UserPromptSpec(max_chars=60)
    narrow = UserPromptSpec().within(16)
    assert user_prompts(Sequences.from_lists([[0]]), ["Tea"], narrow)[0].split("\n")[1] == "Tea"
    assert UserPromptSpec().within(128).max_chars == 384
    assert UserPromptSpec(max_chars=200).within(10_000).max_chars == 200


def check_nothing_held_out(split: Split, titles: list[str], spec: UserPromptSpec) -> None:
    """Every title in a prompt is a training title of that user, and no held-out one is there by another way."""
    prompts = user_prompts(split.train, titles, spec)
    (clean,) = [user_prompts(Sequences.from_lists([[i] for i in range(len(titles))]), titles, spec)]
    names = [told(text, spec)[0] for text in clean]
    shown = [told(text, spec) for text in prompts]
    for row, found in zip(split.train, shown, strict=True):
        mine = [names[item] for item in row if titles[item]]
        assert found == mine[len(mine) - len(found) :] or (not mine and found == [spec.fallback])
    for targets in (split.valid, split.test):
        for user, item in zip(targets.users, targets.items, strict=True):
            in_training = names[item] in {names[old] for old in split.train[user]}
            assert in_training or names[item] not in shown[user]


@pytest.mark.parametrize("cut", ["leave-one-out", "time"])
def test_no_held_out_title_is_in_any_prompt(cut: str, tmp_path: Path) -> None:
    write_market(simulate(MarketConfig(users=120, items=150, impression_share=0.0)), tmp_path / "market")
    data = Dataset.load(tmp_path / "market")
    split = leave_one_out(data.sequences) if cut == "leave-one-out" else global_time(data.sequences)
    titles = item_titles(data.catalogue, default_spec(data.catalogue))
    assert len(set(titles)) > 100
    for spec in (UserPromptSpec(), UserPromptSpec(max_chars=300)):
        check_nothing_held_out(split, titles, spec)


@pytest.mark.data
@pytest.mark.skipif("FORETASTE_DATA" not in os.environ, reason="needs FORETASTE_DATA")
@pytest.mark.parametrize("name", ["amazon_scientific", "amazon_prime_pantry"])
def test_no_held_out_title_is_in_any_prompt_of_real_data(name: str) -> None:
    data = Dataset.load(Path(os.environ["FORETASTE_DATA"]) / name)
    titles = item_titles(data.catalogue, default_spec(data.catalogue))
    split = leave_one_out(data.sequences)
    check_nothing_held_out(split, titles, UserPromptSpec().within(128))
    check_nothing_held_out(split, titles, UserPromptSpec())
    lengths = np.array([len(text) for text in user_prompts(split.train, titles, UserPromptSpec().within(128))])
    assert lengths.max() <= 384
