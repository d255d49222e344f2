"""Which model serves from a day on: the champion, or a newer one that serves the same users better; and the way back.

The split is that of `evaluate`: both models make lists from what was known at the cutoff, `evaluate.horizon_days`
before the day, and are judged by the days since. Who may be the challenger is told in `challenger.py`.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from interest_spark.config.names import nearest
from interest_spark.config.promote import PromoteConfig
from interest_spark.evaluation.promotion import judge_challenger
from interest_spark.features.gates.rows import blocked, read_days
from interest_spark.foundation.errors import ConfigError
from interest_spark.models.champion import (
    TABLE,
    Candidate,
    Decision,
    decision_for,
    newest_decision,
    read_decisions,
    write_decisions,
)
from interest_spark.models.published import Model
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Selection, Step, Target
from interest_spark.steps.challenger import (
    COMPARED_BY,
    DECISIONS_BEFORE,
    MODELS,
    NewestDecision,
    Pairing,
    candidate_of,
    check_candidate,
    compare_with,
    models_so_far,
    pair_of,
)
from interest_spark.steps.described_users import made_from_users
from interest_spark.steps.evaluate import JUDGED_BY_SETTINGS, check_length, cutoff_of
from interest_spark.steps.gates import GATES, publish_gate, require_passed
from interest_spark.storage.snapshot import Snapshot

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_TODAY = "decisions today"


def _so_far(context: RunContext) -> Selection:
    return {"through": context.dt, "name": context.served_model}


def _today(context: RunContext, _: Snapshot) -> Selection:
    return {"day": context.dt, "name": context.served_model}


CHAMPION_OF_THE_DAY = Read(TABLE, NewestDecision(_so_far), required=True)
"""The decision by which the run's day is served."""


def champion_of_the_day(context: RunContext, inputs: Inputs) -> Model:
    """The model that serves on the run's day, of a step that reads CHAMPION_OF_THE_DAY."""
    decision = newest_decision(inputs[TABLE].snapshot, **inputs[TABLE].selection)
    assert decision is not None  # it is required
    return decision.model(context.warehouse.root)


def rules_of(context: RunContext) -> PromoteConfig:
    """The section `promote`; ConfigError where the deployment has none, and serves the newest model."""
    if context.config.promote is None:
        raise ConfigError(
            "the configuration has no section promote, so that the newest model serves; add `promote: {}` to serve a "
            "champion"
        )
    return context.config.promote


# Deciding ------------------------------------------------------------------------------------


def _target(step: Step, context: RunContext, inputs: Inputs) -> Target:
    check_length(context)
    if not inputs["models"].slices():  # the runner says what to run
        return Target({context.dt: made_from(step, context, inputs)}, model=context.served_model)
    pairing = pair_of(context, inputs)
    looked_at = pairing.newest if pairing.before is None else pairing.challenger
    model = "" if looked_at is None else looked_at.manifest_sha256
    made = made_from(step, context, inputs, challenger=model, **made_from_users(inputs))
    return Target({context.dt: made}, model=context.served_model, findings=pairing)


def _inapplicable(context: RunContext, inputs: Inputs) -> str | None:
    if context.config.promote is None:
        return "there is no section promote"
    today = read_decisions(inputs[_TODAY].snapshot, **inputs[_TODAY].selection)
    by_hand = any(each.decided == "rolled_back" for each in today)
    return f"the champion of {context.dt} was chosen by `interest rollback`" if by_hand else None


