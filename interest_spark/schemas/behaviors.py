"""Behaviors and reserved item numbers: the codes that histories and models are made of."""

MASK_INDEX = -1
"""The item of a MASK token: a hidden event, whose item is to be told from the others. It is no row of any table."""

PADDING_INDEX = 0
UNKNOWN_INDEX = 1
FIRST_ITEM_INDEX = 2

BEHAVIORS = (
    "view",
    "cart",
    "favorite",
    "purchase",
    "rate",
    "check_in",
    "return",
    "search",
    "share",
    "click",
)
"""Canonical behaviors. A behavior's code in `sequences` is its place here plus one (0 pads): append only."""

BEHAVIOR_CODES = {behavior: code for code, behavior in enumerate(BEHAVIORS, start=1)}
