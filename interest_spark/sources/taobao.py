"""Taobao UserBehavior (Tianchi 649): pv, cart, fav and buy events with Unix seconds; its days are UTC+8."""

from interest_spark.sources.reader import Reader

READER = Reader(
    events={
        "format": "csv",
        "columns": {"user_id": "user_id", "item_id": "item_id", "behavior": "behavior_type", "event_time": "timestamp"},
        "behaviors": {"pv": "view", "cart": "cart", "fav": "favorite", "buy": "purchase"},
        "time_format": "unix_s",
    },
    items={
        "format": "csv",
        "columns": {"item_id": "item_id", "category": "category_id", "updated_at": "timestamp"},
        "time_format": "unix_s",
    },
)
