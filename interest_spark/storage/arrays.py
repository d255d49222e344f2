"""Archives of arrays as np.savez writes them, read without trust in what they say of themselves."""

import math
import struct
import tokenize
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np

from interest_spark.storage.damage import naming, open_regular

_NO_ARRAYS = (
    *(ValueError, LookupError, EOFError, RuntimeError, SyntaxError, TypeError),
    *(zipfile.BadZipFile, struct.error, tokenize.TokenError),
)
"""What NumPy and zipfile raise of a file that holds no arrays."""

Array = np.ndarray[Any, Any]


def read_arrays(path: Path, what: str, remedy: str) -> dict[str, Array]:
    """The arrays by name, of numbers alone; none takes more memory than it takes in the file.

    Raises BadDataError, with `what` is damaged and the remedy, for all else.
    """
    with naming(what, remedy, *_NO_ARRAYS), open_regular(path) as file, zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if len({member.filename for member in members}) < len(members):
            raise ValueError("it holds an array twice")
        return {member.filename.removesuffix(".npy"): _read_member(archive, member) for member in members}


def read_shapes_of(path: Path, what: str, remedy: str) -> dict[str, tuple[int, ...]]:
    """The shapes of an archive's arrays by name, in its order, from their headers alone. Raises as `read_arrays`."""
    with naming(what, remedy, *_NO_ARRAYS), open_regular(path) as file, zipfile.ZipFile(file) as archive:
        shapes = {}
        for member in archive.infolist():
            with archive.open(member) as content:
                shapes[member.filename.removesuffix(".npy")] = _read_header(content)[0]
        return shapes


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Array:
    if not member.filename.endswith(".npy") or member.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{member.filename!r:.100} is no array as np.savez stores it")
    with archive.open(member) as content:
        return _read_array(content, member)


def _read_array(content: IO[bytes], member: zipfile.ZipInfo) -> Array:
    form: Any = np.lib.format  # which has no types
    shape, dtype = _read_header(content)
    if dtype.kind not in "fiu" or min(shape, default=0) < 0:
        raise ValueError(f"{member.filename!r:.100} holds no numbers but {dtype}")
    if math.prod(shape) * dtype.itemsize != min(member.file_size, member.compress_size) - content.tell():
        raise ValueError(f"{member.filename!r:.100} is not as large as it says, {shape}")
    content.seek(0)
    array: Array = form.read_array(content, allow_pickle=False)
    return array


def _read_header(content: IO[bytes]) -> tuple[tuple[int, ...], Any]:
    form: Any = np.lib.format
    read_header = {(1, 0): form.read_array_header_1_0, (2, 0): form.read_array_header_2_0}[form.read_magic(content)]
    shape, _, dtype = read_header(content)
    return shape, dtype
