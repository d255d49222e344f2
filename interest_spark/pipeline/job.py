"""What every job has in common: options, a context, the last JSON line and the exit code."""

import json
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from interest_spark.config.deployment import Config
from interest_spark.config.file import load_config
from interest_spark.foundation.dates import parse_day
from interest_spark.foundation.errors import InterestError
from interest_spark.foundation.log import configure_logging, get_logger
from interest_spark.foundation.versions import check_versions
from interest_spark.storage.warehouse import Warehouse

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_NEEDED_BY_EVERY_JOB = ("python", "pyspark", "pyarrow", "numpy", "pandas", "deltalake")


@dataclass(frozen=True)
class Outcome:
    """What a job did: `rows` published and the `versions` of the tables they are in."""

    status: str  # "done" or "nothing_to_do"
    rows: Mapping[str, int] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    def __add__(self, other: "Outcome") -> "Outcome":
        status = "done" if "done" in (self.status, other.status) else "nothing_to_do"
        return Outcome(
            status,
            {**self.rows, **other.rows},
            {**self.versions, **other.versions},
            {**self.details, **other.details},
        )


NOTHING_TO_DO = Outcome("nothing_to_do")


def new_run_id() -> str:
    """A sortable name for one attempt; every staged file lies below it."""
    return f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


@dataclass(frozen=True)
class JobContext:
    """One job run: its configuration, its day, and the warehouse and Spark session it works with."""

    config: Config
    day: date
    run_id: str = field(default_factory=new_run_id)

    @property
    def dt(self) -> str:
        """The day as it stands in `dt`."""
        return self.day.isoformat()

    @cached_property
    def warehouse(self) -> Warehouse:
        warehouse = Warehouse(self.config.warehouse)
        warehouse.check_writable()
        return warehouse

    @cached_property
    def spark(self) -> "SparkSession":
        from interest_spark.platform.session import start_session
        from interest_spark.platform.stage_progress import show_stages

        check_versions(_NEEDED_BY_EVERY_JOB)  # a wrong library would fail later, and far less clearly
        session = start_session(self.config.spark, "interest_spark")
        show_stages(session.sparkContext)
        return session


def job_command(name: str, run: Callable[..., Outcome], *options: click.Option) -> click.Command:
    """The command line of a job: `--config FILE --day DAY [--set a.b=value]…`.

    `run` gets a JobContext, and the job's own `options` as keyword arguments; its docstring is the help text.
    """

    def command(config_path: str, day: str, overrides: tuple[str, ...], **own: Any) -> None:
        def action() -> None:
            context = JobContext(load_config(config_path, overrides), parse_day(day))
            _run_and_report(name, context, lambda: run(context, **own))

        with_exit_code(action)

    common = [
        click.Option(["--config", "config_path"], required=True, help="The deployment's YAML file."),
        click.Option(["--day"], required=True, help="The day to work for, YYYY-MM-DD; never implied."),
        click.Option(
            ["--set", "overrides"], multiple=True, metavar="A.B=VALUE", help="Override one configuration key."
        ),
    ]
    settings = {"help_option_names": ["-h", "--help"]}
    return click.Command(
        name, context_settings=settings, callback=command, params=[*common, *options], help=run.__doc__
    )


def main(command: click.Command) -> None:
    """Run a command as a process does: usage errors leave with 2 and one line."""
    sys.exit(command.main(standalone_mode=True))


def with_exit_code(action: Callable[[], None]) -> None:
    """Run `action`; an expected failure is printed without a traceback and sets the exit code."""
    configure_logging()
    try:
        action()
    except InterestError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)


def _run_and_report(name: str, context: JobContext, run: Callable[[], Outcome]) -> None:
    started = time.monotonic()
    get_logger().info("job started", job=name, day=context.dt, run_id=context.run_id)
    outcome = run()
    report = {
        "job": name,
        "day": context.dt,
        "run_id": context.run_id,
        "status": outcome.status,
        "seconds": round(time.monotonic() - started, 3),
        "rows": dict(outcome.rows),
        "versions": dict(outcome.versions),
        **outcome.details,
    }
    click.echo(json.dumps(report, ensure_ascii=False))
