"""The row groups of the training files, and how they are dealt out to streams.

The unit of work is a row group, numbered over all files in their order. Of S streams, stream v reads the
units v, v + S, v + 2S, …: what a stream reads does not depend on the number of ranks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from interest_spark.errors import BadDataError


@dataclass(frozen=True)
class Unit:
    """One row group of one file and its number of blocks."""

    file: str
    row_group: int
    blocks: int


def read_units(files: Sequence[str]) -> list[Unit]:
    """Every row group of the files, from their footers. Raises BadDataError naming a file that cannot be read."""
    units = []
    for file in files:
        try:
            footer = pq.read_metadata(file)
        except (OSError, pa.ArrowException) as error:
            raise BadDataError(f"training file {file} cannot be read: {error}; run `interest train` again") from None
        units += [Unit(file, number, footer.row_group(number).num_rows) for number in range(footer.num_row_groups)]
    return units


def steps_per_epoch(units: Sequence[Unit], streams: int, blocks_per_stream: int) -> int:
    """Steps until the longest stream has run out, `blocks_per_stream` blocks of each stream a step."""
    longest = max(sum(unit.blocks for unit in units[stream::streams]) for stream in range(streams))
    return -(-longest // blocks_per_stream)
