"""Folders outside the warehouse that this project writes: tried before they are needed, made for their owner alone."""

import tempfile
from pathlib import Path

from interest_spark.foundation.errors import ConfigError
from interest_spark.foundation.temporary import temporary_failure

OWNER_ONLY = 0o700


def ensure_writable(folder: Path, setting: str, remedy: str) -> None:
    """Make the folder, where it is missing, for its owner alone, and try a file in it.

    Raises ConfigError naming `setting`, the reason and the `remedy`; what is temporary, like a full disk, stays an
    OSError.
    """
    try:
        _make(folder)
        with tempfile.NamedTemporaryFile(dir=folder):
            return
    except OSError as error:
        if temporary_failure(error):
            raise
        raise ConfigError(f"{setting}: no file can be made in {folder} ({error.strerror}); {remedy}") from error


def _make(folder: Path) -> None:
    """With all that is missing above it, which `mkdir(parents=True)` would open to whom the umask lets in."""
    if not folder.parent.exists():
        _make(folder.parent)
    folder.mkdir(OWNER_ONLY, exist_ok=True)
