"""With `training: weekly`: once a week a model of the week's last day, which the nights after it score with.

Where a champion serves, it is the challenger of a later week: then one that was trained before may take its place.
"""

from datetime import datetime, timedelta

from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import DAG
from interest_airflow.declared import declared_jobs
from interest_airflow.deployment import read_deployment
from interest_airflow.tasks import DAYS_TO_THE_LAST_OF_A_WEEK, dag_arguments, job_task

deployment = read_deployment()


def last_night(logical_date: datetime, **_: object) -> datetime:
    """The nightly run for the week's last day: its intervals begin at the same time of day, whatever the clock does."""
    start = logical_date.in_timezone(deployment.time_zone)  # type: ignore[attr-defined]
    return start.add(days=DAYS_TO_THE_LAST_OF_A_WEEK)


if deployment.training == "weekly":
    with DAG("interest_weekly", doc_md=__doc__, **dag_arguments(deployment, deployment.weekly)):
        writes = {each.job: each.writes for each in declared_jobs()}
        histories = ExternalTaskSensor(
            task_id="histories_of_the_last_day",
            external_dag_id="interest_daily",
            external_task_id="sequences",
            execution_date_fn=last_night,
            mode="reschedule",
            poke_interval=60,
            timeout=timedelta(days=DAYS_TO_THE_LAST_OF_A_WEEK),
        )
        training = job_task(
            deployment,
            "train",
            pool=deployment.training_pool,
            days_on=DAYS_TO_THE_LAST_OF_A_WEEK,
            writes=writes["train"],
        )
        histories >> training
        if deployment.promote:
            training >> job_task(deployment, "promote", days_on=DAYS_TO_THE_LAST_OF_A_WEEK, writes=writes["promote"])
