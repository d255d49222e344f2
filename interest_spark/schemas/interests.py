"""What a person can be interested in, as daily counts, customer features and profiles name it."""

KINDS = ("category", "brand", "price_level", "time_of_day", "platform")
"""Kinds of interests: three of the item as the catalogue has it, two of the event itself."""

TOTAL = "total"
"""The kind of the rows of `interest_days` that count all events, whatever is known of them."""

PRICE_LEVELS = ("1 lowest", "2 low", "3 middle", "4 high", "5 highest")
"""Fifths of the prices within the item's category, as the catalogue of the day has them."""

TIMES_OF_DAY = ("night", "morning", "afternoon", "evening")
"""Quarters of the shop's day, from midnight."""

AMOUNTS_A_UNIT = 10_000
"""Money is counted in whole numbers, so many a unit of the shop's currency: sums are exact in whatever order."""
