"""The DAGs as Airflow reads them."""

import json
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG

DAGS = Path(__file__).resolve().parents[2] / "jobs" / "dags"
_PARSED = f"""
import sys, time
import airflow.sdk
from airflow.dag_processing.dagbag import DagBag
started = time.process_time()
bag = DagBag({str(DAGS)!r})
seconds = time.process_time() - started
assert not bag.import_errors, bag.import_errors
heavy = sorted({{"pyspark", "tensorflow", "deltalake", "pandas", "interest_spark"}} & sys.modules.keys())
print("PARSED", seconds, len(bag.dags), heavy)
"""


def dags(monkeypatch: pytest.MonkeyPatch, keys: dict[str, Any]) -> dict[str, DAG]:
    monkeypatch.setenv("AIRFLOW_VAR_INTEREST", json.dumps(keys))
    bag = DagBag(DAGS)
    assert bag.import_errors == {}
    return dict(bag.dags)


def order(dag: DAG) -> dict[str, set[str]]:
    return {task.task_id: set(task.upstream_task_ids) for task in dag.tasks}


def test_the_nights_tasks_follow_what_the_jobs_read(
    monkeypatch: pytest.MonkeyPatch, deployment_keys: dict[str, Any]
) -> None:
    found = dags(monkeypatch, deployment_keys)
    assert set(found) == {"interest_daily", "interest_maintain"}
    nightly = found["interest_daily"]
    assert order(nightly) == {
        "ingest": set(),
        "sequences": {"ingest"},
        "train": {"sequences"},
        "score": {"train"},
        "evaluate": {"score"},
        "report": {"evaluate"},
    }
    assert (nightly.max_active_runs, nightly.catchup) == (1, False)
    score = nightly.get_task("score")
    assert {asset.name for asset in score.outlets} == {
        "interest_recommendations",
        "interest_taste_clusters",
        "interest_tastes",
        "interest_unserved",
        "interest_user_vectors",
    }
    assert (score.retries, score.retry_exponential_backoff) == (6, 2.0)


def test_the_report_ends_a_night_of_any_outcome_and_fails_none(
    monkeypatch: pytest.MonkeyPatch, deployment_keys: dict[str, Any]
) -> None:
    nightly = dags(monkeypatch, {**deployment_keys, "set": {"promote": {}}})["interest_daily"]
    report = nightly.get_task("report")
    assert report.application.endswith("/report.py")
    assert (report.trigger_rule, report.retries, list(report.outlets)) == ("all_done_setup_success", 0, [])
    assert (report.is_teardown, report.on_failure_fail_dagrun) == (True, False)
    assert [task.task_id for task in nightly.leaves] == ["report"]


def test_weekly_training_leaves_the_night(monkeypatch: pytest.MonkeyPatch, deployment_keys: dict[str, Any]) -> None:
    found = dags(monkeypatch, {**deployment_keys, "training": "weekly"})
    assert order(found["interest_daily"])["score"] == {"sequences"}
    assert order(found["interest_weekly"]) == {
        "histories_of_the_last_day": set(),
        "train": {"histories_of_the_last_day"},
    }


def test_where_a_champion_serves_it_is_chosen_between_training_and_scoring(
    monkeypatch: pytest.MonkeyPatch, deployment_keys: dict[str, Any]
) -> None:
    keys = {**deployment_keys, "set": {"promote": {}}}
    nightly = dags(monkeypatch, keys)["interest_daily"]
    assert (order(nightly)["promote"], order(nightly)["score"]) == ({"train"}, {"promote"})
    assert {asset.name for asset in nightly.get_task("promote").outlets} == {"interest_promotions"}
    weekly = dags(monkeypatch, {**keys, "training": "weekly"})
    assert order(weekly["interest_daily"])["score"] == {"sequences"}
    assert order(weekly["interest_weekly"])["promote"] == {"train"}


