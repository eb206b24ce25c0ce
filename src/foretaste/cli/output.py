"""How a verb answers: one JSON object on standard output with ``--json``, a readable text without."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer

JsonFlag = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output; progress stays on standard error.")
]
"""The type of every verb's ``--json`` option."""


def emit(payload: Any, as_json: bool, render: Callable[[], None]) -> None:
    """Prints ``payload`` as one JSON object, or calls ``render`` to show it to a person.

    Args:
        payload: What the verb found, made of plain JSON types; NaN is not allowed.
        as_json: Whether ``--json`` was given.
        render: Writes the same facts for a reader.
    """
    if as_json:
        print(json.dumps(payload, ensure_ascii=False, allow_nan=False))
    else:
        render()
