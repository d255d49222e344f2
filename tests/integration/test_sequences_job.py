"""Histories, vocabulary, popularity and bots as of a day: no future in them, permanent integers, the same twice."""

import random
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from interest_spark.config.deployment import Config
from interest_spark.foundation.errors import BadDataError
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import run_steps
from interest_spark.pipeline.report import Outcome
from interest_spark.steps.train_blocks import TRAIN_BLOCKS
from interest_spark.storage.warehouse import Warehouse
from tests.log_files import deliver, event, shop_config
from tests.runs import run_job

pytestmark = pytest.mark.usefixtures("spark")
TABLES = ("sequences", "vocab", "categories", "popularity", "bots")


def run(config: Config, day: str) -> Outcome:
    return run_job("sequences", RunContext(config, date.fromisoformat(day)))


def take_in(config: Config, day: str, lines: list[Any]) -> None:
    root = config.warehouse.parent
    deliver(root, day, lines)
    run_job("ingest", RunContext(config, date.fromisoformat(day)))


def rows(config: Config, table: str, **selection: Any) -> list[dict[str, Any]]:
    return Warehouse(config.warehouse).read_small(table, **selection).to_pylist()


def histories(config: Config, day: str) -> dict[str, list[str]]:
    ids = {row["item_index"]: row["item_id"] for row in rows(config, "vocab")}
    return {row["user_id"]: [ids[index] for index in row["item_index"]] for row in rows(config, "sequences", day=day)}


def at(day: str, hour: int, **changes: Any) -> dict[str, Any]:
    return event(event_time=f"{day}T{hour:02}:00:00Z", **changes)


FIRST = [
    at("2026-01-01", 9, item_id="b"),
    at("2026-01-01", 8, item_id="a"),
    at("2026-01-01", 9, user_id="u2", item_id="c"),
]
SECOND = [at("2026-01-02", 7, item_id="d"), at("2026-01-01", 10, item_id="late"), at("2026-01-02", 8, user_id="u3")]


def test_histories_are_ordered_by_time_and_late_events_find_their_place(tmp_path: Path) -> None:
    config = shop_config(tmp_path)
    take_in(config, "2026-01-01", FIRST)
    take_in(config, "2026-01-02", SECOND)
    run(config, "2026-01-01")
    run(config, "2026-01-02")
    assert histories(config, "2026-01-01") == {"u1": ["a", "b"], "u2": ["c"]}
    assert histories(config, "2026-01-02") == {"u1": ["a", "b", "late", "d"], "u2": ["c"], "u3": ["i1"]}


def test_nothing_as_of_a_day_depends_on_later_days(tmp_path: Path) -> None:
    known, later = (shop_config(tmp_path / name) for name in ("known", "later"))
    for config in (known, later):
        take_in(config, "2026-01-01", FIRST)
    busy = [at("2026-01-02", hour, item_id=f"n{n}", session_id=str(n)) for n, hour in enumerate(range(24))]
    take_in(later, "2026-01-02", [*SECOND, *busy])
    rng = random.Random(5)
    for day in (3, 4, 5):  # 200 in all, most of them of days before they are delivered
        delivered = [_random_event(rng, happened=rng.randint(1, day)) for _ in range(50 if day < 5 else 73)]
        take_in(later, f"2026-01-0{day}", delivered)
    for config in (known, later):
        run(config, "2026-01-01")
    for table in (*TABLES, "events", "user_days", "item_days", "sessions", "bot_days", "bot_sequences"):
        first, second = (sorted(map(_content, rows(config, table, through="2026-01-01"))) for config in (known, later))
        assert first == second, table


def _random_event(rng: random.Random, happened: int) -> dict[str, Any]:
    user, item = rng.choice(["u1", "u2", "new"]), rng.choice(["a", "b", "c", "0", "z"])
    return at(f"2026-01-0{happened}", rng.randint(0, 23), user_id=user, item_id=item, session_id=str(rng.random()))


