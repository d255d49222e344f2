"""A user's profile as a page, and features as files without nulls: from committed tables, without Spark."""

from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from interest_spark.config.profiles import ProfilesConfig
from interest_spark.features.customers.features import features_of
from interest_spark.features.customers.profiles import profiles_of
from interest_spark.schemas.customer_features import FEATURES
from interest_spark.steps.profiles import profile_rules
from interest_spark.storage.layout import Slice
from interest_spark.storage.warehouse import Warehouse
from jobs.cli import command
from tests.customer_world import NOTHING, carry, event, events_frame
from tests.log_files import shop_config, write_config
from tests.small_tables import put_rows

DAYS = (date(2026, 6, 29), date(2026, 6, 30))
CATALOGUE = pl.DataFrame(
    {"item_id": ["lamp", "tea"], "category": ["home", "茶叶"], "brand": [None, "龙"], "price_level": ["2 low", None]},
    schema_overrides={"brand": pl.String, "price_level": pl.String},
)


def ago(days: int, hour: int) -> datetime:
    return datetime(2026, 6, 30, hour, tzinfo=timezone.utc) - timedelta(days)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The file of a deployment with two days of features and profiles."""
    deployment = shop_config(tmp_path, profiles={})
    warehouse, rules = Warehouse(deployment.warehouse), profile_rules(ProfilesConfig())
    events = [event(ago(day, 9)) for day in (40, 50, 60)]
    events += [event(ago(day, 20), item_id="tea", platform="app") for day in (3, 4)]
    events += [event(ago(2, 20), item_id="tea", behavior="purchase", price=1234.5), event(ago(5, 1), user_id="bob")]
    for day in DAYS:
        state = carry(NOTHING, [events_frame(events)], CATALOGUE, day - timedelta(179))
        for table, rows in (
            ("customer_features", features_of(*state, day, 180)),
            ("profiles", profiles_of(*state, day, rules)),
        ):
            put_rows(warehouse, table, f"run-{day}", {Slice(day.isoformat()): rows.to_pylist()})
    return write_config(tmp_path / "shop.yaml", deployment)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(each) for each in arguments], env={"COLUMNS": "120"})


def show(config: Path, *further: str) -> Result:
    return run("show", "profile", "--config", config, "--day", "2026-06-30", *further)


def test_the_page_in_english(config: Path) -> None:
    done = show(config, "--user", "ann")
    assert done.exit_code == 0, done.output
    lines = [" ".join(line.split()) for line in done.output.splitlines()]
    assert "What ann is interested in, as of 2026-06-30" in lines
    assert "6 events on 6 days in the last 90; the first 60 and the last 2 days ago." in lines
    assert "1 purchases in the last 90 days, 1,234.50 spent." in lines
    tea = next(line for line in lines if line.startswith("茶叶"))
    assert tea.endswith("rising 3 2026-06-28")
    assert any(line.startswith("home") and "falling 3 2026-05-21" in line for line in lines)
    assert any(line.startswith("low fifth") for line in lines)
    assert any(line.startswith("evening (18 to 24)") for line in lines)
    assert "personal data" in done.output


def test_the_page_in_chinese(config: Path) -> None:
    done = show(config, "--user", "ann", "--language", "zh")
    assert done.exit_code == 0, done.output
    assert "ann 的兴趣画像（截至 2026-06-30）" in done.output
    assert "上升" in done.output
    assert "个人信息" in done.output
    assert "尚无数据" in show(config, "--user", "bob", "--language", "zh").output


def test_tastes_are_shown_where_there_are_any(config: Path, tmp_path: Path) -> None:
    assert "Tastes" not in show(config, "--user", "ann").output
    warehouse, day = Warehouse(tmp_path / "warehouse"), Slice("2026-06-30")
    clusters = [{"cluster": each, "name": f"tea: 龙井 {each}", "model_version": "m7"} for each in (1, 2)]
    own = [{"user_id": "ann", "cluster": each, "rank": 3 - each, "value": 0.3 * each} for each in (1, 2)]
    killed = {"user_id": "ann", "cluster": 1, "rank": 3, "value": 0.01, "model_version": "m6"}
    put_rows(warehouse, "taste_clusters", "clusters", {day: clusters})
    put_rows(warehouse, "tastes", "tastes", {day: [*({**each, "model_version": "m7"} for each in own), killed]})
    lines = [" ".join(line.split()) for line in show(config, "--user", "ann").output.splitlines()]
    assert lines.index("tea: 龙井 2 60.0 %") + 1 == lines.index("tea: 龙井 1 30.0 %")
    assert any("What the model m7 expects next" in line for line in lines)
    assert not any("1.0 %" in line for line in lines)
    assert "口味" in show(config, "--user", "ann", "--language", "zh").output
    assert "Tastes" not in show(config, "--user", "bob").output


def test_whoever_is_not_there_is_named_with_others_who_are(config: Path) -> None:
    done = show(config, "--user", "carl")
    assert done.exit_code == 2
    assert "user 'carl' is not in customer_features on 2026-06-30; users there are for example ann, bob" in done.output
    assert "Give --user" in show(config).output


def test_features_are_written_without_nulls_and_never_learnt_from_the_future(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    given = ("features", "--config", config, "--out", out)
    done = run(*given, "--day", DAYS[1], "--training", DAYS[0], "--training", DAYS[1])
    assert (done.exit_code, done.output) == (0, f"2 rows in {out}\n")
    rows = pl.read_parquet(out / "*.parquet").sort("user_id")
    assert rows["spent_per_purchase_90d"].to_list() == [1234.5, 1234.5]  # of those with the same price level
    assert rows["spent_per_purchase_90d_missing"].to_list() == [False, True]
    training = [Warehouse(tmp_path / "warehouse").read_small("customer_features", day=str(day)) for day in DAYS]
    known = [each.name for each in FEATURES if any(rows[each.name].null_count < len(rows) for rows in training)]
    assert len(known) > 80
    assert [name for name in known if rows[name].null_count()] == []
    again = run(*given, "--day", DAYS[1], "--training", DAYS[0])
    assert (again.exit_code, "is not empty" in again.output) == (2, True)
    future = run("features", "--config", config, "--out", tmp_path / "f", "--day", DAYS[0], "--training", DAYS[1])
    assert future.exit_code == 2
    assert "would come from its future" in future.output


def test_the_catalogue_has_a_line_for_every_feature() -> None:
    lines = run("features").output.splitlines()
    named = [line.split("`")[1] for line in lines if line.startswith("| `")]
    assert named[: len(FEATURES)] == [each.name for each in FEATURES]
    assert "| `events_7d` | events, summed over the last 7 days | events | int64 | 7 days | `user_days` |" in "\n".join(
        lines
    )
