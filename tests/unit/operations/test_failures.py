"""Which failures are still to be mended, against a plain look at every step's last end."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from interest_spark.operations.entry import RunEntry
from interest_spark.operations.failures import lost_runs, open_failures
from tests.journal_entries import BEGIN, run_entry, step_entry

BAD = {"status": "blocked", "exit_code": 3}


def found(*entries: RunEntry) -> list[tuple[str, str, str]]:
    return [(each.step, each.day, each.error) for each in open_failures(entries)]


def test_a_failure_stays_until_its_step_is_made() -> None:
    failed = run_entry("r1", **BAD, error="no good", steps=(step_entry(status="blocked", error="no good"),))
    other_day = run_entry("r2", minutes=1, day="2026-01-03", steps=(step_entry(day="2026-01-03"),))
    assert found(failed, other_day) == [("events", "2026-01-02", "no good")]
    mended = run_entry("r3", minutes=2, job="ingest", steps=(step_entry(),))
    assert found(failed, other_day, mended) == []


def test_a_failure_is_over_when_its_job_has_succeeded() -> None:
    failed = run_entry("r1", **BAD, steps=(step_entry(status="failed", error="wrong setting"),))
    assert found(failed, run_entry("r2", minutes=1, status="nothing_to_do")) == []


def test_a_run_that_fails_outside_of_any_step_counts() -> None:
    failed = run_entry("r1", status="busy", exit_code=75, error="no master")
    assert found(failed) == [("", "2026-01-02", "no master")]
    assert found(failed, run_entry("r2", minutes=1)) == []


def test_a_lost_run_counts_until_the_job_runs_again() -> None:
    lost = run_entry("r1", status="running", exit_code=None)
    now = run_entry(minutes=60).updated
    assert lost_runs([lost], now) == [lost]
    assert lost_runs([lost], BEGIN) == []
    assert lost_runs([lost, run_entry("r2", minutes=30)], now) == []


_ENDS = st.lists(
    st.tuples(st.sampled_from(["events", "daily"]), st.sampled_from(["2026-01-01", "2026-01-02"]), st.booleans()),
    max_size=12,
)


@given(ends=_ENDS)
def test_of_backfills_the_last_end_of_each_step_counts(ends: Sequence[tuple[str, str, bool]]) -> None:
    entries = [
        run_entry(
            f"r{number}",
            minutes=number,
            job="backfill",
            **({} if good else BAD),
            day=f"2026-02-{number + 1:02}",  # of its range's end, never the same
            steps=(step_entry(step, day, error=None if good else "bad"),),
        )
        for number, (step, day, good) in enumerate(ends)
    ]
    last = {(step, day): good for step, day, good in ends}
    assert {(each.step, each.day) for each in open_failures(entries)} == {key for key, good in last.items() if not good}
