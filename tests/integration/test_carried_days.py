"""Tables that are carried from day to day equal what the whole log gives, and `interest verify` sees it if not."""

from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from interest_spark.foundation.errors import BadDataError
from interest_spark.pipeline.context import RunContext
from interest_spark.steps.verify import verify
from interest_spark.storage.warehouse import Warehouse
from jobs import rebuild
from tests.carried_world import (
    FIRST,
    HISTORY,
    changed_by_late_events,
    deliver_days,
    expected,
    found,
    number_new_items,
    vocabulary,
    world_config,
)
from tests.runs import run_job

pytestmark = pytest.mark.usefixtures("spark")


@pytest.mark.slow
@pytest.mark.parametrize("history_days", [pytest.param(None, marks=pytest.mark.release), 4])
def test_carried_equals_what_the_log_gives(tmp_path: Path, history_days: int | None) -> None:
    changed, numbers = 0, dict[str, int]()
    config = world_config(tmp_path, history_days=history_days, restate_days=3)
    for day in deliver_days(tmp_path, days=8, seed=11):
        for job in ("ingest", "sequences"):
            run_job(job, RunContext(config, day))
        number_new_items(numbers, config, day)
        assert vocabulary(config) == numbers, day
        assert found(config, day) == expected(config, day), day
        for past in (day - timedelta(days) for days in (1, 2, 3)):
            if past >= FIRST and found(config, past) == expected(config, past):  # else it was delivered anew since
                restated = Warehouse(config.warehouse).read_small("restated_sequences", day=past.isoformat())
                rows = sorted(restated.select(HISTORY).to_pylist(), key=lambda row: row["user_id"])
                assert rows == changed_by_late_events(config, day, past), (day, past)
                changed += len(rows)
    assert changed > 20
    verify(RunContext(config, day), buckets=3, of=4)
    with pytest.raises(BadDataError, match=r"table sequences: 1 of \d+ differ from a rebuild: u\d+ on"):
        _forget_an_event(config.warehouse, day)
        verify(RunContext(config, day), buckets=4, of=4)
    rebuild.run(RunContext(config, day))
    verify(RunContext(config, day), buckets=4, of=4)
    assert found(config, day) == expected(config, day)


def _forget_an_event(warehouse: Path, day: date) -> None:
    """Spoil a committed file as a fault of this code might: the log says of it what is true."""
    for file in Warehouse(warehouse).files("sequences", day=day.isoformat()):
        rows = pq.read_table(file)
        if not rows.num_rows:
            continue
        events = rows["events"].to_pylist()
        place = rows.schema.get_field_index("events")
        rows = rows.set_column(place, rows.schema.field(place), pa.array([events[0] - 1, *events[1:]]))
        size = Path(file).stat().st_size
        pq.write_table(rows, file)
        (commit,) = (
            each for each in warehouse.glob("sequences/_delta_log/*.json") if Path(file).name in each.read_text()
        )
        told = commit.read_text().replace(f'"size":{size},', f'"size":{Path(file).stat().st_size},')
        commit.write_text(told)
        return
