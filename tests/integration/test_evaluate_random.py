"""The evaluation job equals a plain Python program on a random world, in a shop east of Greenwich."""

import random
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

import pytest

from interest_spark.pipeline.context import RunContext
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.warehouse import Warehouse
from tests.integration.warehouse_world import commit, config_of, item_id, popularity, sequence
from tests.ranking import ndcg, recall
from tests.runs import run_job

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CUTOFF, DAY, K = "2026-01-03", "2026-01-10", 4
EVENT_DAYS = ("2026-01-01", CUTOFF, "2026-01-04", "2026-01-07", DAY)
START, END = (datetime(2026, 1, day, 16, tzinfo=timezone.utc) for day in (3, 10))  # midnights in Shanghai
BLOCKED = {item_id(3), item_id(11)}
POPULAR = {item: 60 - 2 * item for item in range(2, 16)}
CATEGORY = {item_id(item): "ABC"[item % 3] for item in range(2, 13)}
Event = tuple[str, str, str, datetime]


def random_events(rng: random.Random) -> dict[str, list[Event]]:
    """By arrival day; up to four days late, at whole hours so that many fall on the bounds."""
    days: dict[str, list[Event]] = {}
    for day in EVENT_DAYS:
        midnight = datetime.fromisoformat(day).replace(tzinfo=timezone.utc) + timedelta(hours=16)
        days[day] = [
            (
                f"user-{rng.randrange(40)}",
                item_id(rng.choice([*range(2, 16), 30])),
                rng.choice(["view", "purchase", "share"]),
                midnight - timedelta(hours=rng.choice([*range(1, 24), *range(1, 96)])),
            )
            for _ in range(250)
        ]
    return days


def row_of(event: Event) -> tuple[Any, ...]:
    given = dict(zip(("user_id", "item_id", "behavior", "event_time"), event, strict=True))
    return tuple(given.get(name) for name in TABLES["events"].names)


def share_of_category(item: str) -> float:
    """P(item | category) among the popular items that are not blocked."""
    events = {item_id(each): count for each, count in POPULAR.items() if item_id(each) not in BLOCKED}
    return events[item] / sum(count for each, count in events.items() if CATEGORY.get(each) == CATEGORY[item])


def in_plain_python(
    events: dict[str, list[Event]], seen: dict[str, set[str]], published: dict[str, list[str]], robots: set[str]
) -> dict[tuple[str, str], float]:
    popular = [item_id(item) for item in POPULAR if item_id(item) not in BLOCKED]
    figures = defaultdict(list)
    for user in sorted(published.keys() - robots):
        relevant = {
            item
            for day, rows in events.items()
            for who, item, behavior, time in rows
            if who == user and day > CUTOFF and START <= time < END and behavior == "purchase"
        }
        relevant -= seen[user] | BLOCKED
        past = [row for day in ("2026-01-01", CUTOFF) for row in events[day] if row[0] == user and row[2] != "share"]
        count = Counter(item for _, item, _, _ in past)
        last = {item: time for _, item, _, time in sorted(past, key=lambda row: row[3])}
        own = sorted(count, key=lambda item: (-count[item], -last[item].timestamp(), item))
        chosen = Counter(CATEGORY[item] for _, item, _, _ in past if item in CATEGORY)
        alike = [item for item in popular if CATEGORY.get(item) in chosen]
        alike.sort(key=lambda item: -chosen[CATEGORY[item]] * share_of_category(item))
        personal = [*own, *alike, *popular]
        lists = {
            "model": published[user],
            "popularity": [item for item in popular if item not in seen[user]][:K],
            "own_frequency": [item for item in dict.fromkeys(personal) if item not in seen[user] | BLOCKED][:K],
        }
        for name, suggested in lists.items():
            if relevant:
                figures[name, f"recall@{K}"].append(recall(K, suggested, sorted(relevant)))
                figures[name, f"ndcg@{K}"].append(ndcg(K, suggested, sorted(relevant)))
    return {key: mean(values) for key, values in figures.items()}


@pytest.mark.slow
def test_equal_to_plain_python(spark: "SparkSession", tmp_path: Path) -> None:
    rng = random.Random(20)
    events = random_events(rng)
    for day, rows in events.items():
        commit(spark, tmp_path, "events", day, [row_of(row) for row in rows])
    indexes = {f"user-{number}": rng.sample(range(2, 16), rng.randint(1, 5)) for number in range(34)}
    seen = {user: {item_id(item) for item in items} for user, items in indexes.items()}
    published = {user: [item_id(item) for item in rng.sample(range(2, 16), K)] for user in indexes}
    rows = [
        (user, place, item, 1.0, "model", "m") for user in published for place, item in enumerate(published[user], 1)
    ]
    commit(spark, tmp_path, "recommendations", CUTOFF, rng.sample(rows, len(rows)))
    commit(spark, tmp_path, "unserved", CUTOFF, [])
    commit(spark, tmp_path, "bots", CUTOFF, [("user-1", "volume", 1, 1, "")])
    commit(spark, tmp_path, "bots", DAY, [("user-2", "volume", 1, 1, "")])
    commit(spark, tmp_path, "popularity", CUTOFF, popularity(POPULAR))
    described = [(item, None, None, name, None, None, None, None, None) for item, name in CATEGORY.items()]
    commit(spark, tmp_path, "items", CUTOFF, described)
    commit(spark, tmp_path, "vocab", CUTOFF, [(item_id(item), item, CUTOFF) for item in range(2, 16)])
    for day in (CUTOFF, DAY):
        commit(spark, tmp_path, "sequences", day, [sequence(user, items) for user, items in indexes.items()])
    config = config_of(
        tmp_path,
        shop={"time_zone": "Asia/Shanghai"},
        sequences={"behaviors": ["view", "purchase"]},
        score={"k": K, "blocked_items": sorted(BLOCKED)},
        evaluate={
            "k": K,
            "target_behaviors": ["purchase"],
            "baselines": ["popularity", "own_frequency"],
            "list_metrics": [],
        },
    )
    run_job("evaluate", RunContext(config, date.fromisoformat(DAY)))
    found = Warehouse(tmp_path).open("metrics").read(spark, day=DAY).collect()
    expected = in_plain_python(events, seen, published, {"user-1", "user-2"})
    assert {(row.slice, row.metric): row.value for row in found if ":" not in row.slice and row.against is None} == {
        key: pytest.approx(value, abs=1e-8) for key, value in expected.items()
    }
