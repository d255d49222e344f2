"""The row groups of the training files, and how they are dealt out to streams.

The unit of work is a row group, numbered over all files in their order. Of S streams, stream v reads the
units v, v + S, v + 2S, …: what a stream reads does not depend on the number of ranks. Petastorm deals them out so,
in the order of the files that it is given; which order that is decides how evenly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pyarrow.parquet as pq

from interest_spark.foundation.errors import BadDataError
from interest_spark.storage.damage import naming

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
        footer = read_footer(file)
        units += [Unit(file, number, footer.row_group(number).num_rows) for number in range(footer.num_row_groups)]
    return units


def split_files(files: Sequence[str]) -> tuple[list[str], list[str]]:
    """The files whose blocks are learnt, and those whose blocks hold held-out targets, told apart by footers alone.

    Raises BadDataError naming a file that cannot be read, does not say what it holds, or holds both kinds.
    """
    learnt: list[str] = []
    held_out: list[str] = []
    for file in files:
        kinds = _kinds(read_footer(file))
        if len(kinds) > 1 or None in kinds:
            fault = "has no statistics of held_out_targets" if None in kinds else "holds blocks of both kinds"
            raise BadDataError(f"training file {file} {fault}; run `interest train` again")
        (held_out if True in kinds else learnt).append(file)
    return learnt, held_out


def _kinds(footer: pq.FileMetaData) -> set[bool | None]:
    """Whether blocks hold held-out targets, of all row groups; {None} where one does not say."""
    found: set[bool | None] = set()
    for group in (footer.row_group(number) for number in range(footer.num_row_groups)):
        if not group.num_rows:
            continue
        columns = {group.column(place).path_in_schema: group.column(place) for place in range(group.num_columns)}
        column = columns.get("held_out_targets")
        if column is None or not column.is_stats_set or not column.statistics.has_min_max:
            return {None}
        found |= {column.statistics.min > 0, column.statistics.max > 0}
    return found


def read_footer(file: str) -> pq.FileMetaData:
    """Raises BadDataError naming a file that cannot be read."""
    with naming(f"training file {file}", "run `interest train` again"):
        return pq.read_metadata(file)


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
