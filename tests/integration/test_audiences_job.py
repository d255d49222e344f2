"""Audiences by the job: who is in them, who never is, what is planned, and that later days change no earlier one."""

import random
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from interest_spark.config.deployment import Config
from interest_spark.foundation.errors import BadDataError, ConfigError
from interest_spark.pipeline.context import RunContext
from interest_spark.storage.layout import Slice
from interest_spark.storage.warehouse import Warehouse
from jobs import audience
from tests.audience_world import DAY, make, members, put_customers, put_list, rows_of, world
from tests.log_files import deliver
from tests.runs import run_job
from tests.small_tables import put_rows

pytestmark = pytest.mark.usefixtures("spark")

LAPSED = {"name": "lapsed", "where": {"days_since_purchase": {"at_least": 30}}}
SHOES = {
    "name": "shoes",
    "where": {"interest": {"kind": "category", "value": "shoes", "at_least": 0.3, "trend": "rising"}},
}
VIEW = {"user_id": "u", "item_id": "i", "behavior": "view"}
TABLES = ("audiences", "audience_sizes", "audience_overlaps")


def customers(count: int, *, shift: int = 0) -> list[dict[str, Any]]:
    """Every third one is long gone, and of every fourth it is not known when they bought."""
    return [
        {"user_id": f"u{n}", "days_since_purchase": None if n % 4 == 0 else 10 + 30 * (n % 3 == 0) + shift}
        for n in range(count)
    ]


def interests(count: int) -> list[dict[str, Any]]:
    """Every second one likes shoes, and every fourth less than before."""
    of_shoes = {"interest": "category", "name": "shoes", "rank": 1, "value": 0.5}
    return [{**of_shoes, "user_id": f"u{n}", "trend": -0.1 if n % 4 == 0 else 0.1} for n in range(0, count, 2)]


def test_audiences_are_who_fulfils_them_and_may_be_addressed(tmp_path: Path) -> None:
    config = world(tmp_path, [LAPSED, SHOES], sources={"opt_outs": {"path": "out/{day}"}, "consents": {"path": "in"}})
    put_customers(config, DAY, customers(24), interests(24))
    put_list(config, "opt_outs", DAY - timedelta(3), ["u3", "u2", "nobody"])
    put_list(config, "opt_outs", DAY + timedelta(1), ["u9"])
    put_list(config, "consents", DAY, [f"u{n}" for n in range(24) if n != 21])
    assert make(config).status == "done"
    assert make(config).status == "nothing_to_do"
    assert members(config, "lapsed") == {"u9", "u15", "u6", "u18"}
    assert members(config, "shoes") == {f"u{n}" for n in range(2, 24, 4)} - {"u2"}
    sizes = {row["audience"]: row for row in rows_of(config, "audience_sizes")}
    counted = ("matched", "opted_out", "without_consent", "eligible", "capped", "held_out", "addressed")
    assert [sizes["lapsed"][name] for name in counted] == [6, 1, 1, 4, 0, 0, 4]
    assert [sizes["shoes"][name] for name in counted] == [6, 1, 0, 5, 0, 0, 5]
    assert rows_of(config, "audience_overlaps") == [{"audience": "lapsed", "other": "shoes", "users": 2}]


def test_a_plan_says_what_would_be_published_and_publishes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hold_out = {"hold_out": {"share": 0.25}, "cap": {"times": 1, "days": 5}}
    config = world(tmp_path, [LAPSED, SHOES], audiences=hold_out)
    put_customers(config, DAY, customers(200), interests(200))
    outcome = audience.run(RunContext(config, DAY), plan=True)
    told = capsys.readouterr().out
    assert outcome.status == "planned"
    assert [Warehouse(config.warehouse).days(table) for table in TABLES] == [[], [], []]
    make(config)
    assert outcome.details["sizes"] == sorted(rows_of(config, "audience_sizes"), key=lambda row: row["priority"])
    assert outcome.details["overlaps"] == rows_of(config, "audience_overlaps")
    for row in outcome.details["sizes"]:
        assert row["held_out"] > 0
        assert row["eligible"] == row["capped"] + row["held_out"] + row["addressed"]
        assert str(row["addressed"]) in told
    published = rows_of(config, "audiences")
    for row in outcome.details["sizes"]:
        own = [each["held_out"] for each in published if each["audience"] == row["audience"]]
        assert (own.count(True), own.count(False)) == (row["held_out"], row["addressed"])