def test_profiles_are_made_beside_the_training_where_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, deployment_keys: dict[str, Any]
) -> None:
    nightly = dags(monkeypatch, {**deployment_keys, "set": {"profiles": {}}})["interest_daily"]
    assert (order(nightly)["profiles"], order(nightly)["train"]) == ({"sequences"}, {"sequences"})
    assert "interest_profiles" in {asset.name for asset in nightly.get_task("profiles").outlets}
    coupons = dags(monkeypatch, {**deployment_keys, "set": {"profiles": {}, "coupons": {}}})["interest_daily"]
    assert order(coupons)["coupons"] == {"profiles"}
    assert not {"audience", "coupons", "churn"} & set(order(nightly))


def test_audiences_follow_the_profiles_where_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, deployment_keys: dict[str, Any]
) -> None:
    given = {"profiles": {}, "audiences": {"groups": []}}
    nightly = dags(monkeypatch, {**deployment_keys, "set": given})["interest_daily"]
    assert "profiles" in order(nightly)["audience"]
    assert "interest_audiences" in {asset.name for asset in nightly.get_task("audience").outlets}


def test_churn_is_warned_of_after_profiles_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, deployment_keys: dict[str, Any]
) -> None:
    nightly = dags(monkeypatch, {**deployment_keys, "set": {"profiles": {}, "churn": {}}})["interest_daily"]
    assert order(nightly)["churn"] == {"profiles"}


@pytest.mark.parametrize(
    ("dag", "interval_start", "day"),
    [
        ("interest_daily", "2026-03-27T19:00:00Z", "2026-03-28"),  # 03:00 in Shanghai
        ("interest_weekly", "2026-03-22T19:00:00Z", "2026-03-29"),
        ("interest_maintain", "2026-03-22T19:00:00Z", "2026-03-29"),
    ],
)
def test_the_day_is_the_shops(
    monkeypatch: pytest.MonkeyPatch, deployment_keys: dict[str, Any], dag: str, interval_start: str, day: str
) -> None:
    found = dags(monkeypatch, {**deployment_keys, "training": "weekly"})[dag]
    task = found.tasks[-1]
    task.render_template_fields({"data_interval_start": moment(interval_start)})
    arguments = task.application_args
    assert arguments[arguments.index("--day") + 1] == day


def test_a_weeks_training_waits_for_the_night_of_its_last_day_over_a_change_of_clocks(
    monkeypatch: pytest.MonkeyPatch, deployment_keys: dict[str, Any]
) -> None:
    keys = {**deployment_keys, "training": "weekly", "set": {"shop.time_zone": "Europe/Berlin"}}
    wait = dags(monkeypatch, keys)["interest_weekly"].get_task("histories_of_the_last_day")
    night = wait.execution_date_fn(moment("2026-03-23T02:00:00Z"))  # 03:00 in winter, a week before summer time
    assert night == datetime(2026, 3, 29, 1, tzinfo=timezone.utc)  # 03:00 in summer


def test_settings_of_the_job_are_handed_on_as_they_are(
    monkeypatch: pytest.MonkeyPatch, deployment_keys: dict[str, Any]
) -> None:
    settings = {"train.ranks": 4, "score.blocked_items": ["A-7", "茶"], "train.name": "007", "train.max_steps": None}
    task = dags(monkeypatch, {**deployment_keys, "set": settings})["interest_daily"].get_task("train")
    arguments = task.application_args
    given = [arguments[place + 1] for place, each in enumerate(arguments) if each == "--set"]
    assert given == [
        "train.ranks=4",
        'score.blocked_items=["A-7", "茶"]',
        'train.name="007"',
        "train.max_steps=null",
    ]


def test_parsing_takes_less_than_a_second_and_nothing_of_the_jobs(
    monkeypatch: pytest.MonkeyPatch, deployment_keys: dict[str, Any]
) -> None:
    """Of processor time, which a busy machine does not stretch."""
    monkeypatch.setenv("AIRFLOW_VAR_INTEREST", json.dumps({**deployment_keys, "training": "weekly"}))
    monkeypatch.setenv("PYTHONPATH", str(DAGS))
    done = subprocess.run([sys.executable, "-c", _PARSED], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("PARSED")]
    _, seconds, count, heavy = line.split(maxsplit=3)
    assert (int(count), heavy) == (3, "[]")
    assert float(seconds) < 1


def moment(text: str) -> Any:
    import pendulum

    return pendulum.parse(text)
