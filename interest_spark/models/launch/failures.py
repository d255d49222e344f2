"""How a rank's failure reaches the process that started it: one small file a rank, whatever the launcher."""

import json
from pathlib import Path

from interest_spark.foundation.errors import BadDataError, BusyError, ConfigError

_WORST_FIRST: tuple[type[Exception], ...] = (ConfigError, BadDataError, RuntimeError, BusyError)
_KINDS = {kind.__name__: kind for kind in _WORST_FIRST}


def note_failure(work: Path, rank: int, error: Exception) -> None:
    """Leave `error` where `find_failure` finds it; what is no expected failure becomes a RuntimeError."""
    kind = type(error).__name__ if type(error).__name__ in _KINDS else RuntimeError.__name__
    text = json.dumps({"kind": kind, "text": str(error)}, ensure_ascii=False)
    draft = work / f".failure-{rank}.draft"
    draft.write_text(text, encoding="utf-8")
    draft.rename(work / f"failure-{rank}.json")


def find_failure(work: Path) -> Exception | None:
    """The failure that explains the run's end.

    When one rank fails, the others lose their connection to it and call that temporary, so a failure that a
    retry cannot cure comes first.
    """
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(work.glob("failure-*.json"))]
    order = list(_KINDS)
    first = min(found, key=lambda each: order.index(each["kind"]), default=None)
    return None if first is None else _KINDS[first["kind"]](first["text"])
