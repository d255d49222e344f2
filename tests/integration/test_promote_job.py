"""`interest promote` and `rollback` on a small warehouse with planted models: who serves, and what the shop sees."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from interest_spark.foundation.errors import BadDataError, BusyError, ConfigError, OvertakenError
from interest_spark.models.champion import Decision, newest_decision, read_decisions
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.report import NOTHING_TO_DO, Outcome
from interest_spark.pipeline.runner import run_step
from interest_spark.pipeline.step import Assignment, Inputs, Result
from interest_spark.steps.nightly import nightly
from interest_spark.steps.promote import PROMOTE
from interest_spark.storage.layout import Slice
from interest_spark.storage.warehouse import Warehouse
from jobs import promote, rollback
from tests.promotion_world import CUTOFF, DAY, FIRST, ITEMS, NAME, NEXT, plant_model, promoting, put_world, run_on
from tests.runs import run_job
from tests.small_tables import put_rows
from tests.warehouse_contents import contents

pytestmark = pytest.mark.usefixtures("spark")
FEW, HALF, MOST = ITEMS[:10], ITEMS[:20], ITEMS[:38]


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """Its champion since FIRST is right for half of the items."""
    found = put_world(tmp_path)
    plant_model(found, FIRST, HALF, "a")
    run_job("promote", run_on(promoting(tmp_path), FIRST))
    return found


def decide(warehouse: Warehouse, day: str = DAY, **sections: Any) -> Decision:
    promote.run(run_on(promoting(warehouse.root, **sections), day))  # type: ignore[arg-type]
    return newest(warehouse, day)


def newest(warehouse: Warehouse, day: str) -> Decision:
    found = newest_decision(warehouse.open("promotions"), day=day, name=NAME)
    assert found is not None
    return found


def lists(warehouse: Warehouse, day: str = DAY) -> str:
    """The digest of the day's suggestions."""
    return contents(warehouse)["recommendations", day, NAME]


def served_by(warehouse: Warehouse, day: str = DAY) -> set[str]:
    return {row["model_version"] for row in warehouse.read_small("recommendations", day=day).to_pylist()}


def test_the_first_model_serves_without_a_judgement(warehouse: Warehouse) -> None:
    first = newest(warehouse, FIRST)
    assert (first.decided, first.champion, first.challenger) == ("first", "a", None)
    assert (first.judged_through, first.metric) == (FIRST, None)


@pytest.mark.slow
def test_a_better_model_is_promoted_and_serves_and_the_way_back_restores_the_lists(warehouse: Warehouse) -> None:
    config = promoting(warehouse.root)  # type: ignore[arg-type]
    kept = decide(warehouse)
    assert (kept.decided, kept.champion) == ("kept", "a")
    assert "no model up to 2026-01-08 is newer" in kept.reason
    assert run_job("score", run_on(config, DAY)).status == "done"
    former, seen = lists(warehouse), served_by(warehouse)
    assert seen == {"a"}

    plant_model(warehouse, CUTOFF, MOST, "b")  # the night's training was late
    promoted = decide(warehouse)
    assert (promoted.decided, promoted.champion, promoted.champion_before) == ("promoted", "b", "a")
    assert promoted.metric == "ndcg@3" and promoted.users == 160
    assert promoted.difference == pytest.approx(18 / 40)
    assert promoted.low is not None and 0.3 < promoted.low < promoted.difference  # type: ignore[operator]
    assert run_job("score", run_on(config, DAY)).status == "done"
    assert served_by(warehouse) == {"b"} and lists(warehouse) != former

    back = rollback.run(run_on(config, DAY), "a", "too many returns")
    assert back.status == "done" and back.rows["promotions"] == 2
    assert lists(warehouse) == former
    decisions = read_decisions(warehouse.open("promotions"), day=DAY, name=NAME)
    assert [(each.number, each.decided, each.champion) for each in decisions] == [
        (1, "promoted", "b"),
        (2, "rolled_back", "a"),
    ]
    assert (decisions[-1].reason, decisions[-1].champion_before) == ("too many returns", "b")

    assert rollback.run(run_on(config, DAY), "a", "again") == NOTHING_TO_DO
    assert promote.run(run_on(config, DAY)) == NOTHING_TO_DO  # nobody's choice is undone by the night's rerun
    after = decide(warehouse, NEXT)
    assert (after.decided, after.champion, after.challenger) == ("kept", "a", None)  # nor by the next one
    assert run_job("score", run_on(config, NEXT)).status == "done"
    assert served_by(warehouse, NEXT) == {"a"}


