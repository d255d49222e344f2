"""A job on a cluster, seen from where it was submitted: its last line, its error and its exit code, as if it ran here.

In client mode the driver is a child of spark-submit and says all that itself. In cluster mode spark-submit leaves with
1 whatever the driver said: the driver leaves report and error beside the tables, and the cluster knows its exit code.
"""

import os
import re
import secrets
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from types import FrameType
from typing import Any

from interest_spark.config.cluster import ClusterConfig
from interest_spark.config.deployment import Config
from interest_spark.foundation.errors import EXIT_BUSY, BusyError, ConfigError, InterestError
from interest_spark.foundation.locations import Location, is_url
from interest_spark.foundation.log import get_logger
from interest_spark.foundation.shown import shown
from interest_spark.foundation.streams import print_error, print_line, print_report
from interest_spark.pipeline.told import FOLDER_VARIABLE, submission_folder, take_told
from interest_spark.platform.java import ensure_java
from interest_spark.platform.spark_submit import Job, spark_submit

# YARN's diagnostics, and the state of a driver's container on Kubernetes; YARN's own `exitCode: 13` and
# `Exit code: 137` are of a driver that it gave up or lost.
_DRIVERS_CODE = re.compile(r"exited with status (\d+)|\bexit code: (\d+)")
_STARTED = re.compile(r"Submitted application|Deployed Spark application|final status")
_AWAY = re.compile(r"ConnectException|Connection refused|NoRouteToHost|UnknownHost|SocketTimeout|SafeModeException")
_FAULT = re.compile(r"(?:Exception|Error)\b.*: \S")
_LINES_KEPT = 400


def submit(cluster: ClusterConfig, job: Job, config: Config) -> int:
    """Submit, wait for the end, tell of it on both streams, and return the job's own exit code.

    Raises ConfigError where nothing can run so, BusyError where the cluster is away or the driver was lost.
    """
    _check(cluster, config)
    if cluster.deploy_mode == "client":
        return _run(spark_submit(cluster, job, {}), deque(maxlen=0))
    folder = submission_folder(config.warehouse, secrets.token_hex(8))
    said: deque[str] = deque(maxlen=_LINES_KEPT)
    code = _run(spark_submit(cluster, job, {FOLDER_VARIABLE: str(folder)}), said)
    report, error = _told(folder)
    if error is not None:
        print_error(error.get("error"))
        code = int(error["exit_code"])
    elif code:
        code = _code_of_driver(said)
        remedy = "; run the job again" if code == EXIT_BUSY else ""
        print_error(f"{job.name} left with exit code {code}, and its error did not get here; its log says why{remedy}")
    if report is not None:
        print_report(report)
    return code


def command_line(cluster: ClusterConfig, job: Job, config: Config) -> list[str]:
    """What `submit` would run, but for the name of this one submission. Raises ConfigError."""
    _check(cluster, config)
    if cluster.deploy_mode == "client":
        return spark_submit(cluster, job, {})
    return spark_submit(cluster, job, {FOLDER_VARIABLE: str(submission_folder(config.warehouse, "NAME"))})


def _check(cluster: ClusterConfig, config: Config) -> None:
    slots = cluster.executors.count * cluster.executors.cores
    if config.train.ranks > max(slots, 1):
        raise ConfigError(
            f"train.ranks is {config.train.ranks}, but the cluster's executors run {slots} tasks at once; raise "
            "executors.count"
        )
    if cluster.deploy_mode == "client":
        return
    sources = config.sources
    paths = [(f"{sources.key_of(place)}.path", each.path) for place, each in enumerate(sources.of_events)]
    for key, place in (("warehouse", str(config.warehouse)), *paths):
        if not is_url(place) and not place.startswith("/"):
            raise ConfigError(
                f"{key} is {shown(place)!r}, which depends on the current folder; a driver on another node needs a "
                "URL, or the full path of a folder that all nodes see"
            )


def _run(command: list[str], said: "deque[str]") -> int:
    """Run spark-submit; what it says on standard error is passed on, and kept in `said`."""
    ensure_java()
    get_logger().info("submitting", command=command[0])
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace", env=_environment()) as running:
        for line in _until_it_ends(running):
            print_line(line.rstrip("\n"), sys.stderr)
            said.append(line)
    return running.returncode


def _environment() -> dict[str, str]:
    """Without the names of Pythons, which would precede those of the cluster's description."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYSPARK_")}


def _until_it_ends(process: "subprocess.Popen[str]") -> Iterator[str]:
    """What it says on standard error; a request to stop is passed on to it."""

    def pass_on(signum: int, frame: FrameType | None) -> None:
        process.terminate()

    before = signal.signal(signal.SIGTERM, pass_on)
    try:
        yield from process.stderr or ()
    finally:
        signal.signal(signal.SIGTERM, before)


def _told(folder: Location) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    try:
        return take_told(folder)
    except (InterestError, OSError, ValueError) as error:  # the cluster's own word has to do
        get_logger().warning("what the driver has left cannot be read", folder=str(folder), reason=str(error))
        return None, None


def _code_of_driver(said: "deque[str]") -> int:
    """The driver's code as the cluster reports it. Raises BusyError or ConfigError where no driver ended by itself."""
    text = "".join(said)
    if codes := [int(first or second) for first, second in _DRIVERS_CODE.findall(text)]:
        return codes[-1]
    reason = shown(next((line.strip() for line in reversed(said) if _FAULT.search(line)), "no reason is given"), 400)
    if _STARTED.search(text):
        raise BusyError(f"the driver was lost: {reason}; run the job again")
    if _AWAY.search(text):
        raise BusyError(f"the cluster does not answer: {reason}; run the job again when it does")
    raise ConfigError(f"the job was not submitted: {reason}; correct the cluster's description")
