"""Reads a day of tables as a program would that knows nothing of this project, and saves the rows as Parquet.

`python outside_reader.py READER WAREHOUSE OUT TABLE=DAY…`, with `READER` one of `polars`, `pyarrow`, `delta_spark`, in
an environment that has it.
"""

import sys
from collections.abc import Callable
from typing import Any

Save = Callable[[str, str, str], None]


def with_polars(folder: str, day: str, out: str) -> None:
    import polars as pl

    pl.scan_delta(folder).filter(pl.col("dt") == day).collect().write_parquet(out)


def with_pyarrow(folder: str, day: str, out: str) -> None:
    import pyarrow.parquet as pq
    from deltalake import DeltaTable
    from pyarrow import dataset, fs

    # Through deltalake's own file system its threads may outlive the interpreter on a busy machine, which aborts then.
    files = fs.SubTreeFileSystem(folder, fs.LocalFileSystem())
    table = DeltaTable(folder).to_pyarrow_dataset(filesystem=files)
    pq.write_table(table.to_table(filter=dataset.field("dt") == day), out)


def with_delta_spark() -> Save:
    from pyspark.sql import SparkSession

    session: Any = SparkSession.builder.getOrCreate()

    def save(folder: str, day: str, out: str) -> None:
        session.read.format("delta").load(folder).where(f"dt = '{day}'").coalesce(1).write.parquet(out)

    return save


def main(reader: str, warehouse: str, out: str, *days: str) -> None:
    save = with_delta_spark() if reader == "delta_spark" else {"polars": with_polars, "pyarrow": with_pyarrow}[reader]
    for each in days:
        table, _, day = each.partition("=")
        save(f"{warehouse}/{table}", day, f"{out}/{table}.parquet")


if __name__ == "__main__":
    main(*sys.argv[1:])
