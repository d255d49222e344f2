"""Several ranks on this machine under horovodrun, talking over the loopback interface only."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from interest_spark.models.launch.launch import child_environment
from interest_spark.models.training.plan import TrainPlan

_STANDARD_ERROR = 2


def run_under_horovodrun(plan: TrainPlan) -> None:
    """Run all ranks of the plan to their end; none is left behind, whatever happens."""
    plan_file = plan.work / "plan.json"
    plan_file.write_text(plan.model_dump_json(), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "interest_spark.models.launch.gloo_main", str(plan.train.ranks)),
        *(sys.executable, "-m", "interest_spark.models.launch.rank_main", str(plan_file)),
    ]
    child = subprocess.Popen(
        command, env=child_environment(plan), stdin=subprocess.DEVNULL, stdout=_STANDARD_ERROR, start_new_session=True
    )
    with _process_tree_killed(child):
        child.wait()


def loopback_interface() -> str:
    """The name of the interface that holds 127.0.0.1."""
    import psutil  # Horovod's own dependency

    addresses = psutil.net_if_addrs().items()
    return next(name for name, each in addresses if any(address.address == "127.0.0.1" for address in each))


@contextmanager
def _process_tree_killed(child: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Kill the child and all below it; horovodrun gives each rank a session of its own, so a group is not enough."""
    import psutil

    tree = psutil.Process(child.pid)
    try:
        yield
    finally:
        with suppress(psutil.NoSuchProcess):
            for process in [*tree.children(recursive=True), tree]:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        child.wait()
