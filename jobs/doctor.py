"""Check this machine: versions, Java, warehouse, Petastorm, TensorFlow, Horovod and Spark."""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table

from interest_spark.foundation.errors import EXIT_OK, EXIT_USAGE, InterestError
from interest_spark.foundation.imports import protect_imports
from interest_spark.foundation.versions import Finding, explain
from interest_spark.platform.doctor import examine

_COLORS = {"ok": "green", "warning": "yellow", "unsupported": "red", "skipped": "dim"}


@click.command(name="doctor", help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", "config_path", help="The deployment's YAML file; without it, defaults are tried.")
@click.option("--set", "overrides", multiple=True, metavar="A.B=VALUE", help="Override one configuration key.")
def command(config_path: str | None, overrides: tuple[str, ...]) -> None:
    started = time.monotonic()
    protect_imports()
    try:
        findings = examine(config_path, overrides)
    except InterestError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    _print(findings)
    unsupported = [finding.part for finding in findings if finding.status == "unsupported"]
    report = {
        "job": "doctor",
        "status": "unsupported" if unsupported else "done",
        "seconds": round(time.monotonic() - started, 3),
        "unsupported": unsupported,
        "findings": [asdict(finding) for finding in findings],
    }
    click.echo(json.dumps(report, ensure_ascii=False))
    sys.exit(EXIT_USAGE if unsupported else EXIT_OK)


def _print(findings: Sequence[Finding]) -> None:
    """The table on standard output, then what to do on standard error."""
    table = Table("part", "status", "found", "supported")
    for finding in findings:
        table.add_row(finding.part, finding.status, finding.found, finding.supported, style=_COLORS[finding.status])
    console = Console()
    console.print(table) if console.is_terminal else Console(width=160).print(table)
    labels = {"unsupported": "error", "warning": "warning"}
    for finding in findings:
        if finding.status in labels:
            click.echo(f"{labels[finding.status]}: {explain(finding)}", err=True)


if __name__ == "__main__":
    command()
