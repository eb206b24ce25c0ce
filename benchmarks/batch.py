"""Many runs, some at a time: which of them are asked for, and a table that grows with each."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Work = TypeVar("Work")


def each(jobs: int, work: Collection[Work], do: Callable[[Work], str], after: Callable[[], None]) -> None:
    """Does all of the work, ``jobs`` at a time; after each, says how it ended and calls ``after``."""
    with ThreadPoolExecutor(jobs) as pool:
        for number, outcome in enumerate(pool.map(do, work), 1):
            print(f"{number}/{len(work)} {outcome}", flush=True)
            after()


def pick(all_of_them: Collection[Work], names: Collection[str], tell: Callable[[Work], tuple[str, ...]]) -> list[Work]:
    """Those that the names ask for; exits when a name is nobody's.

    Args:
        all_of_them: Everything there is.
        names: Some names of any kind; a kind of which none is given asks for all.
        tell: What one is called, in the same order of kinds for all: its data set, its method, its seed, …
    """
    kinds = [set(kind) for kind in zip(*map(tell, all_of_them), strict=True)]
    unknown = sorted(set(names).difference(*kinds))
    if unknown:
        sys.exit(f"--only: nothing is called {', '.join(unknown)}; there is {', '.join(sorted(set().union(*kinds)))}")
    return [
        one for one in all_of_them if all(set(tell(one)) & set(names) & kind for kind in kinds if kind & set(names))
    ]