def test_a_worse_one_is_refused_and_not_looked_at_again(warehouse: Warehouse) -> None:
    plant_model(warehouse, CUTOFF, FEW, "b")
    refused = decide(warehouse)
    assert (refused.decided, refused.champion, refused.challenger) == ("refused", "a", "b")
    assert refused.difference == pytest.approx(-10 / 40) and refused.judged_through == CUTOFF
    assert "a loss of more than 1.00% of" in refused.reason and "ndcg@3" in refused.reason
    assert decide(warehouse, NEXT).challenger is None
    assert run_job("score", run_on(promoting(warehouse.root), DAY)).status == "done"  # type: ignore[arg-type]
    assert served_by(warehouse) == {"a"}


def test_the_same_model_under_another_version_does_not_replace_it(warehouse: Warehouse) -> None:
    plant_model(warehouse, CUTOFF, HALF, "b")
    kept = decide(warehouse)
    assert (kept.decided, kept.champion, kept.challenger) == ("kept", "a", "b")
    assert (kept.difference, kept.low, kept.high) == (0.0, 0.0, 0.0)


def test_what_was_decided_is_decided_once(warehouse: Warehouse) -> None:
    plant_model(warehouse, CUTOFF, MOST, "b")
    first = decide(warehouse)
    assert promote.run(run_on(promoting(warehouse.root), DAY)) == NOTHING_TO_DO  # type: ignore[arg-type]
    forced = replace(run_on(promoting(warehouse.root), DAY), force=True)  # type: ignore[arg-type]
    assert promote.run(forced).status == "done"
    assert newest(warehouse, DAY) == first


def test_no_model_that_has_seen_the_days_that_judge_is_a_challenger(warehouse: Warehouse) -> None:
    plant_model(warehouse, "2026-01-09", MOST, "late")
    assert decide(warehouse).challenger is None
    assert decide(warehouse, NEXT).challenger == "late"


def test_later_events_and_decisions_change_nothing(warehouse: Warehouse) -> None:
    plant_model(warehouse, CUTOFF, MOST, "b")
    before = decide(warehouse)
    plant_model(warehouse, NEXT, FEW, "z")
    decide(warehouse, NEXT)
    put_rows(warehouse, "events", "later", {Slice("2026-01-12"): [{"user_id": "user-1", "item_id": "x"}]})
    assert promote.run(run_on(promoting(warehouse.root), DAY)) == NOTHING_TO_DO  # type: ignore[arg-type]
    assert newest(warehouse, DAY) == before


def test_without_histories_of_the_cutoff_nothing_is_judged_yet(warehouse: Warehouse) -> None:
    plant_model(warehouse, CUTOFF, MOST, "b")
    kept = decide(warehouse, evaluate={"k": 3, "horizon_days": 3}, ingest={})
    assert (kept.decided, kept.challenger) == ("kept", None)
    plant_model(warehouse, "2026-01-07", MOST, "c")
    kept = decide(warehouse, evaluate={"k": 3, "horizon_days": 3})
    assert (kept.decided, kept.challenger, kept.judged_through) == ("kept", "c", FIRST)
    assert "no histories of 2026-01-07" in kept.reason


