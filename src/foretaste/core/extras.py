"""Optional libraries: imported where they are used, with an error that names the extra."""

from __future__ import annotations

import importlib
from types import ModuleType

from foretaste.core.errors import ForetasteError


class MissingExtra(ForetasteError):
    """A feature needs a library that is not installed."""


def require(module: str, *, extra: str, why: str) -> ModuleType:
    """Imports ``module`` or raises an error that says how to install it.

    Args:
        module: Dotted module name.
        extra: The extra of this package that brings it.
        why: What needs it ("reading SQL sources").

    Raises:
        MissingExtra: If the module cannot be imported.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtra(
            f"{why} needs the library {module.partition('.')[0]!r}, which is not installed ({error})",
            mend=f"pip install 'foretaste[{extra}]'",
        ) from error
