"""What the processes of ranks on one machine can be seen to be started with."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SECRET = "PlantedS3cretValue"
ROOT = Path(__file__).parents[4]
RANK = """
import json, os, sys, psutil
above = [psutil.Process(), *psutil.Process().parents()]
found = {"environment": dict(os.environ), "commands": [each.cmdline() for each in above]}
open(f"{sys.argv[1]}/{os.environ['HOROVOD_RANK']}.json", "w").write(json.dumps(found))
"""


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("horovod") is None, reason="Horovod is not installed")
def test_ranks_have_the_environment_and_no_command_line_shows_it(tmp_path: Path) -> None:
    (tmp_path / "rank.py").write_text(RANK, encoding="utf-8")
    command = [sys.executable, "-m", "interest_spark.models.launch.gloo_main", "2", sys.executable]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "AWS_SECRET_ACCESS_KEY": SECRET}
    subprocess.run([*command, "rank.py", str(tmp_path)], env=environment, cwd=tmp_path, timeout=200, check=True)
    for rank in "01":
        found = json.loads((tmp_path / f"{rank}.json").read_text())
        assert found["environment"]["AWS_SECRET_ACCESS_KEY"] == SECRET
        assert found["environment"]["HOROVOD_SIZE"] == "2"
        assert any("gloo_main" in str(each) for each in found["commands"])
        assert SECRET not in str(found["commands"])