@pytest.mark.slow
def test_nobody_is_in_more_audiences_than_the_cap_allows_in_any_of_its_days(tmp_path: Path) -> None:
    groups = [LAPSED, SHOES, {"name": "known", "where": {"not": {"days_since_purchase": {"is_null": True}}}}]
    config = world(tmp_path, groups, audiences={"cap": {"times": 2, "days": 3}})
    days = [DAY + timedelta(n) for n in range(6)]
    for day in days:
        put_customers(config, day, customers(24), interests(24))
        make(config, day)
    of_user: dict[str, list[date]] = {}
    for day in days:
        for row in rows_of(config, "audiences", day):
            of_user.setdefault(row["user_id"], []).append(day)
    most = max(sum(0 <= (day - first).days < 3 for day in found) for found in of_user.values() for first in found)
    assert most == 2
    in_first = {row["audience"] for row in rows_of(config, "audiences", days[0]) if row["user_id"] == "u6"}
    assert in_first == {"lapsed", "shoes"}, "the audiences that are declared first have priority"
    assert not [row for row in rows_of(config, "audiences", days[1]) if row["user_id"] == "u6"]
    assert {row["audience"] for row in rows_of(config, "audiences", days[3]) if row["user_id"] == "u6"} == in_first


@pytest.mark.slow
def test_who_is_held_out_is_so_on_sixty_days_and_in_every_audience(tmp_path: Path) -> None:
    config = world(tmp_path, [LAPSED, SHOES], audiences={"hold_out": {"share": 0.2, "salt": "spring"}})
    held: dict[str, set[bool]] = {}
    for number in range(0, 61, 6):
        day = DAY + timedelta(number)
        put_customers(config, day, customers(240 + number, shift=number % 7), interests(240 + number))
        make(config, day)
        for row in rows_of(config, "audiences", day):
            held.setdefault(row["user_id"], set()).add(row["held_out"])
    assert len(held) > 100
    assert all(len(found) == 1 for found in held.values())
    assert 0.1 < sum(True in found for found in held.values()) / len(held) < 0.3


def grown(number: int, count: int) -> list[dict[str, Any]]:
    """A shop that gains customers and whose customers buy at random, as of the day of that number."""
    rng = np.random.default_rng(11)
    habit = rng.gamma(2.0, 15.0, count)  # mean days between purchases
    joined = rng.integers(-120, 30, count)
    rows = []
    for user in range(count):
        own = np.random.default_rng(user)
        times = joined[user] + np.cumsum(own.exponential(habit[user], 40))
        past = times[times < number]
        if joined[user] <= number:
            since = int(number - past[-1]) if len(past) else None
            rows.append(
                {"user_id": f"u{user}", "days_since_purchase": since, "tenure_days": int(number - joined[user])}
            )
    return rows


@pytest.mark.slow
def test_sizes_are_within_two_in_a_hundred_of_what_the_day_before_has_foretold(tmp_path: Path) -> None:
    groups = [
        {"name": "recent", "where": {"days_since_purchase": {"less_than": 30}}},
        {"name": "grown", "where": {"tenure_days": {"at_least": 20}}},
    ]
    config = world(tmp_path, groups)
    days = range(12, 18)
    for number in days:
        put_customers(config, DAY + timedelta(number), grown(number, 6_000))
        make(config, DAY + timedelta(number))
    forecast: dict[str, float] = {}
    errors = []
    for number in days:
        for row in rows_of(config, "audience_sizes", DAY + timedelta(number)):
            assert row["expected"] == forecast.get(row["audience"])
            if row["expected"] is not None:
                errors.append(abs(row["eligible"] / row["expected"] - 1))
            forecast[row["audience"]] = row["forecast"]
    assert len(errors) == 2 * (len(days) - 1)
    assert max(errors) <= 0.02, errors


