"""What holds of every step of the nightly run."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from interest_spark.pipeline.claims import DayRange
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.step import Newest, Read
from interest_spark.schemas.tables import SLICED_BY
from interest_spark.steps.compare import comparison
from interest_spark.steps.contenders import Contender
from interest_spark.steps.nightly import JOBS, job, nightly, steps_of
from interest_spark.steps.training import CONTENT_ALS
from interest_spark.storage.layout import Slice
from interest_spark.storage.warehouse import Warehouse
from tests.integration.warehouse_world import config_of
from tests.small_tables import put_rows

STEPS = [step for steps in JOBS.values() for step in steps]
READS = [pytest.param(read, id=f"{step.name}-{read.name}") for step in STEPS for read in step.reads]


@pytest.mark.parametrize("read", READS)
def test_which_days_a_step_may_read_is_known_before_anything_is_made(tmp_path: Path, read: Read) -> None:
    """Else a step at work beside others may read a day before it is made, or wait for none: see pipeline.claims."""
    network = {"content": {"als": 8}, "attributes": ["brand"], "user_attributes": ["region"]}
    sources = {"events": {"path": "unused"}, "users": {"path": "unused"}}
    config = config_of(tmp_path, sources=sources, train={"network": network})
    context = RunContext(config, date(2026, 1, 10))
    before = read.select(context, Warehouse(tmp_path).open(read.table))
    served = CONTENT_ALS if read.name == "content" else context.served_model
    name = served if SLICED_BY.get(read.table) == "model" else ""
    slices = {Slice((context.day + timedelta(number)).isoformat(), name): [] for number in range(-9, 2)}
    put_rows(Warehouse(tmp_path), read.table, "made", slices)
    after = read.select(context, Warehouse(tmp_path).open(read.table))
    if isinstance(read.select, Newest):
        assert DayRange.of(read.select.among(context)).overlaps(DayRange.of(after))
    else:
        assert DayRange.of(after) == DayRange.of(before), "select it by a Newest"


def test_profiles_are_made_where_they_are_asked_for_once_the_suggestions_are(tmp_path: Path) -> None:
    config = config_of(tmp_path, evaluate={"backtest": False}, profiles={})
    names = [step.name for step, _ in nightly(RunContext(config, date(2026, 1, 10)))]
    assert names[-5:] == ["score", "interest_days", "customers", "customer_features", "profiles"]
    assert steps_of("profiles", config_of(tmp_path)) == ()


def test_audiences_are_made_where_they_are_asked_for_and_lists_read_where_there_are_any(tmp_path: Path) -> None:
    groups = [{"name": "lapsed", "where": {"days_since_purchase": {"at_least": 30}}}]
    sources = {"events": {"path": "unused"}, "opt_outs": {"path": "unused"}}
    asked = config_of(
        tmp_path, evaluate={"backtest": False}, profiles={}, audiences={"groups": groups}, sources=sources
    )
    names = [step.name for step, _ in nightly(RunContext(asked, date(2026, 1, 10)))]
    assert names[-2:] == ["profiles", "audiences"]
    assert names[:4] == ["items", "users", "opt_outs", "events"]
    assert steps_of("audience", config_of(tmp_path, profiles={})) == ()


def test_warnings_of_churn_are_made_where_they_are_asked_for_and_need_features(tmp_path: Path) -> None:
    config = config_of(tmp_path, evaluate={"backtest": False}, profiles={}, churn={})
    names = [step.name for step, _ in nightly(RunContext(config, date(2026, 1, 10)))]
    assert names[-4:] == ["profiles", "churn_model", "churn", "churn_outcomes"]
    assert steps_of("churn", config_of(tmp_path, profiles={})) == ()
    with pytest.raises(ValidationError, match=r"add `profiles: \{\}`"):
        config_of(tmp_path, churn={})


def test_content_keeps_its_own_name_whatever_the_network_is_called(tmp_path: Path) -> None:
    """A comparison that fitted it under the network's name took it for the network."""
    context = RunContext(config_of(tmp_path, train={"network": {"content": {"als": 8}}}), date(2026, 1, 10))
    for each in (context, context.on(context.day, backtest=True), Contender("hybrid", context.config).context(context)):
        (first, of_content), *_ = job("train", each)
        assert (first.name, of_content.model, of_content.served_model) == ("collaborative", CONTENT_ALS, CONTENT_ALS)


def test_who_is_judged_is_known_before_models_are_compared(tmp_path: Path) -> None:
    """Hours of training would else end in the news that machines of the judged day are not known."""
    context = RunContext(config_of(tmp_path, evaluate={"horizon_days": 2}), date(2026, 1, 10))
    contenders = [Contender("sasrec", context.config), Contender("popularity", None)]

    def days_of_machines() -> list[str]:
        return [each.dt for step, each in comparison(context, contenders) if "bots" in step.writes]

    assert days_of_machines() == ["2026-01-08", "2026-01-10"]
    put_rows(Warehouse(tmp_path), "bots", "made", {Slice("2026-01-10"): []})
    assert days_of_machines() == ["2026-01-08"]
