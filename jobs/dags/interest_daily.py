"""Every night the day before: a task a job, in the order of what the jobs' steps read and write; at last the report."""

from airflow.sdk import DAG
from interest_airflow.declared import declared_jobs
from interest_airflow.deployment import SECTIONS, read_deployment
from interest_airflow.tasks import dag_arguments, job_task

deployment = read_deployment()
weekly = deployment.training == "weekly"
# What was never served in a backtest's time could not be made without a model of its day.
further = ["--set", "evaluate.backtest=false"] if weekly else []
without_section = [job for job, section in SECTIONS.items() if not getattr(deployment, section)]
left_out = [*(["train", "promote"] if weekly else []), *without_section]

with DAG("interest_daily", doc_md=__doc__, **dag_arguments(deployment, deployment.nightly)):
    tasks = {}
    for each in declared_jobs(without=left_out):
        tasks[each.job] = job_task(
            deployment,
            "daily",
            ["--steps", each.job, *further],
            task_id=each.job,
            pool=deployment.training_pool if each.job == "train" else deployment.pool,
            writes=each.writes,
        )
        for earlier in each.after:
            tasks[earlier] >> tasks[each.job]
    # A page of what has become of the night, also of one that failed. As a teardown it decides nothing about the run,
    # and without retries the next night does not wait for it.
    report = job_task(deployment, "report").as_teardown(on_failure_fail_dagrun=False)
    report.retries = 0
    [task for task in tasks.values() if not task.downstream_task_ids] >> report
