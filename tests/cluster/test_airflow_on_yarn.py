"""A task of the DAGs on a real YARN in cluster mode, where spark-submit leaves with 1 whatever the driver did."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkout import plain_environment
from tests.cluster.airflow_server import AIRFLOW, MISSING
from tests.cluster.hadoop import Hadoop
from tests.readme import ROOT
from tests.standalone_cluster import SPARK_HOME

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not AIRFLOW.exists(), reason=MISSING),
]
_TASK = """
import json, sys
from airflow.sdk.exceptions import AirflowException
from interest_airflow.spark_job import SparkJobOperator

task = SparkJobOperator(task_id="ingest", job="ingest", **json.loads(sys.argv[1]))
try:
    task.execute({})
    print("ENDED well")
except AirflowException as failure:
    print("ENDED", type(failure).__name__, failure)
"""
_DRIVER = """
import sys
from pyspark.sql import SparkSession
assert SparkSession.builder.getOrCreate().range(10).count() == 10
sys.exit(int(sys.argv[1]))
"""


@pytest.mark.parametrize(
    ("code", "ended"),
    [
        (0, "ENDED well"),
        (3, "ENDED AirflowFailException ingest left with exit code 3"),
        (75, "ENDED AirflowException ingest left with exit code 75"),
    ],
)
def test_the_drivers_exit_code_decides(hdfs_and_yarn: Hadoop, tmp_path: Path, code: int, ended: str) -> None:
    driver = tmp_path / "driver.py"
    driver.write_text(_DRIVER, encoding="utf-8")
    arguments = {
        "application": str(driver),
        "application_args": [str(code)],
        "spark_binary": str(SPARK_HOME / "bin" / "spark-submit"),
        "env_vars": {**hdfs_and_yarn.environment, "PYSPARK_PYTHON": sys.executable},
        "driver_memory": "512m",
        "executor_memory": "512m",
        "num_executors": 1,
        "conf": {"spark.yarn.maxAppAttempts": "1"},
    }
    connection = {"conn_type": "spark", "host": "yarn", "extra": {"deploy-mode": "cluster"}}
    environment = plain_environment() | {
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps(connection),
        "PYTHONPATH": str(ROOT / "jobs" / "dags"),
        "SPARK_HOME": str(SPARK_HOME),
    }
    command = [str(AIRFLOW.with_name("python")), "-c", _TASK, json.dumps(arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert ended in done.stdout, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}\n{hdfs_and_yarn.container_logs()}"
