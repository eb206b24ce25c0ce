"""The six styles once more, for goods that are eaten or drunk: a tea has no shape, but it has a label and a blend."""

# ruff: noqa: E501 (a table: one entry a line)

from foretaste.data.simulate.words.shared import Style

FOOD_STYLES: dict[str, Style] = {
    "rustic": Style(
        ("farmhouse", "country-style"),
        ("Mixed by hand in an old barn, in small sacks.", "Honest country taste, a little rough at the edges."),
        ("Tastes of the countryside.", "Hearty and homely: just my taste."),
        ("Too rough and earthy for me.",),
    ),
    "modern": Style(
        ("pure", "single-origin"),
        ("One origin, nothing added, a plain white label.", "Clear, clean flavours without any fuss."),
        ("Clean and simple, no frills.", "I like the plain label and the clear taste."),
        ("Too plain, it leaves me cold.",),
    ),
    "vintage": Style(
        ("old-time", "heritage"),
        ("Blended to a recipe from 1952.", "The tin still carries the drawing of the founder's shop."),
        ("Just as my grandmother used to serve.", "A taste from the good old days."),
        ("An old-fashioned taste that feels dated to me.",),
    ),
    "playful": Style(
        ("cheerful", "fun"),
        ("Every bag comes in another bright colour, with a riddle on the back.", "A merry mix for people who like surprises."),
        ("The bright bag cheers me up every morning.", "Such a fun flavour, everybody asks about it."),
        ("The loud packet is not for me.",),
    ),
    "technical": Style(
        ("lab-tested", "precision"),
        ("Each batch is measured in the laboratory, and the numbers stand on the label.", "Sorted by machine to a tenth of a millimetre."),
        ("Every batch tastes exactly the same, which I admire.", "I love the numbers on the label."),
        ("More chemistry lesson than pleasure.",),
    ),
    "natural": Style(
        ("organic", "sustainable"),
        ("Grown without pesticides and paid for fairly.", "Packed in paper that goes on the compost."),
        ("I am glad that the growers are paid fairly.", "Organic, plastic-free and good."),
        ("The green promises taste better than the contents.",),
    ),
}  # fmt: skip
