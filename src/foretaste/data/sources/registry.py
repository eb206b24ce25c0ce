"""Which public sources there are, and finding one by its name."""

from __future__ import annotations

from foretaste.core.errors import ConfigError, nearest, unknown
from foretaste.data.sources.amazon import LOGS, all_amazon, amazon
from foretaste.data.sources.amazon_categories import CATEGORIES, slug
from foretaste.data.sources.movielens import READERS, movielens
from foretaste.data.sources.source import Source
from foretaste.data.sources.yelp import yelp


def all_sources() -> list[Source]:
    """Every source, in its default subset."""
    return [*(movielens(release) for release in READERS), *all_amazon(), yelp()]


def find_source(name: str, subset: str = "") -> Source:
    """The source called ``name`` ("movielens-1m", "amazon-2018-video-games", "yelp"), in any case.

    Args:
        name: The name, as the list of sources shows it.
        subset: For Amazon "5core", "full" or "ratings"; "" for the usual one.

    Raises:
        ConfigError: For an unknown name, category or subset; suggests the nearest.
    """
    wanted = slug(name.strip())
    by_name = {source.name: source for source in all_sources()}
    if wanted not in by_name:
        raise _unknown(name, wanted, list(by_name))
    if not wanted.startswith("amazon-"):
        if subset:
            raise ConfigError(
                f"{wanted} has no subsets, but {subset!r} was asked for",
                where="--subset",
                allowed="--subset for Amazon sources only",
                mend="leave --subset out",
            )
        return by_name[wanted]
    release = wanted.split("-")[1]
    category = next(c for c in CATEGORIES[release] if wanted == f"amazon-{release}-{slug(c)}")
    return amazon(release, category, subset)


def subsets_of(source: Source) -> list[str]:
    """The subsets that may be asked for, the usual one first; none where there is only one."""
    if not source.subset:
        return []
    release = source.name.split("-")[1]
    return sorted(LOGS[release], key=lambda subset: subset != source.subset)


def _unknown(given: str, wanted: str, names: list[str]) -> ConfigError:
    for release, categories in CATEGORIES.items():
        prefix = f"amazon-{release}"
        if wanted == prefix or wanted.startswith(prefix + "-"):
            slugs = [f"{prefix}-{slug(category)}" for category in categories]
            return unknown("data source", wanted, slugs, where=given)
    guess = nearest(wanted, names)
    releases = ", ".join(f"amazon-{release}-<category>" for release in CATEGORIES)
    return ConfigError(
        f"unknown data source {given!r}",
        allowed=f"{', '.join(f'movielens-{release}' for release in READERS)}, {releases}, yelp",
        mend=(f"did you mean {guess!r}? " if guess else "") + "`foretaste data get --list` shows them all",
    )
