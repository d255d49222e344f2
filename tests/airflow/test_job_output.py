"""What is told of a job by the lines that spark-submit prints."""

import pytest
from interest_airflow.job_output import JobOutput


def output_of(*lines: str) -> JobOutput:
    output = JobOutput()
    assert list(output.watched(lines)) == list(lines)
    return output


def test_the_jobs_own_error_is_found_before_all_that_spark_prints_after_it() -> None:
    after = [f"INFO ShutdownHookManager: deleting directory {number}" for number in range(100)]
    assert output_of("error: 3 of 4 lines are bad\n", *after).error == "3 of 4 lines are bad"


def test_without_an_error_of_its_own_the_last_lines_are_told() -> None:
    told = output_of("Traceback", "", "ValueError: a bug").error
    assert told.endswith("Traceback\nValueError: a bug")


@pytest.mark.parametrize(
    ("line", "of_submit", "code"),
    [
        ("nothing", 75, 75),
        ("nothing", 1, 1),
        ("nothing", -9, -9),
        ("nothing", None, None),
        ("\t diagnostics: User application exited with status 3", 1, 3),  # YARN, cluster mode
        ("\t exit code: 75", 0, 75),  # Kubernetes, where spark-submit's own code says nothing
        ("\t exit code: 0", 0, 0),
        ("ExecutorLostFailure (executor 1 exited, exit code: 137)", 3, 3),  # client mode: the driver's own code holds
    ],
)
def test_in_cluster_mode_the_drivers_code_holds(line: str, of_submit: int, code: int) -> None:
    assert output_of(line).exit_code(of_submit) == code
