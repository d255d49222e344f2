"""Past campaigns and customer features to coupons of the day: uplift learnt and judged, the budget spent."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from interest_spark.applications.addressees import Addressees
from interest_spark.applications.coupons.fit import Fitted, fit_coupons
from interest_spark.applications.coupons.give import COUPONS, Giving, count_given, find_price, write_given
from interest_spark.applications.coupons.judge import expected_increment, figure, judge
from interest_spark.applications.coupons.trials import (
    CAMPAIGNS,
    TrialRules,
    assemble,
    count_sends,
    features_before,
    outcomes_since,
    sample_sends,
)
from interest_spark.config.coupons import CouponsConfig
from interest_spark.evaluation.statistics.uplift import Interval
from interest_spark.features.customers.carried import DAYS
from interest_spark.features.customers.features import FEATURE_TABLE
from interest_spark.features.day_files import DayFile, day_files
from interest_spark.foundation.log import get_logger
from interest_spark.models.uplift.trees import TreeSettings, check_installed
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.report import Outcome
from interest_spark.pipeline.runner import check_inputs, pin
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Selection, Step, newest_day
from interest_spark.platform.tasks import each_in_a_task, exchange, from_blob, to_blob
from interest_spark.schemas.tables import TABLES
from interest_spark.steps.lists_of_people import PERMISSIONS, PERMISSIONS_SETTINGS, require_lists
from interest_spark.storage.parts import empty_frame, write_part
from interest_spark.storage.snapshot import Snapshot

FIGURES = "coupon_figures"
_SALT = "coupons"
_SCORED = "scored"


def _section(context: RunContext) -> CouponsConfig:
    section = context.config.coupons
    assert section is not None  # without it the step is left out
    return section


def _learnt_from(context: RunContext, _: Snapshot) -> Selection:
    """The days before campaigns that may count, and the day itself, whose customers are scored."""
    section = context.config.coupons
    days = section.history_days if section else CouponsConfig.model_fields["history_days"].default
    return {"after": context.days_before(days + 1), "through": context.dt}


def why_off(context: RunContext) -> str | None:
    """Why no coupons are given at all; None where they are."""
    if context.config.coupons is None:
        return "the section `coupons` is not in the configuration; add it, with a budget and the costs of coupons"
    if context.config.sources.campaigns is None:
        return "sources.campaigns is not configured: coupons are chosen by what coupons of past campaigns have brought"
    if not context.warehouse.days(CAMPAIGNS, through=context.dt):
        return f"no campaigns were delivered up to {context.dt}"
    return None


def _inapplicable(context: RunContext, inputs: Inputs) -> str | None:
    off = why_off(context)
    if off:
        get_logger().info("no coupons", reason=off)
    return off


@dataclass(frozen=True)
class Found:
    """What was learnt and chosen: the models, the price, how many get each coupon, and rows of `coupon_figures`."""

    giving: Giving | None
    price: float
    figures: Sequence[Mapping[str, Any]]
    details: Mapping[str, Any]


def choose(context: RunContext, inputs: Inputs) -> Found:
    """Learn, judge and spend the budget; nothing is written."""
    check_installed()
    section, spark = _section(context), context.spark
    fitted = _learn(context, inputs)
    figures = list(judge(fitted))
    details: dict[str, Any] = {"left_out": dict(fitted.left_out)} if fitted.left_out else {}
    if not fitted.models:
        get_logger().warning("nobody gets a coupon", **fitted.left_out)
        return Found(None, 0.0, figures, details)
    costs = np.array([section.costs[coupon] for coupon in fitted.models])
    files = tuple(inputs[_SCORED].files())
    giving = Giving(fitted, costs, files, _addressees(context, inputs), context.dt, f"{_SALT} {context.dt}")
    price = find_price(spark, giving, section.budget, section.least_return)
    given = count_given(spark, giving, price.price)
    counts = [count for count, _ in given]
    expected = expected_increment(fitted, costs, price.price, counts)
    totals = {
        "price": price.price,
        "budget": section.budget,
        "cost": float(costs @ np.array(counts)),
        "predicted": sum(gain for _, gain in given),
        "bound": price.bound,
    }
    customers = sum(counts)
    figures += [figure("customers", name, _exact(n), n) for name, n in zip(fitted.models, counts, strict=True)]
    figures += [figure(name, None, _exact(value), customers) for name, value in totals.items()]
    figures.append(figure("expected", None, expected, customers))
    if customers and not expected.is_above(0.0):
        get_logger().warning("held-out customers do not show that these coupons bring anything", **vars(expected))
    details |= {"coupons": dict(zip(fitted.models, counts, strict=True)), "expected_increment": vars(expected)}
    details |= {"cost": totals["cost"], "predicted_increment": round(totals["predicted"], 6)}
    return Found(giving, price.price, figures, details)


def _addressees(context: RunContext, inputs: Inputs) -> Addressees:
    config = context.config
    consents = tuple(inputs["consents"].files()) if config.sources.consents else None
    hold_out = config.audiences.hold_out if config.audiences else None
    return Addressees(tuple(inputs["opt_outs"].files()), consents, hold_out)


def _exact(value: float) -> Interval:
    return Interval(float(value), None, None)


def _learn(context: RunContext, inputs: Inputs) -> Fitted:
    section, spark = _section(context), context.spark
    features, campaigns, days = (inputs[name] for name in (FEATURE_TABLE, CAMPAIGNS, DAYS))
    known = day_files(features.snapshot, features.slices())
    rules = _rules(context, {date.fromisoformat(file.day) for file in known})
    files = tuple(campaigns.files())
    counted = each_in_a_task(spark, files, lambda file: [to_blob(count_sends([file], rules))])
    counts = pl.concat([from_blob(each) for each in counted]).group_by("campaign", "coupon").agg(pl.col("sends").sum())
    total = int(counts["sends"].sum())
    share = min(1.0, section.training_rows / max(total, 1))
    drawn = each_in_a_task(spark, files, lambda file: [to_blob(sample_sends([file], rules, share))])
    sends = pl.concat([from_blob(each) for each in drawn])
    get_logger().info("campaigns", sends=total, sampled=len(sends))
    wanted = {(each - timedelta(1)).isoformat() for each in sends["sent"].unique()}
    own = day_files(days.snapshot, days.slices())
    inputs_of_task = [*(file for file in known if file.day in wanted), *own]
    learning = Learning(rules, section, sends, counts, frozenset(file.path for file in own))
    (fitted,) = exchange(spark, inputs_of_task, learning.split, 1, learning.combine)
    return fitted


def _rules(context: RunContext, feature_days: set[date]) -> TrialRules:
    section = _section(context)
    return TrialRules(
        context.day,
        context.config.shop.time_zone,
        tuple(sorted(section.costs)),
        section.control,
        section.outcome,
        section.margin,
        section.window_days,
        section.history_days,
        frozenset(feature_days),
        f"{_SALT} {section.seed}",
    )


@dataclass(frozen=True)
class Learning:
    """Sampled `sends` and the files that tell of them, brought together in one task, which fits the models.

    `bought`: which of the files are of `customer_days`.
    """

    rules: TrialRules
    section: CouponsConfig
    sends: pl.DataFrame
    counts: pl.DataFrame
    bought: frozenset[str]

    def split(self, file: DayFile) -> Iterator[Mapping[int, pl.DataFrame]]:
        if file.path in self.bought:
            parts = outcomes_since(file.path, self.rules, self.sends)
        else:
            parts = features_before(file.path, date.fromisoformat(file.day), self.sends)
        for part in parts:
            yield {0: part}

    def combine(self, bucket: int, frames: list[pl.DataFrame]) -> Iterator[Fitted]:
        features = [each for each in frames if "sent" in each.columns]
        bought = [each for each in frames if "sent" not in each.columns]
        sends = assemble(self.sends, features, bought, self.rules, self.section.held_out)
        section = self.section
        settings = TreeSettings(section.rounds, section.depth, leaf_rows=section.leaf_rows, seed=section.seed)
        yield fit_coupons(sends, self.counts, self.rules.coupons, self.rules.control, section.learner, settings)


def plan_coupons(context: RunContext) -> Outcome:
    """What the step would give, of what is committed now; nothing is written."""
    pinned = pin(COUPONS_STEP, context)
    COUPONS_STEP.guard(context, pinned.inputs)
    check_inputs(COUPONS_STEP, context, pinned)
    found = choose(context, pinned.inputs)
    return Outcome("planned", details={**found.details, "figures": _told(found.figures)})


def _told(figures: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The figures of no single part of the customers."""
    return [{name: value for name, value in row.items() if value is not None} for row in figures if _is_whole(row)]


