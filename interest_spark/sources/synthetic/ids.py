"""Ids as a shop writes them: mostly regular, a few that are unusual and yet legal."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from interest_spark.sources.synthetic.plan import Ints, Objects

UNUSUAL_USERS: tuple[str | int, ...] = (
    "用户-赵六",
    "🛒🎉shopper",
    "550e8400-e29b-41d4-a716-446655440000",
    18446744073709551617,  # above 2^64, written as a JSON number
    'O"Neil \\ Söhne',
)
UNUSUAL_ITEMS: tuple[str | int, ...] = (
    "商品-茶叶",
    "🎁-box",
    "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    9223372036854775809,  # above 2^63, written as a JSON number
    "a/b=c,d e",
)


@dataclass(frozen=True)
class Ids:
    """Ids by index: `text` as tables must hold them, `json` as the logs write them."""

    text: Objects
    json: Objects


def unusual_count(count: int, unusual: tuple[str | int, ...]) -> int:
    """How many of `count` ids are unusual: at most a quarter."""
    return min(len(unusual), count // 4)


def make_ids(prefix: str, count: int, unusual: tuple[str | int, ...], places: Ints, rng: np.random.Generator) -> Ids:
    """`count` distinct ids in random order, those at `places` taken from `unusual`.

    >>> ids = make_ids("u", 3, (2**64,), np.array([1]), np.random.default_rng(0))
    >>> ids.text[1], ids.json[1], ids.json[0]
    ('18446744073709551616', '18446744073709551616', '"u0000002"')
    """
    values: list[str | int] = [f"{prefix}{number:07d}" for number in rng.permutation(count).tolist()]
    for place, value in zip(places.tolist(), unusual, strict=False):
        values[place] = value
    text = np.array([str(value) for value in values], dtype=object)
    return Ids(text, np.array([json.dumps(value, ensure_ascii=False) for value in values], dtype=object))


def json_line(key: str, id_json: str, fields: Mapping[str, Any]) -> str:
    """One delivered line: the id, as JSON already, under `key`, and then `fields`."""
    rest = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return f'{{"{key}":{id_json},{rest[1:]}'
