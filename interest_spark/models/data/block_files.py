"""The row groups of the training files, and how they are dealt out to streams.

The unit of work is a row group, numbered over all files in their order. Of S streams, stream v reads the
units v, v + S, v + 2S, …: what a stream reads does not depend on the number of ranks. Petastorm deals them out so,
in the order of the files that it is given; which order that is decides how evenly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from interest_spark.foundation.errors import BadDataError

_ORDERS_TRIED = 200  # all orders of four files are among them


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


def deal_evenly(units: Sequence[Unit], streams: int) -> list[Unit]:
    """The units with their files in that order, of many, in which the longest stream is the shortest.

    A file ends in a smaller row group than its others. In the order that they happen to have, the small ones may all
    fall to one stream, and its rank waits at the end of each epoch while the others work on.
    """
    files = [list(group) for _, group in groupby(units, key=lambda unit: unit.file)]
    random = np.random.default_rng(0)  # all ranks find the same order
    orders = [np.arange(len(files)), *(random.permutation(len(files)) for _ in range(_ORDERS_TRIED))]
    return min(
        ([unit for place in order for unit in files[place]] for order in orders),
        key=lambda dealt: max(_blocks_by_stream(dealt, streams)),
    )


def _blocks_by_stream(units: Sequence[Unit], streams: int) -> list[int]:
    return [sum(unit.blocks for unit in units[stream::streams]) for stream in range(streams)]


def steps_per_epoch(units: Sequence[Unit], streams: int, blocks_per_stream: int) -> int:
    """Steps until the longest stream has run out, `blocks_per_stream` blocks of each stream a step."""
    return -(-max(_blocks_by_stream(units, streams)) // blocks_per_stream)
