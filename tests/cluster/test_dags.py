"""The DAGs' own tests, in the environment that has Airflow and none of our dependencies."""

import subprocess

import pytest

from tests.checkout import plain_environment
from tests.cluster.airflow_server import AIRFLOW, MISSING
from tests.readme import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not AIRFLOW.exists(), reason=MISSING)]


def test_the_dags_own_tests_pass_in_airflows_environment() -> None:
    own = ["-c", "conf/pytest.ini", "--rootdir", ".", "--confcutdir", "tests/airflow", "-q", "tests/airflow"]
    command = [str(AIRFLOW.with_name("python")), "-m", "pytest", *own]
    done = subprocess.run(command, cwd=ROOT, env=plain_environment(), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-5000:]
