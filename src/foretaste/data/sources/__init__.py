"""Public data sets: found by name, fetched from their publishers, turned into the tidy form."""

from foretaste.data.sources.get import get_source
from foretaste.data.sources.limits import Limits
from foretaste.data.sources.registry import all_sources, find_source, subsets_of
from foretaste.data.sources.selection import Selection

__all__ = ["Limits", "Selection", "all_sources", "find_source", "get_source", "subsets_of"]
