"""What a job's output says about its end: the code that its driver left with, and its own error."""

import re
from collections import deque
from collections.abc import Iterable, Iterator

# In cluster mode spark-submit itself leaves with 1, and prints what YARN or Kubernetes say of the driver.
_DRIVERS_CODE = re.compile(r"exited with status (\d+)|\bexit ?code: (\d+)", re.IGNORECASE)
_ERROR = "error: "  # how the one line begins that a job prints about an expected failure
_LINES = 20


class JobOutput:
    """Watches the lines that spark-submit prints."""

    def __init__(self) -> None:
        self._error: str | None = None
        self._drivers_code: int | None = None
        self._last: deque[str] = deque(maxlen=_LINES)

    def watched(self, lines: Iterable[str]) -> Iterator[str]:
        """The same lines, each looked at as it comes."""
        for line in lines:
            self._look_at(line.rstrip())
            yield line

    def _look_at(self, line: str) -> None:
        if line.startswith(_ERROR):
            self._error = line.removeprefix(_ERROR)
        if told := _DRIVERS_CODE.search(line):
            self._drivers_code = int(told[1] or told[2])
        if line:
            self._last.append(line)

    def exit_code(self, of_submit: int | None) -> int | None:
        """The code that the job left with, where `of_submit` is spark-submit's own."""
        return self._drivers_code or of_submit if of_submit in (0, 1) else of_submit

    @property
    def error(self) -> str:
        """The job's own error, or else the end of what was printed."""
        return self._error or "it printed no error of its own; the last lines are\n" + "\n".join(self._last)
