"""Specification files: read what was written, refuse what is not known."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from foretaste.core.errors import ConfigError
from foretaste.text.prompts import (
    Field,
    PromptSpec,
    UserPromptSpec,
    default_spec,
    item_prompts,
    read_spec,
    read_user_spec,
    write_spec,
)

SMALL = """
instruction = "A thing:"
[[fields]]
column = "title"
[[fields]]
column = "brand"
label = "maker"
max_chars = 20
[user]
max_chars = 500
"""


def written(folder: Path, text: str) -> Path:
    (folder / "prompt.toml").write_text(text, encoding="utf-8")
    return folder / "prompt.toml"


def test_what_is_not_said_keeps_its_default(tmp_path: Path) -> None:
    file = written(tmp_path, SMALL)
    spec = read_spec(file)
    assert spec == PromptSpec(instruction="A thing:", fields=(Field("title"), Field("brand", "maker", 20)))
    assert read_user_spec(file) == UserPromptSpec(max_chars=500)
    table = pl.DataFrame({"item_id": ["1"], "title": ["Tea"], "brand": ["Nook"]})
    assert item_prompts(table, spec).texts() == ["A thing:\ntitle is Tea; maker is Nook"]


@pytest.mark.parametrize(
    "spec",
    [
        default_spec(pl.DataFrame({"item_id": ["1", "2"], "title": ["a", "b"], "brand": ["c d", "e f"]})),
        default_spec(pl.DataFrame({"item_id": ["1", "2"], "title": ["a", "b"]})),
        PromptSpec(
            instruction='quoted "so"\nand é',
            max_chars=None,
            exclude=("a pattern with many blanks", *(f"p{n} q" for n in range(60))),
            missing=(),
            fields=(Field("x", "", 9, "commas"), Field("y z")),
        ),
    ],
)
def test_a_written_specification_is_read_back_equal(spec: PromptSpec, tmp_path: Path) -> None:
    user = UserPromptSpec(ending="", max_items=3)
    write_spec(tmp_path / "p.toml", spec, user, comment="Two lines\nof comment")
    assert read_spec(tmp_path / "p.toml") == spec
    assert read_spec(tmp_path / "p.toml").fingerprint == spec.fingerprint
    assert read_user_spec(tmp_path / "p.toml") == user
    assert max(map(len, (tmp_path / "p.toml").read_text().splitlines())) < 120


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (SMALL.replace("instruction", "instrction"), "did you mean 'instruction'"),
        (SMALL.replace("label", "lable"), "did you mean 'label'"),
        (SMALL.replace("max_chars = 500", "max_char = 500"), "did you mean 'max_chars'"),
        (SMALL.replace("max_chars = 20", 'max_chars = "long"'), "field 2"),
        (SMALL.replace("max_chars = 20", "max_chars = 2"), "out of bounds"),
        (SMALL.replace("max_chars = 20", 'chunks = "letters"'), "none, commas, words"),
        ("version = 2\n" + SMALL, "version=2"),
        (SMALL.replace('"brand"', '"item_id"'), "excludes by the pattern"),
        (SMALL.replace('column = "brand"\n', ""), "names no column"),
        ('instruction = "x"', "names no fields"),
        ('fields = ["title"]', "names no fields"),
        ('user = 3\n[[fields]]\ncolumn = "title"', "table of keys"),
        ("instruction = ", "not TOML"),
    ],
)
def test_mistakes_get_one_clear_error(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_spec(written(tmp_path, text))
    assert says in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    written(tmp_path, SMALL)
    with pytest.raises(ConfigError, match=r"did you mean .*prompt\.toml"):
        read_spec(tmp_path / "promt.toml")
