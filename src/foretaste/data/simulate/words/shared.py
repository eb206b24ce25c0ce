"""What all domains share: styles, occasions, price levels, materials, colours, names of product lines."""

# ruff: noqa: E501 (a table: one entry a line)

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Style:
    """A look, in several words for the same thing: for titles, for descriptions, for praise and for complaint."""

    adjectives: tuple[str, ...]
    sentences: tuple[str, ...]
    praise: tuple[str, ...]
    blame: tuple[str, ...]


@dataclass(frozen=True)
class Material:
    """A material: its family (a user likes or dislikes families), its names, and what descriptions say of it."""

    family: str
    names: tuple[str, ...]
    sentences: tuple[str, ...]


STYLES: dict[str, Style] = {
    "rustic": Style(
        ("rustic", "farmhouse", "country-style"),
        (
            "The look is warm and a little rough, like something found in an old farmhouse.",
            "Every piece shows small marks of the hand that made it, in the best country tradition.",
            "Expect cabin charm rather than showroom polish.",
        ),
        (
            "I love the cabin feel.",
            "The rough, homely finish is just my taste.",
            "So much country warmth in one thing.",
        ),
        ("The farmhouse look is too rough for me.", "A bit too rustic for my taste."),
    ),
    "modern": Style(
        ("minimalist", "modern", "clean-lined"),
        (
            "The design is pared back to plain shapes and quiet colours.",
            "Nothing is there that need not be: smooth surfaces, straight lines, no fuss.",
            "A calm, contemporary shape that never shouts.",
        ),
        (
            "I like how plain and uncluttered the design is.",
            "Sleek, simple, no frills: just right.",
            "A beautifully restrained shape.",
        ),
        ("The bare look leaves me cold.", "Too plain for me, almost clinical."),
    ),
    "vintage": Style(
        ("vintage-style", "retro", "heritage"),
        (
            "The shape goes back to a pattern from the 1950s.",
            "The details are borrowed from a grandparent's cupboard, and worn with pride.",
            "Old-time character, made new with care.",
        ),
        (
            "The old-fashioned details make me smile.",
            "Like something my grandmother owned.",
            "A true throwback, in the best sense.",
        ),
        ("The nostalgic look feels dated to me.", "Too old-fashioned for my home."),
    ),
    "playful": Style(
        ("playful", "colourful", "cheerful"),
        (
            "Bright colours and a wink in the design lift the mood of any day.",
            "Nothing here takes itself too seriously, and neither should you.",
            "A happy splash of colour that guests always comment on.",
        ),
        (
            "The bright colours cheer me up every time.",
            "Such a fun design, everybody asks about it.",
            "I grin at that pattern every time.",
        ),
        ("The loud colours are not for me.", "A bit childish for my taste."),
    ),
    "technical": Style(
        ("precision", "technical", "engineered"),
        (
            "Every tolerance has been measured twice, and the numbers are printed on the box.",
            "Function comes first here: the shape follows what the tests in the workshop showed.",
            "Built by people who own callipers and use them.",
        ),
        (
            "You can tell that engineers worked on this.",
            "Everything fits to the millimetre.",
            "Pure function, cleverly thought through.",
        ),
        ("The look is pure laboratory.", "Over-engineered for what I need."),
    ),
    "natural": Style(
        ("earth-friendly", "sustainable", "eco-conscious"),
        (
            "Made with little waste, and packed without plastic.",
            "From responsible sources and easy to recycle at the end of a long life.",
            "The maker plants a tree for each one sold and repairs what breaks.",
        ),
        (
            "I am glad that it is made responsibly.",
            "Plastic-free packing, thank you!",
            "Good for the planet and good to look at.",
        ),
        (
            "The green promises sound better than the thing itself.",
            "Too much talk about the planet, too little finish.",
        ),
    ),
}
"""Six looks, in the order of their codes."""

OCCASIONS: tuple[str, ...] = ("starter", "travel", "sharing", "quiet", "serious")
"""Five occasions, in the order of their codes; each domain has its own words for them."""

LEVELS: tuple[tuple[str, ...], ...] = (
    (
        "A fair price for an honest product.",
        "A small price for something that does the job.",
        "Proof that good things need not be expensive.",
    ),
    (
        "Solid everyday quality at a sensible price.",
        "Made to be used every day, not to be admired behind glass.",
        "A reliable choice in the middle of the range.",
    ),
    (
        "Better parts and closer finishing set it apart from the usual range.",
        "A little more to pay, and a good deal longer to enjoy.",
        "A step up in quality that you notice at first touch.",
    ),
    (
        "Made in small numbers and signed off by hand: a purchase for life.",
        "The finest that the workshop makes, delivered in a gift box.",
        "For those who want the best and are ready to pay for it.",
    ),
)
"""What a description says of the four price levels, from cheap to luxurious."""

