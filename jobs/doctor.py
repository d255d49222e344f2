"""Check this machine: versions, Java, warehouse, Petastorm, TensorFlow, Horovod and Spark."""

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict

import click
from rich.table import Table
from rich.text import Text

from interest_spark.foundation.command_line import run_command
from interest_spark.foundation.errors import EXIT_OK, EXIT_USAGE, InterestError
from interest_spark.foundation.imports import protect_imports
from interest_spark.foundation.shown import shown_error, shown_values
from interest_spark.foundation.streams import prepare_streams, print_error, print_line, print_report, terminal
from interest_spark.foundation.versions import Finding, explain
from interest_spark.platform.doctor import examine

_COLORS = {"ok": "green", "warning": "yellow", "unsupported": "red", "skipped": "dim"}


@click.command(name="doctor", help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", "config_path", help="The deployment's YAML file; without it, defaults are tried.")
@click.option("--set", "overrides", multiple=True, metavar="A.B=VALUE", help="Override one configuration key.")
def command(config_path: str | None, overrides: tuple[str, ...]) -> None:
    prepare_streams()
    started = time.monotonic()
    protect_imports()
    try:
        findings = examine(config_path, overrides)
    except InterestError as error:
        print_error(error)
        sys.exit(error.exit_code)
    _print(findings)
    unsupported = [finding.part for finding in findings if finding.status == "unsupported"]
    report = {
        "job": "doctor",
        "status": "unsupported" if unsupported else "done",
        "seconds": round(time.monotonic() - started, 3),
        "unsupported": unsupported,
        "findings": [shown_values(asdict(finding)) for finding in findings],
    }
    print_report(report)
    sys.exit(EXIT_USAGE if unsupported else EXIT_OK)


def _print(findings: Sequence[Finding]) -> None:
    """The table on standard output, then what to do on standard error."""
    table = Table("part", "status", "found", "supported")
    for finding in findings:
        found = Text(shown_error(finding.found))
        table.add_row(finding.part, finding.status, found, finding.supported, style=_COLORS[finding.status])
    terminal().print(table)
    labels = {"unsupported": "error", "warning": "warning"}
    for finding in findings:
        if finding.status in labels:
            print_line(f"{labels[finding.status]}: {shown_error(explain(finding))}", sys.stderr)


if __name__ == "__main__":
    run_command(command)
