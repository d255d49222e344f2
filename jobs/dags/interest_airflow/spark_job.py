"""A job of the product as a task: submitted to Spark, and failed or retried by its exit code."""

import subprocess
from typing import Any

import psutil
from airflow.providers.apache.spark.hooks.spark_submit import SparkSubmitHook
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from interest_airflow.job_output import JobOutput

EXIT_USAGE, EXIT_BAD_DATA, EXIT_BUSY = 2, 3, 75
_NOT_MENDED_BY_A_RETRY = {
    EXIT_USAGE: "the command line, the configuration or the environment is wrong",
    EXIT_BAD_DATA: "the data are bad, or a check has blocked them",
}
_OTHERWISE = {EXIT_BUSY: "busy, or something is away for now"}
_SECONDS_TO_STOP = 45  # less than Airflow itself waits for a task to stop, `killed_task_cleanup_time`


class SparkJobOperator(SparkSubmitOperator):
    """Submits a job and waits for its end; what fails the task carries the job's own error.

    Codes 2 and 3 fail at once. All others are retried: 75 says that this helps, and a driver that was killed (137, 143,
    often 1) cannot be told from a bug by its code, while a rerun is always safe and skips the steps that are done.
    """

    def __init__(self, *, job: str, **kwargs: Any) -> None:
        # Not durable: to follow a YARN application after its spark-submit is gone, its code would have to be known.
        super().__init__(name=f"interest {job}", durable=False, **kwargs)
        self._job = job
        self._output = JobOutput()

    def execute(self, context: Context) -> None:
        """Raises AirflowFailException where no retry helps, else AirflowException."""
        try:
            super().execute(context)
        except (AirflowException, RuntimeError):
            code = self._output.exit_code(self._submit.returncode) if self._submit else None
            if code is None:  # nothing was started: the provider says why
                raise
            raise self._explained(code) from None

    def on_kill(self) -> None:
        """Tell the driver first, and wait for it: spark-submit, which is killed outright, would not pass that on."""
        if self._submit and self._submit.poll() is None:
            drivers = psutil.Process(self._submit.pid).children()
            for driver in drivers:
                driver.terminate()
            psutil.wait_procs(drivers, timeout=_SECONDS_TO_STOP)
        super().on_kill()

    def _explained(self, code: int) -> AirflowException:
        refused = _NOT_MENDED_BY_A_RETRY.get(code)
        why = refused or _OTHERWISE.get(code, "the job was killed, or this is a bug")
        kind = AirflowFailException if refused else AirflowException
        return kind(f"{self._job} left with exit code {code} ({why}): {self._output.error}")

    @property
    def _submit(self) -> "subprocess.Popen[str] | None":
        """The process of spark-submit, once there is one."""
        return self._hook._submit_sp if self._hook else None

    def _get_hook(self) -> SparkSubmitHook:
        """The provider's hook, which keeps only the last lines: Spark prints more than those after the job's error."""
        hook = super()._get_hook()
        log_lines = hook._process_spark_submit_log
        hook._process_spark_submit_log = lambda lines: log_lines(self._output.watched(lines))
        return hook
