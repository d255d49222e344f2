"""What a driver on a cluster leaves for whoever has submitted it: in cluster mode its output stays on its node.

<warehouse>/_submitted/<id>/report.json      the job's last line
<warehouse>/_submitted/<id>/error.json       its error and exit code
"""

import json
import os
from collections.abc import Mapping
from typing import Any

from interest_spark.foundation.errors import InterestError
from interest_spark.foundation.locations import Location, location
from interest_spark.foundation.log import get_logger
from interest_spark.foundation.shown import shown_error
from interest_spark.storage.damage import read_bytes
from interest_spark.storage.folder_files import delete_folder, write_file

FOLDER_VARIABLE = "INTEREST_SUBMITTED"
"""Names the folder to the driver."""

_MOST_BYTES = 1 << 22


def submission_folder(warehouse: Location, name: str) -> Location:
    """Where one submission's driver leaves what it has to tell."""
    return warehouse / "_submitted" / name


def tell_report(report: Mapping[str, Any]) -> None:
    """Leave the job's report, where somebody waits for it."""
    _tell("report.json", report)


def tell_error(error: InterestError) -> None:
    """Leave the job's error, where somebody waits for it."""
    _tell("error.json", {"exit_code": error.exit_code, "error": shown_error(error)})


def take_told(folder: Location) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The report and the error that a driver has left, each None where there is none; deletes them.

    Raises BusyError where the store is away.
    """
    told = _read(folder / "report.json"), _read(folder / "error.json")
    delete_folder(folder)
    return told


def _tell(name: str, document: Mapping[str, Any]) -> None:
    """Nothing that fails here changes how the job ends."""
    if not (folder := os.environ.get(FOLDER_VARIABLE)):
        return
    try:
        write_file(location(folder) / name, json.dumps(document).encode())
    except (OSError, InterestError) as error:
        get_logger().warning("the submitter is not told", file=name, reason=shown_error(error))


def _read(place: Location) -> dict[str, Any] | None:
    try:
        document: dict[str, Any] = json.loads(read_bytes(place, _MOST_BYTES))
    except FileNotFoundError:
        return None
    return document
