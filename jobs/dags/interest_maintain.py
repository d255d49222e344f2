"""Once a week: days that are no longer kept, small files, and what killed or replaced runs have left behind."""

from airflow.sdk import DAG
from interest_airflow.deployment import read_deployment
from interest_airflow.tasks import DAYS_TO_THE_LAST_OF_A_WEEK, dag_arguments, job_task

deployment = read_deployment()

with DAG("interest_maintain", doc_md=__doc__, **dag_arguments(deployment, deployment.weekly)):
    job_task(deployment, "maintain", days_on=DAYS_TO_THE_LAST_OF_A_WEEK)
