"""What keeps a raw file from being read at all."""

import zlib
from zipfile import BadZipFile

READ_FAULTS = (OSError, EOFError, zlib.error, BadZipFile)
"""What reading the bytes of a damaged or vanished file may raise, packed or not."""


class UnreadableFileError(Exception):
    """A raw file cannot be read to its end, so none of its day may be published."""
