"""What profiles of a day are made from is what was delivered up to it, whatever comes later."""

import tempfile
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import pin, plan_step
from interest_spark.steps.nightly import JOBS
from interest_spark.steps.profiles import counts_since
from interest_spark.storage.layout import Slice
from interest_spark.storage.run_record import MadeFrom
from interest_spark.storage.warehouse import Warehouse
from tests.integration.warehouse_world import config_of
from tests.small_tables import put_rows

DAY = date(2026, 1, 10)
STEPS = JOBS["profiles"]
TABLES = sorted({read.table for step in STEPS for read in step.reads} - {"gates"})
LATER = st.lists(st.tuples(st.sampled_from(TABLES), st.integers(1, 40)), min_size=1, max_size=6, unique=True)


def row(table: str, number: int) -> Mapping[str, Any]:
    return {"item_id" if table == "items" else "user_id": f"of-{number}"}


def made_from(root: Path) -> tuple[list[Mapping[str, MadeFrom]], list[str]]:
    """What the results of the steps follow from, as their records say, and the counts that would be read."""
    context = RunContext(config_of(root, profiles={}), DAY)
    pinned = {step.name: pin(step, context) for step in STEPS}
    targets = [plan_step(step, context, pinned[step.name]).target.made_from for step in STEPS]
    return targets, [file.path for _, file in counts_since(context, pinned["customers"].inputs, None)]


@given(LATER, st.integers(0, 2))
@settings(max_examples=10)
def test_no_later_delivery_counts_not_even_a_later_catalogue(later: list[tuple[str, int]], first: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for table in TABLES:
            days = [DAY - timedelta(number) for number in range(first + 1)]
            put_rows(Warehouse(root), table, "then", {Slice(str(day)): [row(table, day.day)] for day in days})
        before = made_from(root)
        for table, number in later:
            day = DAY + timedelta(number)
            put_rows(Warehouse(root), table, f"later-{number}", {Slice(str(day)): [row(table, number)]})
        assert made_from(root) == before
        assert all(before[0])
