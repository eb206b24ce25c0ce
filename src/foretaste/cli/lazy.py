"""A group of verbs that imports a verb's file when the verb is called, and not for `--help`."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from foretaste.core.errors import ForetasteError, unknown


@dataclass(frozen=True)
class Verb:
    """Where a verb is written, and what it does in one line.

    Attributes:
        module: Its file.
        function: The typer-annotated function in it.
        summary: One line for the list of verbs.
    """

    module: str
    function: str
    summary: str

    def load(self, name: str) -> Any:
        """The command, ready to be called.

        Raises:
            ForetasteError: If its file cannot be imported.
        """
        try:
            function = getattr(importlib.import_module(self.module), self.function)
        except ImportError as error:
            raise ForetasteError(
                f"the verb {name!r} cannot be loaded: {error}", mend="run `foretaste doctor` to see what is missing"
            ) from error
        return command(function, name)

    def listed(self, name: str) -> Any:
        """A stand-in that is only listed."""
        return TyperCommand(name, help=self.summary)


class LazyGroup(TyperGroup):
    """A group whose members are known by name and summary until one of them is called.

    Args:
        name: Name of the group.
        help: What it is for.
        verbs: Its members by name, each a :class:`Verb` or a group.
    """

    def __init__(self, name: str, help: str, verbs: Mapping[str, Any]) -> None:
        super().__init__(name=name, help=help, no_args_is_help=True, context_settings=CONTEXT, rich_markup_mode="rich")
        self.verbs = verbs

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.verbs)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        found = self.verbs.get(cmd_name)
        return found.listed(cmd_name) if isinstance(found, Verb) else found

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name = args[0]
        found = self.verbs.get(name)
        if found is None:
            raise unknown("verb", name, self.verbs, where=ctx.command_path)
        return name, found.load(name) if isinstance(found, Verb) else found, args[1:]


CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


def command(function: FunctionType, name: str) -> Any:
    """A typer command of one function: the docstring gives the help, its examples (or EPILOG beside it) the end."""
    help, examples = help_of(function)
    examples = examples or str(function.__globals__.get("EPILOG", ""))
    one = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
    one.command(name, help=help, epilog=examples or None, context_settings=CONTEXT)(function)
    return typer.main.get_command(one)


def help_of(function: FunctionType) -> tuple[str, str]:
    """Help and examples of a verb's docstring: sections for programmers are left out, examples keep their lines."""
    text = inspect.getdoc(function) or ""
    head, _, rest = text.partition("\nExamples:")
    head = re.split(r"\n(?:Args|Raises|Returns):", head)[0]
    lines = [line.strip() for line in re.split(r"\n(?:Args|Raises|Returns):", rest)[0].splitlines()]
    shown = "\n\n".join(line.replace("[", r"\[") for line in lines if line)
    return head.strip(), f"Examples:\n\n{shown}" if shown else ""
