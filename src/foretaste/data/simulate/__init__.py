"""A simulated market: a catalogue in natural English, people with drifting tastes, and everything that they do there.

The generating process, in the order in which it runs. Numbers are the defaults; names in ``code`` are keys of
:class:`MarketConfig`; other constants stand in the modules named. All draws are independent unless said otherwise.

**Goods** (``catalogue``, ``texts``). There are 86 kinds of goods in 4 domains, of which a catalogue uses the first
domains that it can fill with two items a kind. Kind shares are normalised draws of ``0.2 + Gamma(2)``. Each kind has
one founding item; the others take a kind by its share, a brand of the domain (16, the b-th with weight
``(b+1)^-0.5``), with probability .6 the brand's own style and else one of 6 styles, one of 5 occasions, one of the
kind's materials (which belong to 6 families), a price level (the brand's, one lower, one higher: .70, .15, .15, kept
within 0..3) and a quality from N(0, 0.4). The price is the kind's usual one times ``1.7^(level-1)`` times ``exp(N(0,
0.12))``. Attention is ``(r + 2)^-zipf`` for ranks r = 1, 2, … in random order; a share ``cold_share`` of the items,
none of them founding, get none and are never shown. All but the founding items appear with probability ``new_share``
at a uniform moment, and else at ``start``. Titles, category paths and descriptions are composed from the attributes;
each is said in one of several words, and a description keeps silent on style, material, occasion and price level with
probability .15 each.

**People** (``clock``, ``tastes``). A user makes ``min_interactions`` + NegativeBinomial purchases (mean
``interactions_per_user``, shape ``length_shape``). The user joins at a uniform moment of the first 70 % of the
market's life and stays for a share Beta(4, 1) of what is left. After each purchase the session goes on with
probability ``stay``, so that its length is geometric; pauses within a session are 61 s + Exp(240 s); the days of the
sessions are spread over the stay with LogNormal(0, 1.4) pauses, at the hour 24 Beta(5, 2.2). Tastes for styles,
occasions and families of materials are standard normal, log-interest in the domains is N(0, 1.5), the preferred price
level N(1.3, 0.9). At the start of each session but the first, every taste but the price level becomes ``sqrt(1-drift)
old + sqrt(drift) fresh``.

**Choices** (``shopping``, ``shelves``). The kind of the next purchase follows, with probability ``follow``, from the
kind bought last, with probability ``resume`` from the one before that, and else comes from free interest: a domain by
softmax of the log-interests, a kind of it by its share. Each kind has three followers, taken with .55, .30 and .15 (a
tent is followed by a sleeping bag, that by a sleeping mat, that by a camp pillow). ``slate`` items of the kind are
then drawn with replacement by attention among those that had appeared a minute earlier. The user buys the one of
greatest

    taste (T_style + T_occasion + T_family) - thrift |level - wanted| + loyalty [brand = brand bought last]
      + quality - 0.4 log(position) - 6 [owned and not used up] + noise Gumbel

A user whose choice is nevertheless such an owned item looks at a kind of free interest instead and chooses there, once.
With probability ``repeat`` the user instead looks back at an old purchase, each with equal chance, and buys the same
item again if it is of a kind that is used up; if not, the choice stands.

**Traces** (``reviews``, ``queries``, ``impressions``). Satisfaction is ``0.8 + 0.5 fit + 0.7 kindness + 0.7 mood``
with fit = taste terms + price term + 1 + quality, one standard normal kindness a user and mood a purchase; stars are
cut at -1.6, -0.6, 0.6, 2.2. ``review_share`` of the purchases have a text: 5 stars praise the attribute of greatest
utility, 1 and 2 blame the one of least, 3 and 4 do both. ``query_share`` of them began with a search for the kind
and, with probability .75, one attribute of the item bought. ``impression_share`` of them are logged: a slate of a
kind of free interest that was only browsed, then the slate bought from (none where an old purchase was repeated). An
item on show is clicked with probability sigmoid(utility - 2), utility without noise as above (``owned`` only counts
in the second slate), and what is bought was clicked.

**Randomness** (``streams``). Each purpose and each block of 8,192 users has its own stream, so that the texts,
queries and labels asked for never change who buys what.
"""

from foretaste.data.simulate.config import MarketConfig
from foretaste.data.simulate.market import Market, simulate, write_market

__all__ = ["Market", "MarketConfig", "simulate", "write_market"]