LEVEL_WORDS: tuple[tuple[str, ...], ...] = (
    ("cheap", "budget", "inexpensive"),
    ("everyday", "good value", "reliable"),
    ("high quality", "premium", "better"),
    ("luxury", "handmade", "top of the range"),
)
"""How people ask for a price level in a search."""

LEVEL_PRAISE: tuple[str, ...] = (
    "Hard to beat at this price.",
    "Good value for what it costs.",
    "Worth the extra money.",
    "Expensive, but what a treasure.",
)
LEVEL_BLAME: tuple[str, ...] = (
    "You can tell where corners were cut.",
    "Neither cheap nor really good.",
    "Too expensive for what you get.",
    "Far too much money, even for something this fine.",
)

MATERIALS: dict[str, Material] = {
    "cast iron": Material("metal", ("cast iron", "seasoned iron"), ("Heavy iron, for a steady stand and a long life.", "Cast in one piece from recycled iron.")),
    "stainless steel": Material("metal", ("stainless steel", "brushed steel"), ("Brushed steel shrugs off rust and stains.", "The 18/8 steel stays bright for years.")),
    "copper": Material("metal", ("copper", "hammered copper"), ("Copper that gleams when new and darkens with use.", "The hammered copper ages to a deep glow.")),
    "aluminium": Material("metal", ("aluminium", "anodised aluminium"), ("Anodised aluminium keeps the weight down.", "Light metal throughout, and no rattles.")),
    "titanium": Material("metal", ("titanium", "pure titanium"), ("Titanium is as strong as steel at about half the weight.", "You will hardly feel the titanium in your hand.")),
    "brass": Material("metal", ("brass", "solid brass"), ("Solid brass fittings grow more beautiful with age.", "The warm shine of brass, polished by hand.")),
    "enamel": Material("ceramic", ("enamel", "enamelled steel"), ("A thick coat of enamel wipes clean in seconds.", "The glassy enamel resists acid and scratches.")),
    "stoneware": Material("ceramic", ("stoneware", "glazed stoneware"), ("Fired at high heat, stoneware is dense and tough.", "No two glazes come out of the kiln alike.")),
    "porcelain": Material("ceramic", ("porcelain", "fine porcelain"), ("Thin-walled porcelain that is stronger than it looks.", "The white china body lets the light through.")),
    "glass": Material("ceramic", ("glass", "borosilicate glass"), ("Heat-proof borosilicate, as in a laboratory.", "The clear glass is tougher than it looks.")),
    "beech": Material("wood", ("beech", "beech wood"), ("Oiled beech sits warmly in the hand.", "Close-grained beech from managed forests.")),
    "walnut": Material("wood", ("walnut", "dark walnut"), ("Dark walnut with a lively grain.", "The walnut is rubbed with oil and wax, never varnished.")),
    "bamboo": Material("wood", ("bamboo", "pressed bamboo"), ("Fast-growing bamboo, hard and light at once.", "Bamboo regrows in a few years and hardly warps.")),
    "maple": Material("wood", ("maple", "hard maple"), ("Pale maple, sanded until it feels like silk.", "Hard maple takes knocks without a dent.")),
    "spruce": Material("wood", ("spruce", "solid spruce"), ("The solid spruce opens up as it is played.", "Straight-grained spruce, dried for years.")),
    "mahogany": Material("wood", ("mahogany", "warm mahogany"), ("Mahogany gives warmth and a soft middle.", "Red-brown mahogany with an open-pore finish.")),
    "cork": Material("wood", ("cork", "natural cork"), ("Springy cork, harvested without felling a tree.", "The cork is kind to hands and surfaces.")),
    "cotton": Material("fibre", ("cotton", "organic cotton"), ("Pure cotton, spun from long fibres.", "The cotton was grown without pesticides.")),
    "linen": Material("fibre", ("linen", "washed linen"), ("Linen with a dry, cool touch.", "European flax with lively slubs.")),
    "wool": Material("fibre", ("wool", "pure wool"), ("Wool keeps its spring, even when damp.", "Springy wool from free-grazing sheep.")),
    "canvas": Material("fibre", ("canvas", "waxed canvas"), ("Waxed canvas takes on character with the years.", "Heavy canvas with double seams.")),
    "leather": Material("fibre", ("leather", "full-grain leather"), ("Full-grain leather that darkens as the years go by.", "Vegetable-tanned hide, cut thick.")),
    "down": Material("fibre", ("down", "goose down"), ("Ethically sourced down packs small and lofts at once.", "Goose down gives the most warmth for its weight.")),
    "paper": Material("fibre", ("paper", "recycled paper"), ("Acid-free paper that does not yellow.", "Thick sheets with a slight tooth.")),
    "nylon": Material("synthetic", ("nylon", "tough nylon"), ("Tough nylon that hardly wears.", "The nylon does not mind water, mud or sweat.")),
    "polyester": Material("synthetic", ("polyester", "recycled polyester"), ("Hard-wearing polyester that keeps its colour.", "The fibre is spun from old bottles.")),
    "silicone": Material("synthetic", ("silicone", "soft silicone"), ("Flexible silicone that never turns brittle.", "Silicone copes with heat up to 230 degrees.")),
    "foam": Material("synthetic", ("foam", "closed-cell foam"), ("Closed-cell foam never soaks up water.", "Dense foam absorbs knocks.")),
    "carbon fibre": Material("synthetic", ("carbon fibre", "carbon composite"), ("Carbon fibre: stiff, strong and next to weightless.", "The woven composite does not mind the weather.")),
    "acrylic": Material("synthetic", ("acrylic", "high-grade acrylic"), ("Acrylic that keeps its colour in bright sun.", "Easy-care acrylic, light and tough.")),
    "beans": Material("food", ("arabica", "highland arabica"), ("High-grown arabica with notes of cocoa and plum.", "Roasted slowly in small drums.")),
    "leaf": Material("food", ("whole leaf", "hand-picked leaf"), ("Whole leaves, picked by hand in spring.", "A bright cup with a long finish.")),
    "spice": Material("food", ("whole spice", "freshly ground spice"), ("Ground in small lots, so the scent fills the room.", "Sourced directly from the growers.")),
}  # fmt: skip
"""Materials by key; the family is the latent attribute, the names and sentences only show it."""

