"""Running a command as a process does."""

import sys
from io import StringIO
from typing import NoReturn

import click

from interest_spark.foundation.shown import shown_error
from interest_spark.foundation.streams import prepare_streams, print_line


def run_command(command: click.Command) -> NoReturn:
    """Run with the process's own arguments; a usage error leaves with 2 and names what is wrong."""
    prepare_streams()
    try:
        sys.exit(command.main(standalone_mode=False))
    except click.ClickException as error:
        told = StringIO()
        error.show(told)
        for line in told.getvalue().splitlines():
            print_line(shown_error(line), sys.stderr)
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)  # as a shell has it of a command that was interrupted