def test_a_gate_that_held_lists_back_holds_the_promotion_back(warehouse: Warehouse) -> None:
    plant_model(warehouse, CUTOFF, MOST, "b")
    held_back = [{"figure": "overlap", "value": 0.1, "state": "blocked", "history": 9}]
    put_rows(warehouse, "gates", "g1", {Slice("2026-01-09", f"publish-{NAME}"): held_back})
    refused = decide(warehouse, gates={"enabled": True})
    assert (refused.decided, refused.champion, refused.judged_through) == ("refused", "a", FIRST)
    assert refused.reason == f"gate publish-{NAME} of 2026-01-09 is blocked"
    put_rows(warehouse, "gates", "g2", {Slice("2026-01-09", "ingest"): held_back})
    with pytest.raises(BadDataError, match="2026-01-09 is blocked by its events"):
        decide(warehouse, NEXT, gates={"enabled": True})


def test_a_champion_whose_day_was_trained_again_still_serves(warehouse: Warehouse) -> None:
    plant_model(warehouse, FIRST, FEW, "a2")
    config = promoting(warehouse.root)  # type: ignore[arg-type]
    decide(warehouse)
    run_job("score", run_on(config, DAY))
    assert served_by(warehouse) == {"a"}


def test_a_changed_bundle_is_not_promoted(warehouse: Warehouse) -> None:
    plant_model(warehouse, CUTOFF, MOST, "b")
    (Path(str(warehouse.root)) / "bundles" / "b" / "weights.npz").write_bytes(b"else")
    with pytest.raises(BadDataError, match=r"weights\.npz was changed"):
        decide(warehouse)
    assert newest_decision(warehouse.open("promotions"), name=NAME, through=DAY) == newest(warehouse, FIRST)


def test_mistakes_are_named_with_what_to_type(warehouse: Warehouse) -> None:
    root: Any = warehouse.root
    with pytest.raises(ConfigError, match=r"no section promote.*add `promote: \{\}`"):
        promote.run(run_on(promoting(root, promote=None), DAY))
    with pytest.raises(ConfigError, match=r"no section promote"):
        rollback.run(run_on(promoting(root, promote=None), DAY), "a", "")
    with pytest.raises(ConfigError, match=r"no version 'A'.*`interest models`"):
        rollback.run(run_on(promoting(root), DAY), "A", "")
    with pytest.raises(ConfigError, match=r"promotions has no committed .*run `interest promote --day 2026-01-04`"):
        run_job("score", run_on(promoting(root), "2026-01-04"))
    with pytest.raises(ConfigError, match=r"models has no committed .*interest train --day 2026-01-04"):
        promote.run(run_on(promoting(root), "2026-01-04"))


def test_the_nightly_run_promotes_before_it_scores_and_only_with_the_section(warehouse: Warehouse) -> None:
    root: Any = warehouse.root

    def steps(config: Any) -> list[str]:
        return [step.name for step, _ in nightly(run_on(config, DAY))]

    night = steps(promoting(root))
    assert night.index("collaborative") < night.index("promote") < night.index("score")
    assert "promote" not in steps(promoting(root, promote=None))


class _Together:
    """Lets a step's work be finished by two runs before either of them commits."""

    def __init__(self) -> None:
        self._barrier = threading.Barrier(2, timeout=120)

    def step(self) -> Any:
        return replace(PROMOTE, compute=self._compute)

    def _compute(self, context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
        found = PROMOTE.compute(context, inputs, assignment)
        return replace(found, check=lambda files: self._barrier.wait() and None)


@pytest.mark.slow
def test_of_two_that_promote_at_once_one_does_and_the_other_is_told_to_look_again(warehouse: Warehouse) -> None:
    plant_model(warehouse, CUTOFF, MOST, "b")
    together, ended = _Together(), list[Outcome | BusyError]()

    def run() -> None:
        try:
            ended.append(run_step(together.step(), run_on(promoting(warehouse.root), DAY)))  # type: ignore[arg-type]
        except BusyError as error:
            ended.append(error)

    _at_once(run, run)
    (lost,) = (each for each in ended if isinstance(each, OvertakenError))
    (won,) = (each for each in ended if isinstance(each, Outcome))
    assert lost.exit_code == 75 and "promotions" in str(lost)
    assert won.rows == {"promotions": 1}
    assert len(read_decisions(warehouse.open("promotions"), day=DAY, name=NAME)) == 1


def _at_once(*actions: Callable[[], None]) -> None:
    threads = [threading.Thread(target=action) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=180)
