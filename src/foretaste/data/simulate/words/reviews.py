"""How reviews and searches sound; ``{noun}`` and the words that agree with it are filled in for each kind."""

TITLES: tuple[tuple[str, ...], ...] = (
    ("Not for me", "Disappointed", "Sent {obj} back", "I expected more", "Would not buy {obj} again", "A letdown"),
    ("Good, with a but", "Decent", "Mostly happy", "All right for what {it} {is}", "Nearly there", "Mixed feelings"),
    ("Just what I wanted", "Very happy", "Would buy {obj} again", "Lovely {noun}", "Better than expected", "So happy"),
)  # fmt: skip
"""Titles of bad, mixed and happy reviews."""

OPENINGS: tuple[tuple[str, ...], ...] = (
    (
        "I had high hopes for {this} {noun}.",
        "After two weeks, {this} {noun} went to the back of the cupboard.",
        "I wanted to like {this} {noun}.",
        "The photos promised more.",
        "{this} {noun} {was} a mistake.",
        "I do not see why others are so happy with {obj}.",
    ),
    (
        "{this} {noun} {has} been with me for a month now.",
        "I was looking for {a_noun} and tried {this} on a whim.",
        "There is much to like about {this} {noun}.",
        "A friend recommended {this} {noun}.",
        "I use {this} {noun} about once a week.",
        "Good things first.",
    ),
    (
        "{this} {noun} arrived well packed, and I was happy from the first day.",
        "I have been looking for {a_noun} like {this} for years.",
        "I bought {this} {noun} for myself and then again as a present.",
        "What a good find.",
        "I use {this} {noun} all the time.",
        "I did not expect to get so fond of {a_noun}.",
    ),
)
"""First sentences of bad, mixed and happy reviews."""

CLOSINGS: tuple[tuple[str, ...], ...] = (
    (
        "I am sending {obj} back.",
        "Next time I will read the description more closely.",
        "I cannot recommend {obj}.",
        "My old {noun} did better.",
        "Look elsewhere.",
        "A pity.",
    ),
    (
        "All in all a fair buy.",
        "I will keep {obj}, but I would look around next time.",
        "It depends on what you are looking for.",
        "Good enough for me.",
        "Not perfect, but I do not regret it.",
        "I would think twice at a higher price.",
    ),
    (
        "Warmly recommended.",
        "I would buy {obj} again at once.",
        "My friends all ask where I got {obj}.",
        "Thank you to the maker.",
        "No complaints at all.",
        "Five stars without a second thought.",
    ),
)
"""Last sentences of bad, mixed and happy reviews."""

USE_PRAISE: tuple[str, ...] = (
    "Just the thing {use}.",
    "Ideal {use}.",
    "I could not wish for better {use}.",
)
USE_BLAME: tuple[str, ...] = (
    "Perhaps all right {use}, but I need something else.",
    "All right {use}, I suppose; for me the point is missed.",
    "Would do {use}, but that is seldom what I have in mind.",
)

MATERIAL_PRAISE: tuple[str, ...] = (
    "I have a weakness for {stuff}.",
    "The {stuff} is lovely.",
    "I always look for {stuff}, and this is why.",
)
MATERIAL_BLAME: tuple[str, ...] = (
    "I do not get on with {stuff}.",
    "{stuff} is not my thing.",
    "I should have known that I dislike {stuff}.",
)

QUERIES: dict[str, tuple[str, ...]] = {
    "kind": ("{noun}", "best {noun}", "{noun} reviews", "buy {noun}"),
    "style": ("{style} {noun}", "{noun} {style}", "{style} looking {noun}"),
    "occasion": ("{noun} {use}", "best {noun} {use}", "which {noun} {use}"),
    "material": ("{stuff} {noun}", "{noun} {stuff}", "{noun} made of {stuff}"),
    "level": ("{level} {noun}", "{noun} {level}", "{level} {noun} online"),
    "brand": ("{brand} {noun}", "{brand}", "{noun} by {brand}"),
}
"""What people type, by the attribute that they have in mind beside the kind."""