def _content(row: dict[str, Any]) -> str:
    """All but the folder of the log, which differs between two worlds."""
    return str({name: value for name, value in row.items() if name != "source_file"})


def test_integers_are_permanent_over_reruns_and_backfills_in_any_order(tmp_path: Path) -> None:
    config = shop_config(tmp_path)
    take_in(config, "2026-01-01", FIRST)
    run(config, "2026-01-01")
    before = {row["item_id"]: row["item_index"] for row in rows(config, "vocab")}
    assert sorted(before.values()) == [2, 3, 4]
    take_in(config, "2026-01-03", [at("2026-01-03", 1, item_id="z")])
    run(config, "2026-01-03")
    take_in(config, "2026-01-02", SECOND)
    run(config, "2026-01-02")
    deliver(tmp_path, "2026-01-01", [at("2026-01-01", 1, item_id="0-first")], name="part-1.jsonl")
    run_job("ingest", RunContext(config, date(2026, 1, 1)))
    run(config, "2026-01-01")
    after = rows(config, "vocab")
    assert {row["item_id"]: row["item_index"] for row in after} | before == {
        row["item_id"]: row["item_index"] for row in after
    }
    assert sorted(row["item_index"] for row in after) == list(range(2, 2 + len(after)))
    assert len({row["item_id"] for row in after}) == len(after)


def test_the_second_run_is_a_no_op_until_the_events_change(tmp_path: Path) -> None:
    config = shop_config(tmp_path)
    take_in(config, "2026-01-01", FIRST)
    assert run(config, "2026-01-01").status == "done"
    assert run(config, "2026-01-01").status == "nothing_to_do"
    take_in(config, "2026-01-02", SECOND)
    assert run(config, "2026-01-01").status == "nothing_to_do"
    deliver(tmp_path, "2026-01-01", [at("2026-01-01", 1)], name="part-1.jsonl")
    run_job("ingest", RunContext(config, date(2026, 1, 1)))
    assert run(config, "2026-01-01").status == "done"


def test_the_cap_keeps_the_newest_and_seen_keeps_all(tmp_path: Path) -> None:
    config = shop_config(tmp_path, sequences={"max_length": 2, "behaviors": ["view", "purchase"]})
    lines = [at("2026-01-01", hour, item_id=f"i{hour}", behavior="purchase") for hour in range(5)]
    take_in(config, "2026-01-01", [*lines, at("2026-01-01", 6, item_id="i9", behavior="favorite")])
    run(config, "2026-01-01")
    assert histories(config, "2026-01-01") == {"u1": ["i3", "i4"]}
    (row,) = rows(config, "sequences")
    assert (len(row["seen"]), row["events"]) == (5, 5)


def test_popularity_counts_the_last_days_only(tmp_path: Path) -> None:
    config = shop_config(tmp_path, sequences={"popularity_days": 1})
    take_in(config, "2026-01-01", FIRST)
    take_in(
        config, "2026-01-02", [at("2026-01-02", n, item_id="d") for n in range(3)] + [at("2026-01-02", 5, item_id="b")]
    )
    run(config, "2026-01-02")
    found = [(row["item_id"], row["events"], row["rank"]) for row in rows(config, "popularity")]
    assert sorted(found, key=lambda row: row[2]) == [("d", 3, 1), ("b", 1, 2)]


def categories(config: Config, day: str) -> dict[str, int]:
    """The category code of every item in the day's sequences."""
    ids = {row["item_index"]: row["item_id"] for row in rows(config, "vocab")}
    pairs = [
        pair
        for row in rows(config, "sequences", day=day)
        for pair in zip(row["item_index"], row["category"], strict=True)
    ]
    return {ids[index]: code for index, code in pairs}


