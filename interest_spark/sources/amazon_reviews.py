"""Amazon reviews (Ni, Li and McAuley, 2018) and their product metadata, one JSON object a line."""

from interest_spark.sources.reader import Reader

READER = Reader(
    events={
        "format": "jsonl",
        "columns": {"user_id": "reviewerID", "item_id": "asin", "event_time": "unixReviewTime", "rating": "overall"},
        "constants": {"behavior": "rate"},
        "time_format": "unix_s",
    },
    items={
        "format": "jsonl",
        "columns": {
            "item_id": "asin",
            "title": "title",
            "description": "description",
            "category": "category",
            "brand": "brand",
            "image": "imageURL",
        },
    },
)
