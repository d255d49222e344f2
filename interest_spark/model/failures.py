"""How a rank's failure reaches the process that started it: one small file a rank, whatever the launcher."""

import json
from pathlib import Path

from interest_spark.errors import BadDataError, BusyError, ConfigError, InterestError

_KINDS = {kind.__name__: kind for kind in (ConfigError, BadDataError, BusyError)}


def note_failure(work: Path, rank: int, error: InterestError) -> None:
    """Leave `error` where `failure` finds it."""
    text = json.dumps({"kind": type(error).__name__, "text": str(error)}, ensure_ascii=False)
    draft = work / f".failure-{rank}.draft"
    draft.write_text(text, encoding="utf-8")
    draft.rename(work / f"failure-{rank}.json")


def failure(work: Path) -> InterestError | None:
    """The failure that explains the run's end.

    When one rank fails the others lose their connection to it and call that temporary, so a failure that a
    retry cannot cure comes first.
    """
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(work.glob("failure-*.json"))]
    errors = [_KINDS[each["kind"]](each["text"]) for each in found]
    return min(errors, key=lambda error: isinstance(error, BusyError), default=None)
