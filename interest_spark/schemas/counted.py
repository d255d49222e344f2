"""What events add up to: counts by user, item and interest, sessions, machines, numbers of items, histories."""

import pyarrow as pa

from interest_spark.schemas.behaviors import BEHAVIORS
from interest_spark.schemas.table import TIME, list_of, table_of


def _history_table() -> pa.Schema:
    return table_of(
        user_id=(pa.string(), "as the shop wrote it"),
        item_index=(list_of(pa.int32()), "the last `sequences.max_length` events' items, oldest first"),
        behavior=(list_of(pa.int32()), "of each: place in the list of canonical behaviors, from 1"),
        event_time=(list_of(TIME), "of each"),
        price=(list_of(pa.float64()), "of each"),
        category=(list_of(pa.int32()), "of each: `category_index` of the item's category as of the day, 0 for none"),
        arrival_day=(list_of(pa.int32()), "of each: `dt` of the event, the day that delivered it, in days since 1970"),
        seen=(list_of(pa.int32()), "every distinct item within `sequences.history_days`, ascending"),
        events=(pa.int64(), "all within `sequences.history_days`, not only the listed ones"),
        seen_day=(list_of(pa.int32()), "of each of `seen`: its last event's day since 1970; only with `history_days`"),
        active_day=(list_of(pa.int32()), "each day with events, since 1970, ascending; only with `history_days`"),
        active_day_events=(list_of(pa.int32()), "of each of `active_day`"),
    )


COUNTED: dict[str, pa.Schema] = {
    "user_days": table_of(
        user_id=(pa.string(), "as the shop wrote it"),
        event_day=(pa.date32(), "shop-local day of the events, up to `ingest.max_late_days` before the delivery"),
        events=(pa.int64(), "of that day in this delivery, as all that follows"),
        hours=(pa.int32(), "a bit for each hour of the day with events, the lowest for midnight"),
        gaps=(pa.int64(), "pairs of consecutive events"),
        gap_ms=(pa.int64(), "milliseconds between consecutive events, summed"),
        gap_ms_squared=(pa.int64(), "their squares, summed"),
        **{behavior: (pa.int64(), f"events of behavior {behavior}") for behavior in BEHAVIORS},
        session_start=(list_of(TIME), "first event of each session, ascending; those of two deliveries may join"),
        session_end=(list_of(TIME), "last event of each"),
        session_events=(list_of(pa.int32()), "events in each"),
        is_machine=(pa.bool_(), "whether this delivery alone crosses a threshold of `bots`"),
        until_midnight=(pa.bool_(), "whether the last session may go on after the day"),
    ),
    "item_days": table_of(
        item_id=(pa.string(), "as the shop wrote it; an item can have several rows of one behavior, which add up"),
        behavior=(pa.string(), "one of the canonical behaviors"),
        events=(pa.int64(), "in this delivery"),
        bot_events=(pa.int64(), "of these, by users whose traffic of that day is a machine's"),
    ),
    "interest_days": table_of(
        user_id=(pa.string(), "as the shop wrote it"),
        event_day=(pa.date32(), "shop-local day of the events, up to `ingest.max_late_days` before the delivery"),
        kind=(pa.string(), "of interest: category, brand, price_level, time_of_day, platform; `total` for all events"),
        value=(
            pa.string(),
            "the category, the brand, …; empty for `total`. Items have what the catalogue of `dt` says",
        ),
        behavior=(pa.string(), "one of the canonical behaviors"),
        events=(pa.int64(), "of that day in this delivery, as all that follows"),
        places=(pa.int64(), "of each, how many events of the user's day in this delivery came later, summed"),
        amount=(pa.int64(), "price times quantity, summed, in ten-thousandths of the shop's currency"),
    ),
    "sessions": table_of(
        user_id=(pa.string(), "as the shop wrote it"),
        session_start=(TIME, "first event; names the session together with the user"),
        session_end=(TIME, "last event known as of the day"),
        events=(pa.int64(), "in between"),
    ),
    "bot_days": table_of(
        user_id=(pa.string(), "as the shop wrote it"),
        event_day=(pa.date32(), "a day on which the traffic is a machine's"),
        reason=(pa.string(), "every threshold that was crossed"),
        events=(pa.int64(), "of the day"),
        active_hours=(pa.int32(), "hours of the day with events, of 24"),
        gap_variation=(pa.float64(), "coefficient of variation of the time between events; null where none passed"),
    ),
    "bots": table_of(
        user_id=(pa.string(), "whose traffic is a machine's"),
        reason=(pa.string(), "every threshold that was crossed"),
        busiest_day_events=(pa.int64(), "events on the user's busiest day"),
        active_hours=(pa.int32(), "hours of a day with events, of 24, on the fullest one"),
        evidence=(pa.string(), "the newest day that crossed one, with its figures"),
    ),
    "vocab": table_of(
        item_id=(pa.string(), "as the shop wrote it"),
        item_index=(pa.int32(), "its permanent number, from 2; 0 pads, 1 is unknown"),
        first_day=(pa.string(), "the day that it was first seen on, when it was numbered"),
    ),
    "categories": table_of(
        category=(pa.string(), "as the shop wrote it"),
        category_index=(
            pa.int32(),
            "its permanent number, from 1; in the order of the text where several are new",
        ),
        first_day=(pa.string(), "the day of the `items` that named it first"),
    ),
    "sequences": _history_table(),
    "bot_sequences": _history_table(),
    "restated_sequences": _history_table(),
    "popularity": table_of(
        item_index=(pa.int32(), "number of an item with an event in the last `sequences.popularity_days`"),
        item_id=(pa.string(), "as the shop wrote it"),
        events=(pa.int64(), "in these days"),
        rank=(pa.int32(), "from 1, most events first, ties by number"),
    ),
}
