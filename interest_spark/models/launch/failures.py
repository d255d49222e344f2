"""How a rank's failure reaches the process that started it: one small file a rank, whatever the launcher."""

import json
import re

from interest_spark.foundation.errors import BadDataError, BusyError, ConfigError
from interest_spark.foundation.locations import Location
from interest_spark.models.launch.work_folder import names_in, read_text
from interest_spark.storage.folder_files import replace_file

_WORST_FIRST: tuple[type[Exception], ...] = (ConfigError, BadDataError, RuntimeError, BusyError)
_KINDS = {kind.__name__: kind for kind in _WORST_FIRST}
_FAILURE = re.compile(r"failure-\d+\.json")


def note_failure(work: Location, rank: int, error: Exception) -> None:
    """Leave `error` where `find_failure` finds it; what is no expected failure becomes a RuntimeError."""
    kind = type(error).__name__ if type(error).__name__ in _KINDS else RuntimeError.__name__
    text = json.dumps({"kind": kind, "text": str(error)}, ensure_ascii=False)
    replace_file(work / f"failure-{rank}.json", text.encode())


def find_failure(work: Location) -> Exception | None:
    """The failure that explains the run's end.

    When one rank fails, the others lose their connection to it and call that temporary, so a failure that a
    retry cannot cure comes first.
    """
    found = [json.loads(read_text(work / name)) for name in names_in(work) if _FAILURE.fullmatch(name)]
    order = list(_KINDS)
    first = min(found, key=lambda each: order.index(each["kind"]), default=None)
    return None if first is None else _KINDS[first["kind"]](first["text"])