FAMILIES: tuple[str, ...] = ("metal", "ceramic", "wood", "fibre", "synthetic", "food")
"""Families of materials, in the order of their codes."""

COLOURS: tuple[str, ...] = (
    "Slate Blue", "Moss Green", "Charcoal", "Oat", "Brick Red", "Mustard", "Cream", "Teal", "Plum", "Sand", "Ink", "Coral",
    "Olive", "Graphite", "Terracotta", "Sky", "Forest", "Rose", "Copper Brown", "Ivory", "Midnight", "Saffron", "Mint", "Heather",
)  # fmt: skip

LINES: tuple[str, ...] = (
    "Abbot", "Acorn", "Alba", "Amber", "Arbour", "Aspen", "Atlas", "Aurora", "Avon", "Beacon", "Birch", "Bramble",
    "Breeze", "Briar", "Brook", "Calder", "Camber", "Cassia", "Cedar", "Cinder", "Citadel", "Clover", "Comet", "Compton",
    "Copse", "Coral", "Crest", "Curlew", "Cypress", "Dale", "Dapple", "Delta", "Dorado", "Drift", "Dune", "Dusk", "Echo",
    "Eddy", "Elder", "Ember", "Ermine", "Fable", "Falcon", "Fathom", "Fern", "Finch", "Fjord", "Flint", "Foxglove", "Garnet",
    "Glade", "Gorse", "Granite", "Grove", "Gull", "Harbour", "Harvest", "Haven", "Hawthorn", "Hazel", "Heath", "Heron", "Hollow",
    "Horizon", "Indigo", "Iris", "Islet", "Jasper", "Juniper", "Kestrel", "Lagoon", "Larch", "Lark", "Linden",
    "Loch", "Lodge", "Lumen", "Lyra", "Magpie", "Marlow", "Marsh", "Meadow", "Meridian", "Mesa", "Mill", "Mistral", "Moor",
    "Nettle", "Nimbus", "Nova", "Onyx", "Orbit", "Orchard", "Osprey", "Otter", "Pebble", "Peregrine", "Pioneer",
    "Plover", "Poppy", "Prairie", "Quarry", "Quill", "Rambler", "Raven", "Reed", "Ridge", "Robin", "Rowan", "Rush", "Saddle",
    "Sage", "Saltmarsh", "Sentinel", "Shale", "Shore", "Sierra", "Skylark", "Sorrel", "Sparrow", "Starling", "Stream",
    "Summit", "Swift", "Sycamore", "Tarn", "Teasel", "Tern", "Thicket", "Thistle", "Tide", "Timber", "Torrent", "Tundra",
    "Umber", "Vale", "Vesper", "Voyager", "Warren", "Wayfarer", "Willow", "Winter", "Wren", "Yarrow", "Zenith", "Zephyr",
)  # fmt: skip
