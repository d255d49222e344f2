"""The raw formats by name."""

import difflib

from interest_spark.foundation.errors import ConfigError
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
    if name in READERS:
        return READERS[name]
    nearest = difflib.get_close_matches(name, READERS, n=1, cutoff=0.0)[0]
    raise ConfigError(f"reader {name!r} is unknown; did you mean {nearest!r}? Readers: {', '.join(READERS)}")
