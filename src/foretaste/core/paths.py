"""Folders and files named by a user: there, or an error with the nearest name."""

from __future__ import annotations

from pathlib import Path

from foretaste.core.errors import DataError, ForetasteError, nearest


def existing_folder(
    path: str | Path, what: str, *, allowed: str = "", mend: str = "", error: type[ForetasteError] = DataError
) -> Path:
    """The path as given, when it is a folder.

    Args:
        path: What the user gave.
        what: What it should be ("data folder", "run").
        allowed: What such a folder holds.
        mend: What to do when no folder near it has a like name.
        error: The kind of error to raise.
    """
    folder = Path(path).expanduser()
    if folder.is_dir():
        return folder
    if folder.exists():
        raise error(
            f"{str(folder)!r} is a file, not a {what}", allowed=allowed or "a folder", mend=mend or "give its folder"
        )
    guess = nearest_path(folder)
    raise error(
        f"there is no {what} {str(folder)!r}",
        allowed=allowed,
        mend=f"did you mean {str(guess)!r}?" if guess else mend or "check the path",
    )


def nearest_path(path: Path) -> Path | None:
    """The existing folder most like ``path``: its deepest existing ancestor, and there the nearest name, downwards."""
    missing: list[str] = []
    here = path
    while not here.is_dir():
        if here.parent == here:
            return None
        missing.append(here.name)
        here = here.parent
    while missing:
        names = [entry.name for entry in here.iterdir() if entry.is_dir()]
        guess = nearest(missing.pop(), names)
        if guess is None:
            return None
        here = here / guess
    return here
