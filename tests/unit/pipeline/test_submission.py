"""How the end of a driver elsewhere is told here."""

from collections import deque
from pathlib import Path

import pytest

from interest_spark.config.cluster import load_cluster
from interest_spark.config.file import load_config
from interest_spark.foundation.errors import BadDataError, BusyError, ConfigError
from interest_spark.pipeline.submission import _code_of_driver, command_line
from interest_spark.pipeline.told import FOLDER_VARIABLE, submission_folder, take_told, tell_error, tell_report
from interest_spark.platform.spark_submit import Job
from tests.readme import ROOT

_SUBMITTED = "Submitted application application_1"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("diagnostics: User application exited with status 3", 3),
        ("diagnostics: User application exited with status 75", 75),
        ("termination reason: Error\n exit code: 2", 2),
    ],
)
def test_the_cluster_knows_the_drivers_code(said: str, code: int) -> None:
    assert _code_of_driver(deque([_SUBMITTED, said])) == code


@pytest.mark.parametrize(
    ("said", "kind", "told"),
    [
        ([_SUBMITTED, "SparkException: Application x finished with failed status"], BusyError, "lost"),
        ([_SUBMITTED, "Final app status: FAILED, exitCode: 13, (reason: Uncaught exception: x: y"], BusyError, "lost"),
        ([_SUBMITTED, "Exception from container-launch. Exit code: 137"], BusyError, "lost"),
        (["java.net.ConnectException: Call From x to y failed: Connection refused"], BusyError, "does not answer"),
        (["Error: SparkException: unknown queue: x"], ConfigError, "was not submitted"),
        ([], ConfigError, "no reason is given"),
    ],
)
def test_where_no_driver_ended_by_itself(said: list[str], kind: type[Exception], told: str) -> None:
    with pytest.raises(kind, match=told):
        _code_of_driver(deque(said))


def test_what_a_driver_has_to_tell_is_taken_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = submission_folder(tmp_path, "one")
    tell_report({"rows": 1})  # nobody waits
    assert take_told(folder) == (None, None)
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    tell_report({"job": "daily", "rows": {"用户": 1}})
    tell_error(BadDataError("line 7 is bad"))
    report, error = take_told(folder)
    assert report == {"job": "daily", "rows": {"用户": 1}}
    assert error == {"exit_code": 3, "error": "line 7 is bad"}
    assert take_told(folder) == (None, None)


def test_a_folder_that_cannot_be_written_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "file" / "below"))
    tell_error(BadDataError("line 7 is bad"))


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("warehouse=run/shop", "warehouse is 'run/shop'"),
        ("sources.root=run/shop", "sources.events.path"),
        ("train={ranks: 3, streams: 3, batch_blocks: 6}", "raise executors.count"),
    ],
)
def test_what_a_driver_elsewhere_could_not_do_is_refused_here(tmp_path: Path, override: str, told: str) -> None:
    cluster = load_cluster(ROOT / "conf" / "cluster" / "yarn.yaml")
    settings = ["warehouse=/shared/w", "sources.root=/shared/logs", override]
    with pytest.raises(ConfigError) as refused:
        command_line(cluster, Job("daily", tmp_path, []), load_config(ROOT / "conf" / "shop.yaml", settings))
    assert told in str(refused.value)
