"""What the exit code of a job says of the exception that ended it."""

import errno
import os
from collections.abc import Callable

import pytest

from interest_spark.foundation.errors import BadDataError
from interest_spark.pipeline.command import with_exit_code


def fail_with(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (BadDataError("no events"), 3, "error: no events"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), 75, "error: No space left on device; nothing unfinished"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), 75, "error: a disk, store or service"),
    ],
)
def test_an_expected_failure_is_one_line_and_a_code(
    capsys: pytest.CaptureFixture[str], error: Exception, code: int, text: str
) -> None:
    with pytest.raises(SystemExit) as left:
        with_exit_code(fail_with(error))
    assert left.value.code == code
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(text)


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ValueError, match="wrong"):
        with_exit_code(fail_with(ValueError("wrong")))
