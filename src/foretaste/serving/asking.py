"""One question as the command line asks it: ids in texts, a user known from the data set of the run."""

from __future__ import annotations

from pathlib import Path

from foretaste.core.errors import ConfigError
from foretaste.recipes.run_folder import read_record
from foretaste.recipes.splitting import open_dataset
from foretaste.serving.new_items import read_new_items
from foretaste.serving.recommendations import Recommendations
from foretaste.serving.recommender import load
from foretaste.serving.requests import unknown_id


def ask(
    run: Path,
    *,
    history: str | None = None,
    user: str | None = None,
    data: Path | None = None,
    k: int = 10,
    candidates: str | None = None,
    similar: str | None = None,
    exclude_seen: bool = True,
    on_unknown: str = "report",
    new_items: Path | None = None,
    intent: str | None = None,
    alpha: float = 0.5,
) -> Recommendations:
    """The answer to one question.

    Args:
        run: Folder of a run or a model.
        history: Raw item ids with commas between them, oldest first.
        user: A raw user id, whose history is read from the data set when none is given.
        data: Where the run's data set lies, when it was moved.
        k: Items wanted.
        candidates: Raw item ids with commas between them.
        similar: A raw item id: items like it are wanted instead.
        exclude_seen: Whether the history's items are left out.
        on_unknown: ``report`` or ``error``.
        new_items: File of items that came after the training; they are taken in by their text first.
        intent: What is looked for, in words.
        alpha: What that weighs against the history.
    """
    given = [
        name for name, value in (("--history", history), ("--user", user), ("--similar", similar)) if value is not None
    ]
    given += ["--intent"] if intent is not None else []
    if not given or ("--similar" in given and len(given) > 1):
        raise ConfigError(
            "it is not clear for whom to recommend" if not given else f"{' and '.join(given)} do not go together",
            allowed="--history ID,ID,…, --user ID, both, --similar ID, or --intent TEXT alone or beside a history",
            mend="foretaste recommend RUN --history ID,ID",
        )
    recommender = load(run)
    if new_items is not None:
        recommender.add_items(read_new_items(new_items))
    if similar is not None:
        return recommender.similar(similar, k)
    items = _ids(history) if history is not None else [] if user is None else _history_of(user, run, data)
    (answer,) = recommender.recommend(
        histories=[items],
        k=k,
        users=None if user is None or (recommender.saved.users is None) else [user],
        exclude_seen=exclude_seen,
        candidates=None if candidates is None else _ids(candidates),
        on_unknown=on_unknown,
        intent=intent,
        alpha=alpha,
    )
    return answer


def _ids(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _history_of(user: str, run: Path, data: Path | None) -> list[str]:
    """Everything that the data set knows of the user, test targets included."""
    dataset = open_dataset(data if data is not None else read_record(run).data["path"])
    row = dataset.users.index_of(user)
    if row is None:
        raise unknown_id("user", user, list(dataset.users))
    return dataset.items.decode(dataset.sequences[row])
