"""Ranks in processes of their own on this machine, which talk over the loopback interface only.

Not inside the caller, which is often a Spark driver: TensorFlow's memory, threads and determinism are settings
of a whole process, and end with it.
"""

from interest_spark.models.launch.launch import rank_environment
from interest_spark.models.launch.places import LOOPBACK, gloo_environment, places
from interest_spark.models.launch.rank_process import await_ranks, rank_processes
from interest_spark.models.launch.rendezvous import rendezvous
from interest_spark.models.training.plan import TrainPlan


def run_alone(plan: TrainPlan) -> None:
    """Run the plan's only rank, without Horovod, to its end; it leaves its result or its failure in `plan.work`."""
    with rank_processes(plan.file, [rank_environment(plan)]) as processes:
        await_ranks(processes)


def run_together(plan: TrainPlan) -> None:
    """Run all ranks of the plan to their end, as `horovodrun` does; none is left behind, whatever happens.

    Horovod's own command puts the environment, passwords included, where every user of the machine can list it, and
    opens a port to the network.
    """
    hosts = ["localhost"] * plan.train.ranks
    with rendezvous(LOOPBACK, plan.train.ranks) as meeting:
        shared = {**rank_environment(plan), **gloo_environment(LOOPBACK), **meeting.environment}
        with rank_processes(plan.file, [shared | place for place in places(hosts)]) as processes:
            await_ranks(processes)
