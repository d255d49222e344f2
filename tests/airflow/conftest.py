"""Run by the Python of .venv-airflow, which has nothing of the jobs' libraries: `make airflow` sets it up."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

DAGS = Path(__file__).resolve().parents[2] / "jobs" / "dags"
sys.path.insert(0, str(DAGS))  # as Airflow does with the folder of its DAGs


@pytest.fixture(scope="session", autouse=True)
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty Airflow, before anything of it is imported."""
    home = tmp_path_factory.mktemp("airflow")
    os.environ |= {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    command = [str(Path(sys.executable).with_name("airflow")), "db", "migrate"]
    subprocess.run(command, capture_output=True, timeout=180, check=True)
    return home


@pytest.fixture
def deployment_keys(tmp_path: Path) -> dict[str, object]:
    """A deployment whose configuration can be read."""
    config = tmp_path / "shop.yaml"
    config.write_text("shop: {time_zone: Asia/Shanghai}\n", encoding="utf-8")
    return {"jobs": "/opt/interest/jobs", "config": str(config), "first_day": "2026-01-01"}
