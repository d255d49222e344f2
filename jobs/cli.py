"""The `interest` command: every job, and the tools around them."""

import difflib
import importlib

import click

from interest_spark import __version__
from interest_spark.foundation.command_line import run_command

COMMANDS = (
    "ingest",
    "sequences",
    "train",
    "promote",
    "rollback",
    "models",
    "score",
    "profiles",
    "coupons",
    "churn",
    "features",
    "audience",
    "evaluate",
    "tune",
    "compare",
    "backtest",
    "daily",
    "plan",
    "backfill",
    "rebuild",
    "verify",
    "gates",
    "maintain",
    "doctor",
    "submit",
    "synth",
    "show",
    "status",
    "history",
    "report",
    "columns",
    "check-source",
)


class _Jobs(click.Group):
    """Imports a job's module only when the job is named, so that `interest --help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            nearest = difflib.get_close_matches(args[0], COMMANDS, n=1, cutoff=0.0)[0]
            raise click.UsageError(
                f"unknown job {args[0]!r}; did you mean {nearest!r}? Jobs: {', '.join(COMMANDS)}", ctx
            )
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"jobs.{cmd_name.replace('-', '_')}").command
        return command


@click.command(cls=_Jobs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def command() -> None:
    """User interests from clickstream logs: sequences, training and bulk scoring, day by day."""


def main() -> None:
    """Entry point of the console script."""
    run_command(command)


if __name__ == "__main__":
    main()