def _is_whole(row: Mapping[str, Any]) -> bool:
    return row["figure"] not in ("part", "curve")


def _compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    details: dict[str, Any] = {}

    def write(folders: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
        found = choose(context, inputs)
        details.update(found.details)
        given = write_given(context.spark, found.giving, found.price, folders[COUPONS]) if found.giving else []
        return {COUPONS: given, FIGURES: [_write_figures(folders[FIGURES], context.dt, found.figures)]}

    return Result(write=write, details=details)


def _write_figures(folder: str, day: str, figures: Sequence[Mapping[str, Any]]) -> str:
    rows = pl.DataFrame(list(figures), schema=empty_frame(FIGURES).schema)
    return write_part(folder, FIGURES, day, rows.to_arrow().cast(TABLES[FIGURES]), 0)


COUPONS_STEP = Step(
    name="coupons",
    reads=(
        Read(CAMPAIGNS, newest_day),
        Read(FEATURE_TABLE, _learnt_from),
        Read(FEATURE_TABLE, required=True, alias=_SCORED),
        Read(DAYS, required=True),
        *PERMISSIONS,
    ),
    writes=(COUPONS, FIGURES),
    settings=("coupons", "shop.time_zone", *PERMISSIONS_SETTINGS),
    guard=require_lists,
    revision=1,
    compute=_compute,
    inapplicable=_inapplicable,
)