def test_categories_are_those_of_the_items_as_of_the_day(tmp_path: Path) -> None:
    known, later = (
        shop_config(tmp_path / name, sources={"items": {"path": "items/dt={day}/*"}}) for name in ("known", "later")
    )
    moved = [{"item_id": "a", "category": "games"}, {"item_id": "c", "category": "books"}]
    for config in (known, later):
        root = config.warehouse.parent
        deliver(root, "2026-01-01", [{"item_id": "a", "category": "books"}, {"item_id": "b", "title": "B"}], "items")
        take_in(config, "2026-01-01", FIRST)
    run(known, "2026-01-01")
    for config in (known, later):
        deliver(config.warehouse.parent, "2026-01-02", moved, "items")
        take_in(config, "2026-01-02", SECOND)
    run(later, "2026-01-01")
    assert run(known, "2026-01-01").status == "nothing_to_do"
    first = categories(known, "2026-01-01")
    assert first == categories(later, "2026-01-01") == {"a": 1, "b": 0, "c": 0}
    run(known, "2026-01-02")
    assert categories(known, "2026-01-02") | {"a": 2, "b": 0, "c": 1} == categories(known, "2026-01-02")
    assert numbers(known) == {"books": 1, "games": 2}
    assert numbers(later) == {"books": 1}


def test_items_that_change_for_the_day_make_its_histories_anew(tmp_path: Path) -> None:
    config = shop_config(tmp_path, sources={"items": {"path": "items/dt={day}/*"}})
    take_in(config, "2026-01-01", FIRST)
    run(config, "2026-01-01")
    assert set(categories(config, "2026-01-01").values()) == {0}
    deliver(tmp_path, "2026-01-01", [{"item_id": "a", "category": "books"}], "items")
    run_job("ingest", RunContext(config, date(2026, 1, 1)))
    assert run(config, "2026-01-01").status == "done"
    assert categories(config, "2026-01-01")["a"] > 0


def test_machines_are_found_and_people_are_not(tmp_path: Path) -> None:
    config = shop_config(
        tmp_path, bots={"max_events_per_day": 100, "max_active_hours": 20, "min_events_for_rhythm": 30}
    )
    midnight = datetime(2026, 1, 1, tzinfo=timezone.utc)

    def visits(user: str, seconds: list[float]) -> list[dict[str, Any]]:
        times = [(midnight + timedelta(seconds=second)).isoformat() for second in seconds]
        return [event(user_id=user, event_time=time, session_id=str(n)) for n, time in enumerate(times)]

    lines = [
        *visits("flood", [n**1.5 for n in range(101)]),
        *visits("sleepless", [3600 * hour + hour**2 for hour in range(20)]),
        *visits("timer", [30 * n for n in range(30)]),
        *visits("keen", [n**1.5 for n in range(100)]),
        *visits("early and late", [3600 * hour + hour**2 for hour in range(19)]),
        *visits("short timer", [30 * n for n in range(29)]),
    ]
    take_in(config, "2026-01-01", lines)
    run(config, "2026-01-01")
    found = {row["user_id"]: row["reason"] for row in rows(config, "bots")}
    assert found == {"flood": "volume", "sleepless": "round_the_clock", "timer": "rhythm"}
    assert set(histories(config, "2026-01-01")) == {"keen", "early and late", "short timer"}


def test_a_day_before_all_events_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="interest ingest --day 2026-01-01"):
        run(shop_config(tmp_path), "2026-01-01")


def test_users_whose_events_are_no_interest_or_long_ago_have_a_row_too(tmp_path: Path) -> None:
    """Whoever has an accepted event is to be served or named; a machine's user is named among the bots."""
    config = shop_config(tmp_path, sequences={"history_days": 1}, bots={"max_events_per_day": 3})
    take_in(config, "2026-01-01", [at("2026-01-01", 9, user_id="long ago")])
    searches = [at("2026-01-02", 9, user_id=f"only {behavior}", behavior=behavior) for behavior in ("search", "return")]
    busy = [at("2026-01-02", 9, user_id="robot", item_id=f"i{number}") for number in range(5)]
    take_in(config, "2026-01-02", [at("2026-01-02", 8, user_id="usual", item_id="a"), *searches, *busy])
    run(config, "2026-01-02")
    found = rows(config, "sequences", day="2026-01-02")
    lengths = {row["user_id"]: (len(row["item_index"]), len(row["seen"]), row["events"]) for row in found}
    assert lengths == {"usual": (1, 1, 1)} | dict.fromkeys(("long ago", "only search", "only return"), (0, 0, 0))
    assert [row["user_id"] for row in rows(config, "bots", day="2026-01-02")] == ["robot"]
    run(config, "2026-01-01")
    assert set(histories(config, "2026-01-01")) == {"long ago"}


