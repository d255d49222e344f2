"""A process that makes one model the champion, and another, and so on, until it is killed.

`python -m tests.changing_champions ROOT VERSION OTHER`: the steps of `interest rollback` through the runner. It prints
a line right before each commit.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import cycle
from pathlib import Path

from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import run_step
from interest_spark.pipeline.step import Assignment, Inputs, Result, Step
from interest_spark.steps.promote import rollback
from tests.promotion_world import DAY, promoting, run_on


def main(root: str, *versions: str) -> None:
    for version in cycle(versions):
        run_step(_telling(rollback(version, "by turns")), run_on(promoting(Path(root)), DAY))


def _telling(step: Step) -> Step:
    def compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
        return replace(step.compute(context, inputs, assignment), check=_tell)

    return replace(step, compute=compute)


def _tell(files: Mapping[str, Sequence[str]]) -> None:
    print("commit", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
