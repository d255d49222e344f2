"""Whether warnings came true, by the step of the night: in a planted shop, against counts made event by event."""

import shutil
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from structlog.testing import capture_logs

from interest_spark.config.deployment import Config
from interest_spark.foundation.errors import BadDataError
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.report import Outcome
from interest_spark.pipeline.runner import run_step
from interest_spark.steps.churn_outcomes import CHURN_OUTCOMES, LOOK_BACK
from interest_spark.storage.buckets import hashing
from interest_spark.storage.layout import Slice
from interest_spark.storage.warehouse import Warehouse
from jobs import churn
from tests.churn_world import FIRST, ChurnShop, days_for, planted, put_buckets
from tests.integration.test_churn_job import SETTINGS
from tests.integration.warehouse_world import config_of
from tests.small_tables import put_rows

pytestmark = pytest.mark.usefixtures("spark")

WARNED = FIRST + timedelta(139)
KNOWN_AFTER = SETTINGS["gap_days"] + SETTINGS["rhythm_most_days"]
KNOWN = WARNED + timedelta(KNOWN_AFTER)
ONE = timedelta(1)


@pytest.fixture(scope="module")
def shop() -> ChurnShop:
    return planted(700, 185, seed=1)[0]


@pytest.fixture(scope="module")
def warned(tmp_path_factory: pytest.TempPathFactory, shop: ChurnShop, spark: Any) -> Path:
    """Warnings of two days by one model, and what is carried of customers on the days when it is known who churned."""
    root = tmp_path_factory.mktemp("outcomes")
    warehouse = Warehouse(root)
    shop.put(warehouse, days_for(WARNED, KNOWN_AFTER, 2, 7), WARNED)
    assert set(churn.run(RunContext(config(root), WARNED)).rows) == {"churn_models", "churn"}
    shop.put(warehouse, [WARNED + ONE], WARNED + ONE)
    assert set(churn.run(RunContext(config(root), WARNED + ONE)).rows) == {"churn"}
    for day in (KNOWN - ONE, KNOWN, KNOWN + ONE, KNOWN + 2 * ONE):
        put_buckets(warehouse, "customer_days", day, shop.state(day)[0])
    return root


