"""Submit a job to a cluster, and end as it ends."""

import importlib
import shlex
import sys
from pathlib import Path

import click

from interest_spark.config.cluster import load_cluster
from interest_spark.config.file import load_config
from interest_spark.foundation.streams import print_line
from interest_spark.pipeline.command import main, with_exit_code

JOBS = (
    "ingest",
    "sequences",
    "train",
    "promote",
    "rollback",
    "score",
    "profiles",
    "coupons",
    "audience",
    "churn",
    "evaluate",
    "daily",
    "backfill",
    "rebuild",
    "verify",
    "maintain",
)


@click.command(name="submit", context_settings={"help_option_names": ["-h", "--help"], "ignore_unknown_options": True})
@click.argument("job", type=click.Choice(JOBS))
@click.option("--cluster", "cluster_path", required=True, help="The cluster's YAML file; see conf/cluster.")
@click.option("--dry-run", is_flag=True, help="Print the spark-submit command, and run nothing.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(job: str, cluster_path: str, dry_run: bool, arguments: tuple[str, ...]) -> None:
    """Run JOB with its own ARGUMENTS on a cluster; its exit code, its error and its last line are those of the job."""
    given = importlib.import_module(f"jobs.{job}").command.make_context(job, list(arguments)).params
    with_exit_code(lambda: _submit(job, cluster_path, dry_run, arguments, given["config_path"], given["overrides"]))


def _submit(
    name: str, cluster_path: str, dry_run: bool, arguments: tuple[str, ...], config: str, overrides: tuple[str, ...]
) -> None:
    from interest_spark.pipeline.submission import command_line, submit
    from interest_spark.platform.spark_submit import Job

    job, cluster = Job(name, Path(config), arguments), load_cluster(cluster_path)
    if dry_run:
        print_line(shlex.join(command_line(cluster, job, load_config(config, overrides))), sys.stdout)
        return
    sys.exit(submit(cluster, job, load_config(config, overrides)))


if __name__ == "__main__":
    main(command)
