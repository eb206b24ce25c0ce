"""One clear message for every mistake: as JSON on standard output, or as a short text on standard error."""

from __future__ import annotations

import json
import re
from typing import Any

from foretaste.core.errors import ConfigError, ForetasteError, nearest


def show_error(error: ForetasteError, *, as_json: bool) -> None:
    """Prints the error for a program or for a person."""
    if as_json:
        print(json.dumps(error.as_dict(), ensure_ascii=False))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(Text("error: ", style="bold red").append(error.what, style="default"))
    for label, text in (("where", error.where), ("allowed", error.allowed), ("mend", error.mend)):
        if text:
            console.print(Text(f"  {label + ':':<9}", style="dim").append(text, style="default"))


def as_foretaste_error(error: Exception) -> ForetasteError | None:
    """What the option parser or the system refused, in our own form; None for a bug, which keeps its traceback.

    The parser's exceptions moved between typer's releases, so they are known by what they carry, not by their class.
    """
    if isinstance(error, OSError):
        return _from_system(error)
    say = getattr(error, "format_message", None)
    if say is None:
        return None
    context = getattr(error, "ctx", None)
    where = context.command_path if context is not None else "foretaste"
    help = f"see `{where} --help`"
    wrong = getattr(error, "option_name", None)
    if wrong and type(error).__name__ == "NoSuchOption":
        return _unknown_option(wrong, context, where)
    missing = getattr(error, "param", None)
    if type(error).__name__ == "MissingParameter" and missing is not None:
        name = missing.opts[0] if missing.opts[0].startswith("-") else missing.name.upper()
        return ConfigError(f"{name} is missing", where=where, allowed=getattr(missing, "help", "") or "", mend=help)
    return ConfigError(_sentence(str(say())), where=where, mend=help)


def _from_system(error: OSError) -> ForetasteError | None:
    """Files that may not be read or written, full disks: what the system says, and of which file."""
    if error.strerror is None:
        return None
    return ForetasteError(
        f"the system says: {error.strerror}",
        where=str(error.filename or ""),
        mend="check the path, the permissions and the free space (`foretaste doctor`)",
    )


def _unknown_option(wrong: str, context: Any, where: str) -> ConfigError:
    known = sorted(
        opt
        for param in (context.command.get_params(context) if context is not None else [])
        for opt in (*param.opts, *param.secondary_opts)
        if opt.startswith("--")
    )
    guess = nearest(wrong, known)
    return ConfigError(
        f"unknown option {wrong!r}",
        where=where,
        allowed=", ".join(known),
        mend=f"did you mean {guess!r}?" if guess else f"see `{where} --help`",
    )


def _sentence(text: str) -> str:
    """The parser's message on one line, without the full stop at its end."""
    return re.sub(r"\s+", " ", text).strip().removesuffix(".")