@pytest.fixture(scope="module")
def judged(warned: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = copy_of(warned, tmp_path_factory.mktemp("judged") / "warehouse")
    outcome = judge(root, KNOWN)
    assert outcome.rows == {"churn_outcomes": 1}
    assert [each["warned_on"] for each in outcome.details["churn_outcomes"]] == [WARNED.isoformat()]
    return root


def copy_of(root: Path, place: Path) -> Path:
    shutil.copytree(root, place)
    return place


def config(root: Path, **settings: Any) -> Config:
    return config_of(root, profiles={}, churn={**SETTINGS, **settings})


def judge(root: Path, day: date, *, force: bool = False, **settings: Any) -> Outcome:
    return run_step(CHURN_OUTCOMES, RunContext(config(root, **settings), day, force=force))


def rows(root: Path, table: str, day: date) -> pl.DataFrame:
    return pl.DataFrame(Warehouse(root).read_small(table, day=day.isoformat()))


def row(root: Path, day: date) -> Mapping[str, Any]:
    (found,) = rows(root, "churn_outcomes", day).to_dicts()
    return found


def warned_days(root: Path, day: date) -> Sequence[str]:
    return sorted(rows(root, "churn_outcomes", day)["warned_on"])


def stayed_away(shop: ChurnShop, published: pl.DataFrame, day: date) -> np.ndarray:
    """Who of the published users has bought nothing in the days that decide, purchase by purchase."""
    bought: dict[str, set[date]] = {}
    for user, time in shop.events.filter(pl.col("behavior") == "purchase").select("user_id", "event_time").iter_rows():
        bought.setdefault(user, set()).add(time.date())
    first = day + timedelta(SETTINGS["gap_days"] + 1)
    return np.array(
        [
            not any(first + timedelta(number) in bought.get(user, ()) for number in range(days))
            for user, days in published.select("user_id", "days").iter_rows()
        ]
    )


@pytest.mark.parametrize("later", [0, 1])
def test_every_count_is_that_of_events_one_by_one(judged: Path, shop: ChurnShop, later: int, tmp_path: Path) -> None:
    root, day = copy_of(judged, tmp_path / "warehouse"), WARNED + later * ONE
    judge(root, KNOWN + later * ONE)
    found = row(root, KNOWN + later * ONE)
    published = rows(root, "churn", day)
    churned, high = stayed_away(shop, published, day), published["band"].to_numpy() == "high"
    assert found["warned_on"] == day.isoformat()
    assert found["reason"] is None
    assert (found["scored"], found["churners"]) == (len(published), churned.sum())
    assert (found["warned"], found["warned_churners"]) == (high.sum(), (high & churned).sum())
    assert 0 < found["churners"] < found["scored"]
    assert found["precision"] == churned[high].mean()
    assert found["recall"] == high[churned].mean()
    assert found["precision_low"] < found["precision"] < found["precision_high"]
    assert found["recall_low"] < found["recall"] < found["recall_high"]
    for name, column in (("auc", "probability"), ("baseline_auc", "baseline_probability")):
        score = published[column].to_numpy()
        pairs = score[churned][:, None] - score[~churned][None, :]
        assert found[name] == pytest.approx((pairs > 0).mean() + (pairs == 0).mean() / 2)
    assert found["auc_low"] < found["auc"] < found["auc_high"]
    assert found["auc_low"] > 0.6
    assert found["auc_above_baseline"] == pytest.approx(found["auc"] - found["baseline_auc"])
    of_all = sum(found["came_true"][place] * size for place, size in enumerate(sizes(len(published))))
    assert of_all == pytest.approx(churned.sum())
    assert found["foretold"] == sorted(found["foretold"])


def sizes(users: int) -> Sequence[int]:
    return [len(each) for each in np.array_split(np.arange(users), 10)]


def test_what_the_model_promised_stands_beside_it(judged: Path) -> None:
    (model,) = rows(judged, "churn_models", WARNED).to_dicts()
    found = row(judged, KNOWN)
    assert found["model_version"] == model["model_version"]
    promised = {name: found[f"promised_{name}"] for name in ("precision", "recall", "auc")}
    assert promised == {name: model[name] for name in promised}
    assert (found["promised_rows"], found["promised_churners"]) == (model["judged_rows"], model["judged_churners"])


def test_a_day_that_is_not_over_is_not_judged(warned: Path, tmp_path: Path) -> None:
    root = copy_of(warned, tmp_path / "warehouse")
    outcome = judge(root, KNOWN - ONE)
    assert outcome.status == "nothing_to_do"
    assert not Warehouse(root).days("churn_outcomes")


def test_the_rules_of_the_model_that_warned_decide_when_a_day_is_over(warned: Path, tmp_path: Path) -> None:
    root = copy_of(warned, tmp_path / "warehouse")
    shorter = {"horizon_days": 7, "rhythm_most_days": 7}
    assert judge(root, KNOWN - ONE, **shorter).rows == {"churn_outcomes": 0}
    assert judge(root, KNOWN, **shorter).rows == {"churn_outcomes": 1}
    assert warned_days(root, KNOWN) == [WARNED.isoformat()]


def test_a_day_is_judged_once_and_made_again_it_is_the_same(judged: Path, tmp_path: Path) -> None:
    root = copy_of(judged, tmp_path / "warehouse")
    assert judge(root, KNOWN).status == "nothing_to_do"
    before = rows(root, "churn_outcomes", KNOWN)
    assert judge(root, KNOWN, force=True).status == "done"
    assert rows(root, "churn_outcomes", KNOWN).equals(before)
    judge(root, KNOWN + ONE)
    assert warned_days(root, KNOWN + ONE) == [(WARNED + ONE).isoformat()]
    assert judge(root, KNOWN + 2 * ONE).status == "nothing_to_do"


def test_days_that_were_missed_are_caught_up_on(warned: Path, tmp_path: Path) -> None:
    root = copy_of(warned, tmp_path / "warehouse")
    judge(root, KNOWN + 2 * ONE)
    assert warned_days(root, KNOWN + 2 * ONE) == [WARNED.isoformat(), (WARNED + ONE).isoformat()]


def test_a_day_beyond_those_that_are_looked_at_is_left_alone(warned: Path, shop: ChurnShop, tmp_path: Path) -> None:
    root = copy_of(warned, tmp_path / "warehouse")
    day = KNOWN + LOOK_BACK * ONE
    put_buckets(Warehouse(root), "customer_days", day, shop.state(day)[0])
    judge(root, day)
    assert warned_days(root, day) == [(WARNED + ONE).isoformat()]


def test_nothing_that_is_delivered_later_changes_a_row(judged: Path, shop: ChurnShop, tmp_path: Path) -> None:
    root = copy_of(judged, tmp_path / "warehouse")
    before = rows(root, "churn_outcomes", KNOWN)
    # Purchases of everybody, in the days that decided and after them, which arrive the day after.
    noon = pl.lit(KNOWN).cast(pl.Datetime("us", "UTC")) + timedelta(hours=12)
    bought = shop.events.unique("user_id", keep="first", maintain_order=True)
    late = [bought.with_columns(behavior=pl.lit("purchase"), event_time=noon - timedelta(ago)) for ago in (-3, 10, 15)]
    later = ChurnShop(pl.concat([shop.events, *late]), shop.catalogue)
    for day in (KNOWN + ONE, KNOWN + 9 * ONE):
        put_buckets(Warehouse(root), "customer_days", day, later.state(day)[0])
        published = rows(root, "churn", WARNED)
        put_buckets(Warehouse(root), "churn", day, published)
        judge(root, day)
    assert rows(root, "churn_outcomes", KNOWN + ONE)["churners"].sum() < before["churners"].sum()
    assert judge(root, KNOWN).status == "nothing_to_do"
    judge(root, KNOWN, force=True)
    assert rows(root, "churn_outcomes", KNOWN).equals(before)


def test_warnings_that_were_made_anew_are_judged_anew(judged: Path, tmp_path: Path) -> None:
    root = copy_of(judged, tmp_path / "warehouse")
    published = rows(root, "churn", WARNED)
    put_buckets(Warehouse(root), "churn", WARNED, published.head(300))
    judge(root, KNOWN + ONE)
    found = {each["warned_on"]: each["scored"] for each in rows(root, "churn_outcomes", KNOWN + ONE).to_dicts()}
    assert found == {WARNED.isoformat(): 300, (WARNED + ONE).isoformat(): len(rows(root, "churn", WARNED + ONE))}
    assert row(root, KNOWN)["scored"] == len(published)
    assert judge(root, KNOWN + 2 * ONE).status == "nothing_to_do"


def test_it_does_not_matter_how_warnings_were_hashed(
    judged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = copy_of(judged, tmp_path / "warehouse")
    published = rows(root, "churn", WARNED)
    other = published.sample(fraction=1.0, shuffle=True, seed=1)
    with monkeypatch.context() as patch:  # as a release of another hash would have named its files
        patch.setattr("interest_spark.storage.buckets.hashing", lambda: "0" * len(hashing()))
        put_buckets(Warehouse(root), "churn", WARNED, other, buckets=5)
    before = rows(root, "churn_outcomes", KNOWN)
    assert judge(root, KNOWN).status == "done"
    assert rows(root, "churn_outcomes", KNOWN).equals(before)


def test_counts_of_customers_that_were_hashed_otherwise_are_refused(
    warned: Path, shop: ChurnShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = copy_of(warned, tmp_path / "warehouse")
    with monkeypatch.context() as patch:
        patch.setattr("interest_spark.storage.buckets.hashing", lambda: "0" * len(hashing()))
        put_buckets(Warehouse(root), "customer_days", KNOWN, shop.state(KNOWN)[0])
    with pytest.raises(BadDataError, match=rf"interest profiles --day {KNOWN} --force"):
        judge(root, KNOWN)
    assert not Warehouse(root).days("churn_outcomes")


def test_a_model_that_is_no_good_is_told_of(warned: Path, tmp_path: Path) -> None:
    root = copy_of(warned, tmp_path / "warehouse")
    published = rows(root, "churn", WARNED)
    of_others = published.select(pl.exclude("user_id", "days")).sample(fraction=1.0, shuffle=True, seed=3)
    shuffled = pl.concat([published.select("user_id", "days"), of_others], how="horizontal")
    put_buckets(Warehouse(root), "churn", WARNED, shuffled.select(published.columns))
    with capture_logs() as lines:
        outcome = judge(root, KNOWN)
    found = row(root, KNOWN)
    assert found["auc_low"] < 0.5 < found["auc_high"]
    assert found["auc"] == pytest.approx(0.5, abs=0.06)
    told = [line for line in lines if line["log_level"] == "warning"]
    assert [line["figure"] for line in told] == ["precision", "recall"]
    assert [each["figure"] for each in outcome.details["below_promise"]] == ["precision", "recall"]
    for line in told:
        figure = line["figure"]
        assert line["found"] == pytest.approx(found[figure], abs=1e-4)
        assert line["promised"] == pytest.approx(found[f"promised_{figure}"], abs=1e-4)
        assert line["high"] < 0
        assert f"`interest churn --day {KNOWN} --force` retrains" in line["next"]


def test_a_model_that_keeps_its_promise_is_not_told_of(warned: Path, tmp_path: Path) -> None:
    root = copy_of(warned, tmp_path / "warehouse")
    with capture_logs() as lines:
        outcome = judge(root, KNOWN)
    assert [line for line in lines if line["log_level"] == "warning"] == []
    assert outcome.details["below_promise"] == []


def test_without_the_model_that_warned_the_reason_is_told_once(warned: Path, tmp_path: Path) -> None:
    root = copy_of(warned, tmp_path / "warehouse")
    put_rows(Warehouse(root), "churn_models", "other", {Slice(WARNED.isoformat()): [{"reason": "too few"}]})
    assert judge(root, KNOWN).rows == {"churn_outcomes": 1}
    found = row(root, KNOWN)
    assert f"`interest churn --day {WARNED} --force`" in found["reason"]
    assert (found["scored"], found["precision"], found["promised_precision"]) == (None, None, None)
    judge(root, KNOWN + ONE)
    assert warned_days(root, KNOWN + ONE) == [(WARNED + ONE).isoformat()]


def test_days_without_warnings_are_passed_over(warned: Path, tmp_path: Path) -> None:
    root = copy_of(warned, tmp_path / "warehouse")
    for day in (WARNED, WARNED + ONE):
        put_rows(Warehouse(root), "churn", f"nobody-{day}", {Slice(day.isoformat()): []})
    assert judge(root, KNOWN + ONE).status == "nothing_to_do"


def test_tasks_leave_nothing_behind(judged: Path) -> None:
    assert [path.name for path in (judged / "bundles").glob("**/*") if path.is_file()] == []
