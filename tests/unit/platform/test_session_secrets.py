"""Settings reach Spark, and its secrets no command line; what Spark refuses is told without them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from interest_spark.platform.java import ensure_java

SECRET = "PlantedS3cretValue"
ROOT = Path(__file__).parents[3]
SCRIPT = """
import json, os, sys, psutil
from interest_spark.config.spark import SparkConfig
from interest_spark.pipeline.command import with_exit_code
from interest_spark.platform.session import start_session

def look(settings):
    spark = start_session(settings, "secrets")
    hadoop = spark.sparkContext._jsc.hadoopConfiguration()
    keys = ["fs.s3a.secret.key", "from.environment", "plain"]
    print(json.dumps({
        "hadoop": {key: hadoop.get(key) for key in keys},
        "conf": dict(spark.sparkContext.getConf().getAll()),
        "commands": [each.cmdline() for each in psutil.Process().children(recursive=True) if each.status() != "zombie"],
        "page": spark.range(1)._jdf.queryExecution().toString(),
    }))

if __name__ == "__main__":
    settings = SparkConfig(**json.loads(os.environ["SETTINGS"]))
    with_exit_code(lambda: look(settings))
"""
CONF = {
    "spark.hadoop.fs.s3a.secret.key": SECRET,
    "spark.hadoop.from.environment": "${env.PLANTED}",
    "spark.hadoop.plain": SECRET,
    "spark.authenticate.secret": SECRET,
    "spark.ssl.keyStorePassword": SECRET,
    "spark.driver.userToken": SECRET,
    "spark.executorEnv.AWS_SECRET_ACCESS_KEY": SECRET,
    "spark.sql.shuffle.partitions": "7",
}


def start(tmp_path: Path, *launcher: str, **settings: object) -> "subprocess.CompletedProcess[str]":
    path = tmp_path / "look.py"
    path.write_text(SCRIPT, encoding="utf-8")
    ensure_java()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PLANTED": SECRET, "PYSPARK_PYTHON": sys.executable}
    environment["SETTINGS"] = json.dumps({"master": "local[1]", **settings})
    return subprocess.run(
        [*(launcher or (sys.executable,)), str(path)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.slow
def test_settings_reach_spark_without_standing_in_a_command_line(tmp_path: Path) -> None:
    done = start(tmp_path, conf=CONF)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found["hadoop"] == dict.fromkeys(found["hadoop"], SECRET)
    assert {key: value for key, value in found["conf"].items() if key in CONF} == {
        **CONF,
        "spark.sql.shuffle.partitions": "8",  # a section has its own key for it
    }
    assert found["commands"] and SECRET not in str(found["commands"])
    assert SECRET not in done.stderr


@pytest.mark.slow
def test_under_spark_submit_the_submitters_settings_hold(tmp_path: Path) -> None:
    submit = str(Path(sys.executable).parent / "spark-submit")
    properties = tmp_path / "secrets.conf"
    properties.write_text(f"spark.hadoop.fs.s3a.secret.key {SECRET}\nspark.some.key submitted\n", encoding="utf-8")
    options = ("--properties-file", str(properties), "--conf", "spark.driver.host=localhost")
    done = start(
        tmp_path, submit, *options, master="local[3]", conf={"spark.some.key": "file", "spark.own.key": "file"}
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    wanted = {"spark.some.key": "submitted", "spark.own.key": "file", "spark.driver.host": "localhost"}
    assert {key: found["conf"][key] for key in wanted} == wanted
    assert found["conf"]["spark.master"] != "local[3]" and found["hadoop"]["fs.s3a.secret.key"] == SECRET


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"conf": {"spark.executor.memory": "nonsense"}}, "NumberFormatException"),
        ({"conf": {"spark.executor.cores": "many"}}, "many"),
        ({"conf": {"spark.acls.enable": SECRET, "spark.my.password": SECRET}}, "spark.acls.enable"),
    ],
)
def test_what_spark_refuses_is_a_mistake_of_the_configuration(
    tmp_path: Path, settings: dict[str, object], told: str
) -> None:
    done = start(tmp_path, **settings)
    assert done.returncode == 2, done.stderr[-3000:]
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert told in line and SECRET not in line and "Traceback" not in done.stderr
