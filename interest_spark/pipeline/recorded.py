"""A job's run with everybody told of it: the journal while it works, monitoring and people at its end."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from interest_spark.config.operations import OperationsConfig
from interest_spark.foundation.errors import EXIT_OK
from interest_spark.foundation.log import get_logger
from interest_spark.foundation.shown import shown_error
from interest_spark.operations.entry import RunEntry, Status, status_of
from interest_spark.operations.recorder import Recorder
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.expected import as_expected
from interest_spark.pipeline.report import Outcome

_EXIT_BUG = 1  # what Python leaves with after an exception that nobody expected
_EXIT_INTERRUPTED = 130


def run_recorded(job: str, context: RunContext, run: Callable[[RunContext], Outcome]) -> Outcome:
    """Do what `run` does with a context that has a recorder; raises what it raises.

    Neither the journal nor monitoring nor a message that is not delivered changes how a run ends.
    """
    recorder = Recorder(context.warehouse.root, job, context.dt, context.run_id)
    with recorder.recording():
        try:
            outcome = run(replace(context, recorder=recorder))
        except BaseException as error:
            _tell(context.config.operations, _end_failed(recorder, error))
            raise
        entry = _end_failed(recorder, outcome.error) if outcome.error else recorder.end(_status(outcome), EXIT_OK)
        _tell(context.config.operations, entry)
        return outcome


def _status(outcome: Outcome) -> Status:
    return cast(Status, outcome.status)


def _end_failed(recorder: Recorder, error: BaseException) -> RunEntry:
    expected = as_expected(error) if isinstance(error, Exception) else None
    if expected:
        return recorder.end(status_of(expected.exit_code), expected.exit_code, shown_error(expected))
    code = _EXIT_BUG if isinstance(error, Exception) else _EXIT_INTERRUPTED
    return recorder.end("failed", code, shown_error(f"{type(error).__name__}: {error}"))


def _tell(settings: OperationsConfig, entry: RunEntry) -> None:
    if settings.metrics_folder:
        from interest_spark.operations.metrics_file import write_metrics

        try:
            write_metrics(settings.metrics_folder, entry)
        except OSError as error:
            get_logger().warning("figures for monitoring were not written", reason=str(error))
    if settings.notify:
        from interest_spark.operations.notify import notify

        notify(settings.notify, entry)
