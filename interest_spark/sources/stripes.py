"""The stripes of an ORC file, by which tasks share a large one.

Where a stripe begins stands in no interface of Arrow, so the n-th of N is taken to begin at n/N of the file's bytes:
each is in one piece, and pieces are about equally large.
"""

from collections.abc import Sequence

import pyarrow as pa
from pyarrow import orc

from interest_spark.sources.raw_paths import open_raw


def stripes_between(start: int, end: int | None, size: int, count: int) -> Sequence[int]:
    """The stripes, of `count` of a file of that size, that are in its piece from `start` to `end`, or to its end."""
    begins = (number * size // count for number in range(count))
    return [number for number, begin in enumerate(begins) if start <= begin and (end is None or begin < end)]


def rows_by_stripe(path: str, size: int) -> Sequence[int] | None:
    """How many rows each stripe has; None for a file that cannot be read, of which its reading will tell.

    Reads one column, of numbers if there is one: Arrow does not tell what the footer says.
    """
    try:
        with open_raw(path, size) as raw:
            file = orc.ORCFile(pa.PythonFile(raw, mode="r"))
            numbers = [field.name for field in file.schema if pa.types.is_integer(field.type)]
            columns = (numbers or file.schema.names)[:1]
            return [len(file.read_stripe(number, columns=columns)) for number in range(file.nstripes)]
    except (pa.ArrowException, OSError, ValueError, KeyError):
        return None
