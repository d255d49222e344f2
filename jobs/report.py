"""A day as one HTML page that opens from disk: what came in, how good the model is, and what to look at."""

import sys
import time

import click

from interest_spark.foundation.errors import ConfigError
from interest_spark.foundation.locations import location
from interest_spark.foundation.log import get_logger
from interest_spark.foundation.streams import print_line
from interest_spark.pipeline.command import job_command, main
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.report import Outcome
from interest_spark.reports.html.page import build_page
from interest_spark.reports.html.source import ReportSource
from interest_spark.reports.lookup import check_day
from interest_spark.storage.folder_files import replace_file


def run(context: RunContext, out: str | None) -> Outcome:
    """Write the report of --day, an HTML page in English and Chinese that needs nothing else to be read.

    It lies in report.folder, or at --out. Only committed tables, bundles and the journal of runs are read.
    """
    started = time.monotonic()
    check_day(context.warehouse, "ingest_ledger", context.dt, context.config.model_name)
    page = build_page(ReportSource(context.config, context.dt)).encode()
    place = location(out) if out else context.config.report.place(context.warehouse.root, context.dt)
    try:
        replace_file(place, page)
    except OSError as error:
        raise ConfigError(f"report {place} cannot be written: {error.strerror}; name another file with --out") from None
    get_logger().info("report written", path=str(place), bytes=len(page), seconds=round(time.monotonic() - started, 1))
    print_line(f"report of {context.dt}: {place}", sys.stdout)
    return Outcome("done", details={"report": str(place), "bytes": len(page)})


command = job_command("report", run, click.Option(["--out"], metavar="FILE", help="Where to write it instead."))

if __name__ == "__main__":
    main(command)
