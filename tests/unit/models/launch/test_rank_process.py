"""What the processes of ranks can be seen to be started with."""

from pathlib import Path

import psutil
import pytest

from interest_spark.models.launch.rank_process import rank_processes

SECRET = "PlantedS3cretValue"


def test_ranks_have_the_environment_and_no_command_line_shows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    places = [{"HOROVOD_RANK": str(rank), "HOROVOD_GLOO_RENDEZVOUS_ADDR": f"127.0.0.1:1/{SECRET}"} for rank in range(2)]
    with rank_processes(tmp_path / "plan.json", places) as processes:
        for rank, process in enumerate(processes):
            found = psutil.Process(process.pid)
            assert found.environ()["AWS_SECRET_ACCESS_KEY"] == SECRET
            assert found.environ()["HOROVOD_RANK"] == str(rank)
            assert "rank_main" in str(found.cmdline())
            assert SECRET not in str(found.cmdline())
