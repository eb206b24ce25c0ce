"""Prompt specifications as TOML files: ``[[fields]]`` for items, ``[user]`` for users, one file for both."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill, indent
from typing import Any

from foretaste.core.config import describe, from_dict
from foretaste.core.errors import ConfigError
from foretaste.core.files import write_atomic
from foretaste.core.toml import read_toml, toml_value
from foretaste.text.prompts.spec import Field, PromptSpec, PromptStyle, UserPromptSpec


def read_spec(path: str | Path) -> PromptSpec:
    """Reads the items' part of a specification file; keys that it does not name keep their defaults.

    Raises:
        ConfigError: If the file is not there, an unknown key (with the nearest known one), a value that does not fit,
            or no field at all.
    """
    return _parse(Path(path))[0]


def read_user_spec(path: str | Path) -> UserPromptSpec:
    """Reads the users' part, the table ``[user]``, of a specification file; without it, the defaults."""
    return _parse(Path(path))[1]


def write_spec(path: str | Path, spec: PromptSpec, user: UserPromptSpec | None = None, *, comment: str = "") -> None:
    """Writes a specification, whole or not at all, that :func:`read_spec` reads back to an equal one."""
    text = spec_toml(spec, user, comment=comment)
    write_atomic(Path(path), lambda part: part.write_text(text, encoding="utf-8"))


def spec_toml(spec: PromptSpec, user: UserPromptSpec | None = None, *, comment: str = "") -> str:
    """A specification as TOML."""
    style = PromptStyle(**{key: value for key, value in vars(spec).items() if key in PromptStyle.__dataclass_fields__})
    blocks = ["\n".join(f"# {line}" for line in comment.splitlines())] if comment else []
    blocks.append(_lines(style, helps=True))
    blocks += ["[[fields]]\n" + _lines(one) for one in spec.fields]
    if user is not None:
        blocks.append("[user]\n" + _lines(user, helps=True))
    return "\n\n".join(blocks) + "\n"


def _lines(part: Any, *, helps: bool = False) -> str:
    lines = []
    for key in describe(part):
        if helps:
            lines.append("\n" + fill(key.help, WIDTH, initial_indent="# ", subsequent_indent="# "))
        lines.append(_line(key.key, key.default))
    return "\n".join(lines).strip()


def _line(key: str, value: Any) -> str:
    """A key with its value; a long list gets several lines."""
    line = f"{key} = {toml_value(value)}"
    if len(line) <= WIDTH or not isinstance(value, tuple):
        return line
    # "\0" keeps the blanks inside a value together
    entries = fill(", ".join(toml_value(item).replace(" ", "\0") for item in value), WIDTH - 4, break_long_words=False)
    return f"{key} = [\n{indent(entries, '    ')},\n]".replace("\0", " ")


WIDTH = 110


def _parse(path: Path) -> tuple[PromptSpec, UserPromptSpec]:
    content = read_toml(path)
    fields = content.pop("fields", [])
    user = content.pop("user", {})
    if not isinstance(fields, list) or not fields or not all(isinstance(one, dict) for one in fields):
        raise ConfigError(
            "the prompt specification names no fields",
            where=str(path),
            allowed='a table [[fields]] with column = "NAME" for each column that is told',
            mend="write one with `foretaste text preview --data FOLDER --write FILE` and change that",
        )
    if not isinstance(user, dict):
        raise ConfigError("`user` is a table of keys", where=str(path), allowed="[user]", mend="write it as [user]")
    style = from_dict(PromptStyle, content, where=str(path))
    parsed = [from_dict(Field, one, where=f"{path}, field {place}") for place, one in enumerate(fields, start=1)]
    values = {**vars(style), "fields": tuple(parsed)}
    return PromptSpec(**values), from_dict(UserPromptSpec, user, where=f"{path}, [user]")
