"""Gowalla check-ins: places are the items, a check-in the only behavior."""

from interest_spark.sources.reader import Reader

READER = Reader(
    events={
        "format": "csv",
        "columns": {"user_id": "user_id", "item_id": "location_id", "event_time": "checkin_time"},
        "constants": {"behavior": "check_in"},
    },
    items={
        "format": "csv",
        "columns": {"item_id": "location_id", "title": "name"},
        "attributes": {"latitude": "latitude", "longitude": "longitude"},
    },
)
