"""What the quality gates say of a day; and letting a blocked day pass."""

import getpass
from datetime import datetime, timezone

import click

from interest_spark.features.gates.accept import accept_day
from interest_spark.features.gates.rows import TABLE, read_days
from interest_spark.pipeline.command import CONFIG_OPTIONS, job_command, main
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import run_steps
from interest_spark.pipeline.report import Outcome
from interest_spark.reports.gates import print_gate
from interest_spark.steps.gates import INGEST_GATE


def run(context: RunContext, reason: str | None) -> Outcome:
    """Print the figures of --day with their bounds, judging its events first where that is not done yet.

    With --accept instead of --day, let what is blocked on that day pass; --reason says why.
    """
    if reason is not None:
        now = datetime.now(timezone.utc)
        accepted = accept_day(context.warehouse, context.dt, reason, getpass.getuser(), now, context.run_id)
        return Outcome("done", details={"accepted": accepted})
    try:
        return run_steps([(INGEST_GATE, context)])
    finally:
        gates = context.warehouse.open(TABLE)
        for each in gates.slices(day=context.dt):
            print_gate(each.name, context.dt, read_days(gates, each.name, day=context.dt)[context.day])


def _start(
    config_path: str, day: str | None, accept: str | None, reason: str | None, overrides: tuple[str, ...]
) -> None:
    if (day is None) == (accept is None):
        raise click.UsageError("name one day: --day DAY to see it, or --accept DAY to let it pass")
    if (accept is None) != (not (reason or "").strip()):
        raise click.UsageError(
            "--accept and --reason go together: --accept 2026-01-31 --reason 'a sale in the app only'"
        )
    assert _judge.callback is not None
    _judge.callback(config_path=config_path, day=accept or day, overrides=overrides, reason=reason)


# Whoever looks at a day tells nobody of it; who lets one pass does.
_judge = job_command("gates", run, recorded=lambda options: options["reason"] is not None)
_CONFIG, _, _SET = CONFIG_OPTIONS
command = click.Command(
    "gates",
    context_settings={"help_option_names": ["-h", "--help"]},
    callback=_start,
    help=run.__doc__,
    params=[
        _CONFIG,
        click.Option(["--day"], help="The day to print, YYYY-MM-DD."),
        click.Option(["--accept"], metavar="DAY", help="The day whose blocked figures are right."),
        click.Option(["--reason"], help="Why they are; it is recorded with your name and the time."),
        _SET,
    ],
)

if __name__ == "__main__":
    main(command)
