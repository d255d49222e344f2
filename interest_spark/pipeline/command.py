"""The command line of a job: options in, one JSON line and an exit code out."""

import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import click
from structlog.contextvars import bound_contextvars

from interest_spark.config.file import load_config
from interest_spark.foundation.command_line import run_command
from interest_spark.foundation.dates import parse_day
from interest_spark.foundation.errors import EXIT_OK
from interest_spark.foundation.imports import protect_imports
from interest_spark.foundation.log import configure_logging, get_logger
from interest_spark.foundation.streams import (
    OutputClosedError,
    end_output,
    prepare_streams,
    print_error,
    print_report,
)
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.expected import as_expected
from interest_spark.pipeline.graph import Work, run_steps
from interest_spark.pipeline.recorded import run_recorded
from interest_spark.pipeline.report import Outcome
from interest_spark.pipeline.told import tell_error, tell_report

CONFIG_OPTIONS = (
    click.Option(["--config", "config_path"], required=True, help="The deployment's YAML file."),
    click.Option(["--day"], required=True, help="The day to work for, YYYY-MM-DD; never implied."),
    click.Option(["--set", "overrides"], multiple=True, metavar="A.B=VALUE", help="Override one configuration key."),
)
FORCE = click.Option(["--force"], is_flag=True, help="Run also what is current.")


def steps_command(name: str, help_text: str | None, works: Callable[[RunContext], Iterable[Work]]) -> click.Command:
    """The command of a job that runs steps: `--config FILE --day DAY [--set a.b=value]… [--force]`."""

    def run(context: RunContext) -> Outcome:
        return run_steps(works(context))

    run.__doc__ = help_text
    return job_command(name, run, FORCE)


def job_command(
    name: str,
    run: Callable[..., Outcome],
    *options: click.Option,
    recorded: Callable[[Mapping[str, Any]], bool] = lambda options: True,
) -> click.Command:
    """The command of any job; `run` gets a RunContext, and the job's own `options` but FORCE as keyword arguments.

    The docstring of `run` is the help text. `recorded`: whether, with these options, it is a run that the journal and
    the operator are told of.
    """

    def command(config_path: str, day: str, overrides: tuple[str, ...], force: bool = False, **own: Any) -> None:
        def action() -> None:
            context = RunContext(load_config(config_path, overrides), parse_day(day), force)
            run_now = partial(run, **own)
            # A part of a job is told apart: that it succeeds says nothing of the other parts.
            told_as = "-".join((name, *own.get("jobs", ())))
            with bound_contextvars(job=told_as, run_id=context.run_id, day=context.dt):
                recording = partial(run_recorded, told_as, run=run_now)
                _run_and_report(name, context, recording if recorded(own) else run_now)

        with_exit_code(action)

    settings = {"help_option_names": ["-h", "--help"]}
    return click.Command(
        name, context_settings=settings, callback=command, params=[*CONFIG_OPTIONS, *options], help=run.__doc__
    )


def main(command: click.Command) -> None:
    """Run a command as a process does: usage errors leave with 2 and one line."""
    run_command(command)


def with_exit_code(action: Callable[[], None]) -> None:
    """Run `action`; an expected failure is printed without a traceback and sets the exit code.

    Who closes the pipe that standard output is, as `head` does, has seen enough: that is the end, and no failure.
    """
    prepare_streams()
    configure_logging()
    protect_imports()
    try:
        action()
        end_output()
    except OutputClosedError:
        sys.exit(EXIT_OK)
    except Exception as error:
        expected = as_expected(error)
        if expected is None:
            raise
        with suppress(OSError, OutputClosedError):
            end_output()
        print_error(expected)
        tell_error(expected)
        sys.exit(expected.exit_code)


def _run_and_report(name: str, context: RunContext, run: Callable[[RunContext], Outcome]) -> None:
    started = time.monotonic()
    get_logger().info("job started")
    outcome = run(context)
    report = {
        "job": name,
        "day": context.dt,
        "run_id": context.run_id,
        "status": "failed" if outcome.error else outcome.status,
        "seconds": round(time.monotonic() - started, 3),
        "rows": dict(outcome.rows),
        "versions": dict(outcome.versions),
        **outcome.details,
    }
    tell_report(report)
    try:
        print_report(report)
    finally:
        if outcome.error:  # whether or not anybody reads the report
            raise outcome.error
