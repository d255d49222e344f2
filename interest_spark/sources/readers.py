"""The raw formats by name."""

from interest_spark.foundation.registry import named
from interest_spark.sources import amazon_reviews, gowalla, mapped, movielens, online_retail, taobao
from interest_spark.sources.reader import Reader

READERS: dict[str, Reader] = {
    "mapped": mapped.READER,
    "online_retail": online_retail.READER,
    "taobao": taobao.READER,
    "movielens": movielens.READER,
    "amazon_reviews": amazon_reviews.READER,
    "gowalla": gowalla.READER,
}


def get_reader(name: str) -> Reader:
    """The reader of that name; ConfigError names the nearest one."""
    return named(READERS, name, "reader")
