"""The words of the simulated market: domains, kinds of goods, materials, styles, and what people say of them."""

from foretaste.data.simulate.words.crafts import CRAFTS
from foretaste.data.simulate.words.forms import Domain, Kind
from foretaste.data.simulate.words.kitchen import KITCHEN
from foretaste.data.simulate.words.music import MUSIC
from foretaste.data.simulate.words.outdoor import OUTDOOR

DOMAINS: tuple[Domain, ...] = (KITCHEN, OUTDOOR, MUSIC, CRAFTS)
"""The four departments of the market, in the order of their codes."""

KINDS: tuple[Kind, ...] = tuple(kind for domain in DOMAINS for kind in domain.kinds)
"""All kinds of goods, in the order of their codes."""

__all__ = ["CRAFTS", "DOMAINS", "KINDS", "KITCHEN", "MUSIC", "OUTDOOR", "Domain", "Kind"]