def planted(seed: int, count: int, *, buyers: float = 0.3) -> list[dict[str, Any]]:
    """Of a segment that looks often and buys in the evening, with noise; the ids say who is of it."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        of_segment = bool(rng.random() < buyers)
        rows.append(
            {
                "user_id": f"{'in' if of_segment else 'out'}-{number}",
                "events_30d": int(rng.poisson(9 if of_segment else 4)),
                "evening_share": float(rng.beta(5, 4) if of_segment else rng.beta(3, 5)),
                "top_category": "tea" if rng.random() < (0.6 if of_segment else 0.3) else "books",
                "spent_90d": float(rng.gamma(2.0, 20.0)),
            }
        )
    return rows


@pytest.mark.slow
def test_a_look_alike_audience_finds_the_planted_segment_from_a_part_of_it(tmp_path: Path) -> None:
    group = {"name": "like-vips", "look_alike": {"seeds": "vips"}, "top": 200}
    config = world(tmp_path, [group], sources={"seeds": {"path": "seeds/{day}"}})
    rows = planted(3, 3_000)
    segment = [row["user_id"] for row in rows if row["user_id"].startswith("in")]
    seeds, opted_out = segment[:300], segment[300:340]
    put_customers(config, DAY, rows)
    put_list(config, "seeds", DAY, seeds, "vips")
    put_list(config, "opt_outs", DAY, opted_out)
    make(config)
    (size,) = rows_of(config, "audience_sizes")
    found = sorted(rows_of(config, "audiences"), key=lambda row: row["rank"])
    users = [row["user_id"] for row in found]
    assert [row["rank"] for row in found] == [*range(1, 201)]
    assert all(one["score"] >= other["score"] for one, other in pairwise(found))
    assert not {*users} & {*seeds, *opted_out}
    assert size["auc"] > 0.7, "judged by seeds against all others, most of the segment among these"
    assert size["auc_low"] < size["auc"] < size["auc_high"]
    assert sum(user.startswith("in") for user in users) > 0.75 * len(users), "a quarter of the others are of it"
    make(config, force=True)
    assert sorted(rows_of(config, "audiences"), key=lambda row: row["rank"]) == found


def bought(days: dict[date, list[str]], config: Config) -> None:
    for day, users in days.items():
        rows = [{"user_id": user, "event_day": day, "events": 1, "purchase": 1} for user in users]
        put_rows(Warehouse(config.warehouse), "user_days", f"bought-{day}", {Slice(day.isoformat()): rows})


@pytest.mark.slow
def test_propensity_is_learnt_as_of_earlier_days_and_what_comes_later_changes_nothing(tmp_path: Path) -> None:
    group = {"name": "soon", "propensity": {"within_days": 7, "cut_offs": 2}, "top": 100}
    found = {}
    for later in (False, True):
        config = world(tmp_path / str(later), [group])
        rng = random.Random(4)
        for weeks in range(3):
            day, rows = DAY - timedelta(7 * weeks), planted(weeks, 1_500)
            put_customers(config, day, rows)
            likely = [
                row["user_id"] for row in rows if rng.random() < (0.6 if row["user_id"].startswith("in") else 0.1)
            ]
            if weeks:
                bought({day + timedelta(3): likely}, config)
        if later:
            for number in range(1, 5):
                day, users = DAY + timedelta(number), [f"out-{rng.randrange(1_500)}" for _ in range(50)]
                bought({day: users}, config)
                put_customers(config, day, planted(9 + number, 50))
                put_list(config, "opt_outs", day, users)
        assert make(config).status == "done"
        found[later] = [rows_of(config, table) for table in TABLES]
    assert found[True] == found[False]
    (size,) = found[False][1]
    assert size["auc"] > 0.65
    assert size["learnt_from"] > 500
    users = [row["user_id"] for row in found[False][0]]
    assert sum(user.startswith("in") for user in users) > 0.8 * len(users)
    mean = sum(row["score"] for row in found[False][0]) / len(users)
    assert 0.45 < mean < 0.8, "six of ten of the segment buy"


@pytest.mark.slow
def test_a_model_serves_for_its_days_and_learns_anew_where_it_is_declared_anew(tmp_path: Path) -> None:
    def config(top: int = 50, sample: int = 20_000) -> Config:
        group = {"name": "like-vips", "look_alike": {"seeds": "vips", "sample": sample}, "top": top}
        sources = {"seeds": {"path": "seeds/{day}"}}
        return world(tmp_path, [group, LAPSED], audiences={"retrain_days": 3}, sources=sources)

    def learnt_on(day: date) -> str:
        (row,) = rows_of(config(), "audience_models", day)
        assert row["audience"] == "like-vips"
        return str(row["learnt_on"])

    days = [DAY + timedelta(number) for number in range(4)]
    for number, day in enumerate(days):
        rows = planted(number, 300)
        put_customers(config(), day, rows)
        put_list(config(), "seeds", day, [row["user_id"] for row in rows if row["user_id"].startswith("in")], "vips")
        make(config(), day)
    assert [learnt_on(day) for day in days] == [str(days[0])] * 3 + [str(days[3])]
    sizes = [rows_of(config(), "audience_sizes", day)[1] for day in days[:2]]
    assert sizes[0]["auc"] == sizes[1]["auc"], "figures are those of the model that serves"
    make(config(top=40), days[1])
    assert learnt_on(days[1]) == str(days[0]), "how many are chosen is nothing that is learnt"
    make(config(sample=150), days[1])
    assert learnt_on(days[1]) == str(days[1])
    make(config(), days[2], force=True)
    assert learnt_on(days[2]) == str(days[2])


@pytest.mark.slow
def test_a_kept_model_that_cannot_be_read_is_named_and_force_makes_it_anew(tmp_path: Path) -> None:
    group = {"name": "like-vips", "look_alike": {"seeds": "vips"}, "top": 50}
    config = world(tmp_path, [group], sources={"seeds": {"path": "seeds/{day}"}})
    next_day = DAY + timedelta(1)
    for number, day in enumerate((DAY, next_day)):
        rows = planted(number, 300)
        put_customers(config, day, rows)
        put_list(config, "seeds", day, [row["user_id"] for row in rows if row["user_id"].startswith("in")], "vips")
    make(config)
    kept = rows_of(config, "audience_models")
    damaged = [{**row, "model": row["model"][:100]} for row in kept]
    put_rows(Warehouse(config.warehouse), "audience_models", "damaged", {Slice(DAY.isoformat()): damaged})
    with pytest.raises(BadDataError, match=r"'like-vips' has learnt on 2026-01-20 .* --day 2026-01-21 --force"):
        make(config, next_day)
    assert rows_of(config, "audiences", next_day) == []
    assert make(config, next_day, force=True).status == "done"
    assert members(config, "like-vips", next_day)


def test_what_the_data_lack_leaves_an_audience_empty_with_the_reason(tmp_path: Path) -> None:
    groups = [{"name": "soon", "propensity": {}}, {"name": "like", "look_alike": {"seeds": "vips"}}, LAPSED]
    config = world(tmp_path, groups, sources={"seeds": {"path": "seeds/{day}"}})
    put_customers(config, DAY, customers(24))
    put_list(config, "seeds", DAY, ["u1"], "vips")
    outcome = make(config)
    assert "run `interest profiles --day 2026-01-13`" in outcome.details["audiences_left_out"]["soon"]
    assert "it takes 20 of each" in outcome.details["audiences_left_out"]["like"]
    assert members(config, "lapsed") == {"u3", "u6", "u9", "u15", "u18", "u21"}
    sizes = {row["audience"]: row for row in rows_of(config, "audience_sizes")}
    assert (sizes["soon"]["eligible"], sizes["lapsed"]["reason"]) == (0, None)


def test_without_the_section_nothing_is_made_and_the_reason_is_told(tmp_path: Path) -> None:
    config = world(tmp_path, [LAPSED]).model_copy(update={"audiences": None})
    outcome = audience.run(RunContext(config, DAY))
    assert (outcome.status, "section `audiences`" in outcome.details["reason"]) == ("nothing_to_do", True)


def test_before_the_profiles_of_the_day_a_plan_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="interest profiles --day 2026-01-20"):
        audience.run(RunContext(world(tmp_path, [LAPSED]), DAY), plan=True)


def test_nobody_is_addressed_before_a_configured_list_was_found(tmp_path: Path) -> None:
    config = world(tmp_path, [LAPSED], sources={"opt_outs": {"path": "opt_outs/dt={day}/*"}})
    put_customers(config, DAY, customers(24))
    with pytest.raises(BadDataError, match="opt_outs is configured"):
        make(config)
    deliver(tmp_path, DAY.isoformat(), [], "opt_outs")
    deliver(tmp_path, DAY.isoformat(), [{**VIEW, "event_time": f"{DAY}T03:00:00Z"}])
    run_job("ingest", RunContext(config, DAY))
    assert make(config).status == "done"


def test_lists_of_people_count_from_their_delivery_on_and_are_never_forgotten(tmp_path: Path) -> None:
    config = world(
        tmp_path,
        [LAPSED],
        sources={"opt_outs": {"path": "opt_outs/dt={day}/*"}, "seeds": {"path": "seeds/dt={day}/*"}},
        ingest={"catch_up_days": 2, "missing_days": "pass"},
    )
    days = [DAY, DAY + timedelta(1), DAY + timedelta(30)]
    for number, day in enumerate(days):
        deliver(tmp_path, day.isoformat(), [{**VIEW, "event_time": f"{day}T03:00:00Z"}])
        lines = [{"user_id": f"u{number}", "updated_at": "2026-03-01T00:00:00Z"}, {"user_id": "always"}]
        delivered = day if number == 1 else day - timedelta(8)  # so late that other sources are passed over
        deliver(tmp_path, delivered.isoformat(), lines, "opt_outs")
        deliver(tmp_path, day.isoformat(), [{"user_id": "u1", "list": f"l{number % 2}"}, {"user_id": "u9"}], "seeds")
        run_job("ingest", RunContext(config, day))
        assert {row["user_id"] for row in rows_of(config, "opt_outs", day)} == {
            "always",
            *(f"u{each}" for each in range(number + 1)),
        }
    listed = {(row["list"], row["user_id"]) for row in rows_of(config, "seeds", days[-1])}
    assert listed == {("l0", "u1"), ("l1", "u1"), ("seeds", "u9")}
    run_job("ingest", RunContext(config, days[0], force=True))
    assert {row["user_id"] for row in rows_of(config, "opt_outs", days[0])} == {"always", "u0"}
