"""MovieLens ratings, movies and users as CSV with the header names of the 1M data set."""

from interest_spark.sources.reader import Reader

READER = Reader(
    events={
        "format": "csv",
        "columns": {"user_id": "user_id", "item_id": "movie_id", "event_time": "timestamp", "rating": "rating"},
        "constants": {"behavior": "rate"},
        "time_format": "unix_s",
    },
    items={"format": "csv", "columns": {"item_id": "movie_id", "title": "title", "category": "genres"}},
    users={
        "format": "csv",
        "columns": {"user_id": "user_id", "gender": "gender", "age": "age", "region": "zip"},
        "attributes": {"occupation": "occupation"},
    },
)
