"""What the columns of a table are, and what they mean; without a table's name, of all."""

import click

from interest_spark.pipeline.command import main, with_exit_code
from interest_spark.reports.columns import print_columns
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.table_schemas import check_table


@click.command(name="columns", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("table", required=False)
def command(table: str | None) -> None:
    """Print the columns of TABLE, or of all tables: name, type and meaning."""
    with_exit_code(lambda: _columns(table))


def _columns(table: str | None) -> None:
    if table is not None:
        check_table(table)
    for name in TABLES if table is None else (table,):
        print_columns(name)


if __name__ == "__main__":
    main(command)
