"""What the nightly run of a day would do, step by step, and why; nothing is touched."""

from dataclasses import asdict

from rich.table import Table
from rich.text import Text

from interest_spark.foundation.shown import shown
from interest_spark.foundation.streams import terminal
from interest_spark.pipeline.command import FORCE, job_command, main
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import plan_steps
from interest_spark.pipeline.report import Outcome
from interest_spark.steps.nightly import nightly

_MOST_OF_A_REASON = 1_000


def run(context: RunContext) -> Outcome:
    """Print each step of `daily` with what it would do, and why; nothing is touched."""
    table = Table("step", "day", "state", "reason")
    prospects = list(plan_steps(nightly(context)))
    for each in prospects:
        table.add_row(each.step, each.day, each.state, Text(shown(each.reason, _MOST_OF_A_REASON)))
    terminal().print(table)
    would_run = any(each.state == "would run" for each in prospects)
    return Outcome(
        "would_run" if would_run else "nothing_to_do", details={"steps": [asdict(each) for each in prospects]}
    )


command = job_command("plan", run, FORCE)

if __name__ == "__main__":
    main(command)
