"""Things that a configuration chooses by name."""

import difflib
from collections.abc import Mapping
from typing import TypeVar

from interest_spark.foundation.errors import ConfigError

T = TypeVar("T")


def named(registry: Mapping[str, T], name: str, what: str) -> T:
    """The entry of that name; ConfigError names the nearest one and lists all.

    >>> named({"recall": 1, "ndcg": 2}, "recal", "metric")
    Traceback (most recent call last):
    interest_spark.foundation.errors.ConfigError: metric 'recal' is unknown; did you mean 'recall'? Known: recall, ndcg
    """
    if name in registry:
        return registry[name]
    nearest = difflib.get_close_matches(name, registry, n=1, cutoff=0.0)[0]
    raise ConfigError(f"{what} {name!r} is unknown; did you mean {nearest!r}? Known: {', '.join(registry)}")
