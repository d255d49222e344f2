"""Scratch folders, Python's and Spark's: tried before anything needs them, and closed to other users."""

import os
import tempfile
from pathlib import Path

from interest_spark.foundation.errors import ConfigError
from interest_spark.foundation.folders import OWNER_ONLY, ensure_writable

_PYTHON_NAMES = ("TMPDIR", "TEMP", "TMP")  # in the order in which Python looks
SPARK_FOLDERS = "SPARK_LOCAL_DIRS"


def check_temporary_folder() -> None:
    """Raise ConfigError where the folder for temporary files that the environment names cannot be written.

    Python would silently take another one.
    """
    name = next((name for name in _PYTHON_NAMES if os.environ.get(name)), None)
    if name is not None:
        ensure_writable(Path(os.environ[name]), name, _remedy(name))
        return
    try:
        tempfile.gettempdir()
    except FileNotFoundError as error:
        raise ConfigError(f"{error.strerror}; {_remedy('TMPDIR')}") from error


def check_spark_folders(setting: str | None) -> None:
    """Raise ConfigError for a folder of Spark's that cannot be written; `setting` is `spark.local.dir`."""
    for folder, name in _spark_folders(setting):
        ensure_writable(folder, name, _remedy(name))


def private_spark_folders(setting: str | None) -> str:
    """This user's own folders below those that are configured, made if missing, as Spark's settings name them.

    Spark alone makes folders and shuffle files there that every user of the machine may read. Raises ConfigError for
    a folder that cannot be written, or that another user has made.
    """
    own = f"interest_spark-{os.geteuid()}"
    folders = []
    for folder, name in _spark_folders(setting):
        private = folder if folder.name == own else folder / own
        ensure_writable(private, name, _remedy(name))
        _close_to_others(private, name)
        folders.append(str(private))
    return ",".join(folders)


def _close_to_others(folder: Path, name: str) -> None:
    """In a folder that all may write to, somebody else may have been first."""
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise ConfigError(f"{folder} was made by another user; {_remedy(name)}")
    folder.chmod(OWNER_ONLY)


def _spark_folders(setting: str | None) -> list[tuple[Path, str]]:
    """The folders, each with the setting that names it, in Spark's order of precedence."""
    if named := os.environ.get(SPARK_FOLDERS):
        return [(Path(folder.strip()), SPARK_FOLDERS) for folder in named.split(",")]
    if setting:
        return [(Path(folder.strip()), "spark.local.dir") for folder in setting.split(",")]
    return [(Path(tempfile.gettempdir()), "TMPDIR")]


def _remedy(name: str) -> str:
    what = "spark.local.dir in spark.conf" if name == "spark.local.dir" else name
    return f"set {what} to a folder that you may write, with room for what Spark does not keep in memory"