# Category codes --------------------------------------------------------------------------------


def test_500_categories_are_500_codes_of_the_model(tmp_path: Path) -> None:
    config = shop_config(tmp_path, sources={"items": {"path": "items/dt={day}/*"}}, bots={"enabled": False})
    items = [{"item_id": f"i{n}", "category": f"home/类别-{n}"} for n in range(500)]
    deliver(tmp_path, "2026-01-01", items, "items")
    lines = [
        event(user_id=f"u{n // 100}", item_id=f"i{n}", event_time=f"2026-01-01T{n % 24:02}:{n % 60:02}:00Z")
        for n in range(500)
    ]
    # The last event of a history is no token of a block, only a target.
    lines += [event(user_id=f"u{user}", item_id="i0", event_time="2026-01-01T23:59:30Z") for user in range(5)]
    take_in(config, "2026-01-01", lines)
    run(config, "2026-01-01")
    assert train_codes(config) == ([1] * 500, {"numbered": 500, "exact": 500, "ambiguous_share": 0.0})

    blocks = config.blocks.model_copy(update={"category_codes": 300, "category_buckets": 150})
    shares, report = train_codes(config.model_copy(update={"blocks": blocks}))
    assert sorted(shares) == [1] * (300 + 100) + [2] * 50
    assert report == {"numbered": 500, "exact": 300, "ambiguous_share": 0.2}


def train_codes(config: Config) -> tuple[list[int], dict[str, Any]]:
    """How many items each code of the day's blocks stands for, and what the step reports."""
    outcome = run_steps([(TRAIN_BLOCKS, RunContext(config, date(2026, 1, 1)))])
    codes = Counter(code for row in rows(config, "train_blocks") for code in row["category"] if code)
    return list(codes.values()), dict(outcome.details["categories"])


def numbers(config: Config) -> dict[str, int]:
    """The permanent numbers of all categories; none is given twice."""
    found = {row["category"]: row["category_index"] for row in rows(config, "categories")}
    assert sorted(found.values()) == list(range(1, 1 + len(rows(config, "categories"))))
    return found


def test_numbers_of_categories_are_permanent_over_reruns_and_backfills_in_any_order(tmp_path: Path) -> None:
    config = shop_config(tmp_path, sources={"items": {"path": "items/dt={day}/*"}})
    named = {"2026-01-01": ["m"], "2026-01-03": ["z", "b"], "2026-01-02": ["n", "b"]}
    given: dict[str, int] = {}
    for day, texts in named.items():
        items = [{"item_id": f"{day} {text}", "category": text} for text in texts]
        deliver(tmp_path, day, items, "items")
        take_in(config, day, [at(day, 1, item_id=item["item_id"]) for item in items])
        run(config, day)
        assert numbers(config).items() >= given.items()
        given = numbers(config)
    assert given == {"m": 1, "b": 2, "z": 3, "n": 4}

    deliver(tmp_path, "2026-01-01", [{"item_id": "2026-01-01 m", "category": "a"}], "items", name="part-1.jsonl")
    run_job("ingest", RunContext(config, date(2026, 1, 1)))
    assert run(config, "2026-01-01").rows["categories"] == 2  # it keeps what it has numbered
    assert numbers(config) == {**given, "a": 5}
    assert categories(config, "2026-01-01") == {"2026-01-01 m": 5}
    before = {table: rows(config, table) for table in TABLES}
    assert run_job("sequences", RunContext(config, date(2026, 1, 1), force=True)).status == "done"
    assert {table: sorted(map(str, rows(config, table))) for table in TABLES} == {
        table: sorted(map(str, found)) for table, found in before.items()
    }
