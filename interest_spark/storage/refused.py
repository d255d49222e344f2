"""What a refused delivery was refused for, though nothing of it is committed: where its quarantined lines lie.

    <warehouse>/_refused/<day of the run>-<kind>.json

The files are those that the run's tasks have written; `maintain` deletes them like others that no version names.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from pydantic import TypeAdapter, ValidationError

from interest_spark.foundation.errors import InterestError
from interest_spark.foundation.locations import Location
from interest_spark.foundation.log import get_logger
from interest_spark.storage.damage import read_bytes
from interest_spark.storage.folder_files import delete_file, files_below, replace_file

_FOLDER = "_refused"
_MOST_BYTES, _MOST_FILES = 1 << 20, 1_000


@dataclass(frozen=True)
class Refusal:
    """Why a delivery was refused, and the files of its quarantined lines, the first ones of very many."""

    kind: str
    reason: str
    files: Sequence[str]


def keep_refusal(warehouse: Location, day: str, refusal: Refusal) -> None:
    """Put it in place of what was kept of that day and kind. A warehouse that takes no file ends no run."""
    kept = Refusal(refusal.kind, refusal.reason, refusal.files[:_MOST_FILES])
    try:
        replace_file(_place(warehouse, day, refusal.kind), json.dumps(asdict(kept), ensure_ascii=False).encode())
    except (OSError, InterestError) as error:
        get_logger().warning("the refused lines are not to be shown", reason=str(error))


def forget_refusal(warehouse: Location, day: str, kind: str) -> None:
    """The day was made after all."""
    if _place(warehouse, day, kind).name in _names(warehouse):
        delete_file(_place(warehouse, day, kind))


def refusals_of(warehouse: Location, day: str) -> list[Refusal]:
    """What was refused on the last run of the day; what cannot be read is passed over."""
    found = []
    for name in sorted(each for each in _names(warehouse) if each.startswith(f"{day}-")):
        try:
            found.append(TypeAdapter(Refusal).validate_json(read_bytes(warehouse / _FOLDER / name, _MOST_BYTES)))
        except (OSError, ValueError, ValidationError) as error:
            get_logger().warning("a record of refused lines was passed over", file=name, reason=str(error)[:200])
    return found


def _place(warehouse: Location, day: str, kind: str) -> Location:
    return warehouse / _FOLDER / f"{day}-{kind}.json"


def _names(warehouse: Location) -> list[str]:
    return [each.path for each in files_below(warehouse / _FOLDER)]
