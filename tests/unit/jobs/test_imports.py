"""What a job's driver loads before it has anything to do."""

import subprocess
import sys

from jobs.cli import COMMANDS


def test_no_driver_waits_for_tensorflow() -> None:
    """It takes seconds and half a gigabyte, and only the ranks and the scoring tasks use it."""
    modules = ", ".join(f"jobs.{name.replace('-', '_')}" for name in COMMANDS)
    probe = f"import sys, {modules}; print(sorted({{'tensorflow', 'keras', 'horovod'}} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
