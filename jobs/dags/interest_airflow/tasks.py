"""The parts that DAGs are made of: what all of them have in common, and a job as one of their tasks."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk import Asset, CronDataIntervalTimetable

from interest_airflow.deployment import Deployment
from interest_airflow.spark_job import SparkJobOperator

DAYS_TO_THE_LAST_OF_A_WEEK = 6
_BACKOFF = 2.0  # each pause is twice as long as the one before
_LONGEST_PAUSE = timedelta(hours=1)


def dag_arguments(deployment: Deployment, cron: str) -> Mapping[str, Any]:
    """The keyword arguments that all DAGs have: one run at a time, an interval each, days as the shop has them."""
    return {
        "schedule": CronDataIntervalTimetable(cron, timezone=deployment.time_zone),
        "start_date": _at(deployment, deployment.first_day, time.min),
        "end_date": _at(deployment, deployment.last_day, time.max) if deployment.last_day else None,
        "catchup": deployment.catchup,
        "max_active_runs": 1,
        "tags": ["interest"],
        "default_args": {
            "retries": deployment.retries,
            "retry_delay": timedelta(minutes=deployment.retry_minutes),
            "retry_exponential_backoff": _BACKOFF,
            "max_retry_delay": _LONGEST_PAUSE,
            **({"queue": deployment.queue} if deployment.queue else {}),
        },
    }


def job_task(
    deployment: Deployment,
    job: str,
    arguments: Sequence[str] = (),
    *,
    task_id: str = "",
    pool: str = "",
    days_on: int = 0,
    writes: Sequence[str] = (),
) -> SparkJobOperator:
    """The task that runs `jobs/<job>.py` for the day that the interval begins on, or `days_on` later."""
    spark = deployment.spark
    return SparkJobOperator(
        task_id=task_id or job,
        job=task_id or job,
        application=f"{deployment.jobs}/{job}.py",
        application_args=[
            "--config",
            deployment.config,
            "--day",
            _day(deployment, days_on),
            *arguments,
            *_set(deployment),
        ],
        conn_id=spark.connection,
        spark_binary=spark.submit,
        conf=dict(spark.conf),
        env_vars=dict(spark.env),
        files=spark.files,
        py_files=spark.py_files,
        archives=spark.archives,
        properties_file=spark.properties_file,
        driver_memory=spark.driver_memory,
        executor_memory=spark.executor_memory,
        executor_cores=spark.executor_cores,
        num_executors=spark.num_executors,
        pool=pool or deployment.pool,
        outlets=[Asset(f"interest_{table}") for table in writes],
    )


def _at(deployment: Deployment, day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, ZoneInfo(deployment.time_zone))


def _day(deployment: Deployment, days_on: int) -> str:
    return f"{{{{ data_interval_start.in_timezone('{deployment.time_zone}').add(days={days_on}).to_date_string() }}}}"


def _set(deployment: Deployment) -> list[str]:
    """Values as JSON, which is YAML: what was text in the variable stays text."""
    pairs = [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in deployment.set.items()]
    return [part for pair in pairs for part in ("--set", pair)]
