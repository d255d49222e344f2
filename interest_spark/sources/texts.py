"""Places in raw bytes to columns of text, without a Python object for each."""

import numpy as np
import polars as pl
import pyarrow as pa

from interest_spark.sources.lines import Places


def binaries(content: bytes, starts: Places, ends: Places) -> pl.Series:
    """The bytes from each start to its end, ascending and apart, as views that share the memory of `content`."""
    count = len(starts)
    if not count:
        return pl.Series([], dtype=pl.Binary)
    places = np.empty(2 * count, np.int64)
    places[0::2], places[1::2] = starts, ends
    # Every second value is what lies between two of those asked for.
    buffers = [None, pa.py_buffer(places), pa.py_buffer(content)]
    return pl.Series(pa.LargeBinaryArray.from_buffers(pa.large_binary(), 2 * count - 1, buffers)).gather_every(2)


def texts(content: bytes, starts: Places, ends: Places) -> pl.Series:
    """Like `binaries`, of bytes that are known to be UTF-8."""
    return binaries(content, starts, ends).cast(pl.String)
