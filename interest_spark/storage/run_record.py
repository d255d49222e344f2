"""What a run leaves beside its files: what each slice was made from, so that nobody has to search the log for it.

A record is written before its run is committed and never changed; it is found by the path of any file of the run,
however many commits came after it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from interest_spark.foundation.errors import BadDataError
from interest_spark.foundation.locations import Location
from interest_spark.storage.damage import naming, read_bytes
from interest_spark.storage.folder_files import write_file
from interest_spark.storage.layout import RECORD

_MOST_BYTES = 1 << 28
_REMEDY = "restore it from a copy, or delete it: then what its run made is made anew"

EVERY_DAY = "*"
"""In place of a day: all days of the run were made from the same."""


@dataclass(frozen=True)
class MadeFrom:
    """All that the content of a slice follows from: if it is the same again, the content would be the same again.

    `inputs` maps each input to a digest of its content, `settings` each configuration key to its value, and
    `revision` counts the changes of the step's code that changed its results.
    """

    step: str
    revision: int
    inputs: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def changes_since(self, earlier: "MadeFrom") -> list[str]:
        """What is different now, in words: the input, the setting or the revision."""
        changes = []
        if (earlier.step, earlier.revision) != (self.step, self.revision):
            changes.append(f"revision {earlier.revision} is now {self.revision}")
        changes += [f"input {name} is new" for name in sorted(self.inputs.keys() - earlier.inputs.keys())]
        changes += [f"input {name} is gone" for name in sorted(earlier.inputs.keys() - self.inputs.keys())]
        changes += [
            f"input {name} has changed"
            for name in sorted(self.inputs.keys() & earlier.inputs.keys())
            if self.inputs[name] != earlier.inputs[name]
        ]
        changes += [
            f"setting {key} was {earlier.settings.get(key)!r} and is {self.settings.get(key)!r}"
            for key in sorted(self.settings.keys() | earlier.settings.keys())
            if self.settings.get(key) != earlier.settings.get(key)
        ]
        return changes


@dataclass(frozen=True)
class RunRecord:
    """`made_from` by day, or once for EVERY_DAY. `versions` are those of the tables that were read.

    `files` are the raw files that were read, with their size, time and content.

    A slice of release 0.1 that was compacted has a record, but nobody knows what it was made from.
    """

    run_id: str
    made_from: Mapping[str, MadeFrom]
    versions: Mapping[str, int]
    files: Mapping[str, str] = field(default_factory=dict)

    def of(self, day: str) -> MadeFrom | None:
        """What the day's slice was made from."""
        return self.made_from.get(day) or self.made_from.get(EVERY_DAY)


def write_record(folder: Location, record: RunRecord) -> None:
    """Leave the record in the run's folder, before the run is committed."""
    write_file(folder / RECORD, json.dumps(asdict(record), sort_keys=True, ensure_ascii=False).encode())


def read_record(folder: Location) -> RunRecord | None:
    """The record of a run's folder; None for a run of release 0.1, which has none.

    Raises BadDataError naming a record that cannot be read or says other things than a record does.
    """
    path = folder / RECORD
    with naming(f"run record {path}", _REMEDY, ValueError):
        try:
            text = read_bytes(path, _MOST_BYTES)
        except FileNotFoundError:
            return None
    try:
        return _records().validate_json(text, strict=True)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"]))[:100]
        said = f"{where}: {fault['msg']}" if where else fault["msg"]
        raise BadDataError(f"run record {path} is damaged: {said}; {_REMEDY}") from None


@cache
def _records() -> TypeAdapter[RunRecord]:
    return TypeAdapter(RunRecord)
