"""Steps run once, again when and only when what they are made from has changed, and the plan says so beforehand."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from pyspark.sql import functions as F

from interest_spark.foundation.errors import BusyError, ConfigError
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import plan_steps, run_steps
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Step, through_day
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.layout import Slice
from interest_spark.storage.warehouse import Warehouse
from tests.integration.warehouse_world import config_of
from tests.small_tables import put_rows

if TYPE_CHECKING:
    pass

pytestmark = pytest.mark.usefixtures("spark")
DAY = date(2026, 1, 10)


def _vocab(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    rows = inputs["events"].rows(context).groupBy("item_id").agg(F.lit(2).cast("int").alias("item_index"))
    return Result({"vocab": rows.withColumn("first_day", F.lit(context.dt)).withColumn("dt", F.lit(context.dt))})


def _popularity(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    rows = inputs["vocab"].rows(context).select("item_index", "item_id", F.lit(1).cast("long").alias("events"))
    return Result({"popularity": rows.withColumn("rank", F.lit(1)).withColumn("dt", F.lit(context.dt))})


def _bots(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    schema = "user_id string, reason string, busiest_day_events long, active_hours int, evidence string, dt string"
    return Result({"bots": context.spark.createDataFrame([], schema)})


VOCAB = Step("vocab", (Read("events", through_day),), ("vocab",), ("sequences.behaviors",), 1, _vocab)
POPULARITY = Step("popularity", (Read("vocab", required=True),), ("popularity",), ("score",), 1, _popularity)
BOTS = Step("bots", (Read("events", through_day),), ("bots",), ("bots",), 1, _bots)
ALL = (VOCAB, POPULARITY, BOTS)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    put_rows(Warehouse(tmp_path), "events", "delivered", {Slice("2026-01-09"): [{"user_id": "u", "item_id": "a"}]})
    return tmp_path


def works(root: Path, *steps: Step, force: bool = False, **sections: object) -> list[tuple[Step, RunContext]]:
    context = RunContext(config_of(root, **sections), DAY, force)
    return [(step, context) for step in steps or ALL]


def states(planned: list[tuple[Step, RunContext]]) -> dict[str, str]:
    return {each.step: each.reason or each.state for each in plan_steps(planned)}


def test_everything_runs_once(root: Path) -> None:
    assert states(works(root)) == dict.fromkeys(("vocab", "popularity", "bots"), "it is not made yet")
    assert run_steps(works(root)).rows == {"vocab": 1, "popularity": 1, "bots": 0}
    assert run_steps(works(root)).status == "nothing_to_do"
    assert states(works(root)) == dict.fromkeys(("vocab", "popularity", "bots"), "current")


def test_a_raised_revision_makes_the_step_and_what_depends_on_it_anew(root: Path) -> None:
    run_steps(works(root))
    changed = replace(VOCAB, revision=2), POPULARITY, BOTS
    assert states(works(root, *changed)) == {
        "vocab": "revision 1 is now 2",
        "popularity": "input vocab of 2026-01-10 would be made anew by vocab",
        "bots": "current",
    }
    assert set(run_steps(works(root, *changed)).rows) == {"vocab", "popularity"}
    assert run_steps(works(root, *changed)).status == "nothing_to_do"


def test_only_settings_that_matter_make_a_step_stale(root: Path) -> None:
    run_steps(works(root))
    assert states(works(root, score={"k": 11}, maintain={"retention_hours": 3})) == {
        "vocab": "current",
        "popularity": "setting score.k was 10 and is 11",
        "bots": "current",
    }


def test_an_added_column_makes_its_table_anew(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_steps(works(root))
    monkeypatch.setitem(TABLES, "bots", TABLES["bots"].append(pa.field("since", pa.string())))
    assert states(works(root)) == {
        "vocab": "current",
        "popularity": "current",
        "bots": "input columns of bots has changed",
    }


def test_changed_input_is_named_and_a_plan_touches_nothing(root: Path) -> None:
    run_steps(works(root))
    put_rows(Warehouse(root), "events", "late", {Slice("2026-01-08"): [{"user_id": "u", "item_id": "b"}]})
    before = sorted(root.rglob("*"))
    assert states(works(root)) == {
        "vocab": "input events has changed",
        "popularity": "input vocab of 2026-01-10 would be made anew by vocab",
        "bots": "input events has changed",
    }
    assert sorted(root.rglob("*")) == before


def test_events_after_the_day_change_nothing(root: Path) -> None:
    run_steps(works(root))
    put_rows(Warehouse(root), "events", "next", {Slice("2026-01-11"): [{"user_id": "u", "item_id": "b"}]})
    assert run_steps(works(root)).status == "nothing_to_do"


def test_force_runs_what_is_current(root: Path) -> None:
    run_steps(works(root))
    assert states(works(root, BOTS, force=True)) == {"bots": "forced"}
    assert run_steps(works(root, BOTS, force=True)).versions == {"bots": 1}


def test_rows_of_several_days_add_up(root: Path) -> None:
    later = RunContext(config_of(root), date(2026, 1, 11))
    outcome = run_steps([*works(root, VOCAB), (VOCAB, later)])
    assert (outcome.rows, outcome.versions) == ({"vocab": 2}, {"vocab": 1})


def test_a_missing_input_names_the_job_to_run(root: Path) -> None:
    with pytest.raises(ConfigError, match="run `interest sequences --day 2026-01-10` first"):
        run_steps(works(root, POPULARITY))


def test_a_rival_of_the_same_day_is_refused_and_nothing_is_lost(root: Path) -> None:
    def overtaken(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
        result = _bots(context, inputs, assignment)
        put_rows(Warehouse(root), "bots", "rival", {Slice("2026-01-10"): [{"user_id": "r"}]})
        return result

    with pytest.raises(BusyError, match="run rival committed 2026-01-10"):
        run_steps(works(root, replace(BOTS, compute=overtaken)))
    assert Warehouse(root).read_small("bots")["user_id"].to_pylist() == ["r"]


def test_a_step_reads_the_version_that_it_began_with(root: Path) -> None:
    def overtaken(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
        put_rows(Warehouse(root), "events", "meanwhile", {Slice("2026-01-08"): [{"user_id": "u", "item_id": "z"}]})
        return _vocab(context, inputs, assignment)

    run_steps(works(root, replace(VOCAB, compute=overtaken)))
    assert Warehouse(root).read_small("vocab")["item_id"].to_pylist() == ["a"]
    assert states(works(root, VOCAB)) == {"vocab": "input events has changed"}


def test_the_record_says_which_versions_were_read(root: Path) -> None:
    run_steps(works(root))
    record = Warehouse(root).open("popularity").record(Slice("2026-01-10"))
    assert record is not None
    assert record.versions == {"vocab": 0}