def _decide(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    pairing: Pairing = assignment.findings
    persisted: list[DataFrame] = []
    decision = _decision(context, inputs, pairing, persisted)
    return Result(
        write=lambda folders: {TABLE: [write_decisions(folders[TABLE], context.served_model, context.dt, [decision])]},
        details={"promotion": _told(decision)},
        persisted=persisted,
    )


def _decision(context: RunContext, inputs: Inputs, pairing: Pairing, persisted: "list[DataFrame]") -> Decision:
    before, challenger = pairing.before, pairing.challenger
    if before is None:
        check_candidate(context, pairing.newest)
        return decision_for(pairing.newest, "first", "the first model to serve")
    keep = partial(decision_for, before.candidate, before=before)
    if challenger is None:
        return keep("kept", f"no model up to {cutoff_of(context)} is newer than those that were judged")
    keep = partial(keep, challenger=challenger.version)
    if gate := _blocked_gate(context, inputs):
        return keep("refused", gate)
    if not inputs["sequences"].slices():
        return keep("kept", f"there are no histories of {cutoff_of(context)} to judge by")
    for each in (before.candidate, challenger):
        check_candidate(context, each)
    rules = rules_of(context)
    compared = compare_with(before.candidate, challenger, rules.metrics, context, inputs, persisted)
    verdict = judge_challenger(compared, rules)
    found = verdict.difference
    figures: dict[str, Any] = {
        "challenger": challenger.version,
        "metric": verdict.metric,
        "difference": found.difference if found.users else None,
        "low": found.low,
        "high": found.high,
        "users": found.users,
    }
    if found.low is not None:
        figures["judged_through"] = max(before.judged_through, challenger.trained_through)
    champion = challenger if verdict.decided == "promoted" else before.candidate
    return decision_for(champion, verdict.decided, verdict.reason, before, **figures)


def _blocked_gate(context: RunContext, inputs: Inputs) -> str | None:
    """Why nobody is promoted while lists of the days that judge were held back; blocked events stop the step itself."""
    gate = publish_gate(context.served_model)
    said = read_days(inputs[GATES.name].snapshot, gate, after=cutoff_of(context), through=context.dt)
    held_back: list[date] = [day for day, rows in sorted(said.items()) if blocked(rows.values())]
    return f"gate {gate} of {held_back[0]} is blocked" if held_back else None


def _told(decision: Decision) -> Mapping[str, Any]:
    """What the report says of it."""
    shown = ("decided", "champion", "challenger", "metric", "difference", "low", "high", "users", "reason")
    return {name: value for name, value in asdict(decision).items() if name in shown and value is not None}


PROMOTE = Step(
    name="promote",
    reads=(
        DECISIONS_BEFORE,
        Read(TABLE, _today, alias=_TODAY, exact=False),
        MODELS,
        *COMPARED_BY,
        GATES,
    ),
    writes=(TABLE,),
    settings=(*JUDGED_BY_SETTINGS, "promote"),
    irrelevant=(
        "evaluate.backtest",
        "evaluate.baselines",
        "evaluate.metrics",
        "evaluate.list_metrics",
        "score.batch_users",
    ),
    revision=1,
    exclusive=True,  # it goes on from the newest decision, whichever day that is of
    compute=_decide,
    target=_target,
    inapplicable=_inapplicable,
    guard=require_passed,
)


# Going back ----------------------------------------------------------------------------------


def rollback(version: str, reason: str) -> Step:
    """The step that makes a former model the champion again, from the run's day on."""
    return Step(
        name="rollback",
        reads=(
            Read(TABLE, models_so_far, alias="decisions", exact=False),
            Read(TABLE, _today, alias=_TODAY, exact=False),
            replace(MODELS, required=False),
        ),
        writes=(TABLE,),
        settings=(),
        revision=1,
        exclusive=True,
        compute=partial(_roll_back, version, reason),
        target=partial(_rollback_target, version, reason),
        inapplicable=partial(_serves_already, version),
    )


def _serves_already(version: str, context: RunContext, inputs: Inputs) -> str | None:
    before = newest_decision(inputs["decisions"].snapshot, **inputs["decisions"].selection)
    return f"{version} is the champion of {context.dt}" if before and before.champion == version else None


def _rollback_target(version: str, reason: str, step: Step, context: RunContext, inputs: Inputs) -> Target:
    made = made_from(step, context, inputs, to=version)
    again = {context.dt: f"somebody goes back to {version}: {reason}"}
    return Target({context.dt: made}, model=context.served_model, again=again)


def _roll_back(version: str, reason: str, context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    decisions = read_decisions(inputs["decisions"].snapshot, **inputs["decisions"].selection)
    candidate = _named(version, context, inputs, decisions)
    check_candidate(context, candidate)
    before = decisions[-1] if decisions else None
    today = read_decisions(inputs[_TODAY].snapshot, **inputs[_TODAY].selection)
    rows = [*today, decision_for(candidate, "rolled_back", reason, before)]
    return Result(
        write=lambda folders: {TABLE: [write_decisions(folders[TABLE], context.served_model, context.dt, rows)]},
        details={"promotion": _told(rows[-1])},
    )


def _named(version: str, context: RunContext, inputs: Inputs, decisions: list[Decision]) -> Candidate:
    """The model of that version, of a day up to the run's own. Raises ConfigError with those that there are."""
    found = {each.champion: each.candidate for each in decisions}
    models = inputs["models"]
    for day in models.snapshot.days(**models.selection):
        each = candidate_of(context, models.snapshot, day)
        found[each.version] = each
    if version not in found:
        guess = nearest(version, found)
        hint = f"did you mean {guess!r}? " if guess else ""
        raise ConfigError(
            f"there is no version {version!r:.100} of model {context.served_model} up to {context.dt}; {hint}see "
            "`interest models`"
        )
    return found[version]
