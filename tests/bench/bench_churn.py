"""How good warnings of churn are: on a planted shop, on Online Retail and on CDNOW, at six cut-offs each.

    python -m tests.bench.bench_churn [--data planted online_retail cdnow] [--cutoffs 6] [--set imbalance=smote]

At each cut-off the job `churn` trains, calibrates and warns with what was known on that day; what users did in the
horizon that follows judges it, a week ahead. The threshold of a warning is the one that validation gave. The baseline
is BG/NBD with each customer's whole history up to the cut-off. Intervals are of a paired bootstrap over users, all
cut-offs together. `--shifted` gives every user the events of another one after each cut-off: then nothing can be told
by `--set definition=plain`, while an own rhythm that is shorter makes churn likelier all the same.
"""

import argparse
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from interest_spark.applications.churn.bgnbd import fit_bgnbd
from interest_spark.applications.churn.judged import figures_of
from interest_spark.applications.churn.labels import LabelRules, at_risk, labelled
from interest_spark.applications.keys import user_keys
from interest_spark.config.churn import ChurnConfig
from interest_spark.config.deployment import Config
from interest_spark.pipeline.context import RunContext
from interest_spark.storage.warehouse import Warehouse
from jobs import churn
from tests.bench.reports import figure, report, say
from tests.churn_data import cdnow_events, online_retail_catalogue, online_retail_events
from tests.churn_world import FIRST, ChurnShop, days_for, planted, whole_histories

PLANTED_DAYS = 300
_SALT = "bench"


def shop_of(data: str, window_days: int) -> tuple[ChurnShop, date]:
    """The shop and its last day."""
    if data == "planted":
        shop = planted(4_000, PLANTED_DAYS, seed=3)[0]
        return ChurnShop(shop.events, window_days=window_days), FIRST + timedelta(PLANTED_DAYS - 1)
    if data == "cdnow":
        return ChurnShop(cdnow_events(), window_days=window_days), date(1998, 6, 30)
    events = online_retail_events()
    return ChurnShop(events, online_retail_catalogue(events), window_days), date(2011, 12, 9)


def judge(
    data: str, section: ChurnConfig, count: int, apart: int, shifted: bool, window_days: int
) -> Mapping[str, Any]:
    """The figures of all cut-offs together, and of each."""
    shop, last = shop_of(data, window_days)
    rules = LabelRules(**{name: getattr(section, name) for name in LabelRules.__dataclass_fields__})
    cutoffs = [last - timedelta(section.label_days + place * apart) for place in reversed(range(count))]
    parts = [_cutoff(shop, cutoff, last, section, rules, shifted) for cutoff in cutoffs]
    rows = pl.concat(part for part, _ in parts)
    keys = user_keys(rows["user_id"], _SALT)
    probability, baseline = (rows[name].to_numpy() for name in ("probability", "whole_history"))
    warned = rows["band"].to_numpy() == "high"
    churned = rows["churned"].to_numpy()
    # Each cut-off's model has a threshold of its own: the band says who was warned of, and no one threshold does.
    found = {**asdict(figures_of(probability, churned, baseline, keys, warned)), "base_rate": float(churned.mean())}
    each = [{"cutoff": cutoff.isoformat(), **figures} for cutoff, (_, figures) in zip(cutoffs, parts, strict=True)]
    say(f"{data}: {found}")
    return {**found, "cutoffs": each}


def _cutoff(
    shop: ChurnShop, cutoff: date, last: date, section: ChurnConfig, rules: LabelRules, shifted: bool
) -> tuple[pl.DataFrame, Mapping[str, Any]]:
    """The warnings of a day with what came true."""
    days = days_for(cutoff, section.label_days, section.cutoffs, section.cutoff_days)
    first = shop.events["event_time"].min().date() + timedelta(section.label_days)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shop.put(Warehouse(root), [each for each in days if each >= first], cutoff)
        config = Config.model_validate(
            {
                "warehouse": folder,
                "sources": {"events": {"path": "unused"}},
                "spark": {"master": "local[2]"},
                "profiles": {"window_days": shop.window_days},
                "churn": section.model_dump(),
            }
        )
        outcome = churn.run(RunContext(config, cutoff))
        warnings = pl.DataFrame(Warehouse(root).read_small("churn"))
    features = at_risk(shop.features(cutoff), rules)
    after = shop.state(last, (last - cutoff).days)[0]
    if shifted:
        users = features["user_id"]  # also those who never come back
        after = after.with_columns(pl.col("user_id").replace(users, users.shuffle(seed=1)))
    found = labelled(features, after, cutoff, rules)
    whole = whole_histories(shop, cutoff, features["user_id"], rules.of)
    bgnbd = fit_bgnbd(whole)
    found = found.with_columns(
        whole_history=pl.Series(
            bgnbd.stays_away(
                whole,
                float(rules.gap_days),
                found["rhythm_days"].to_numpy().astype(float)
                if rules.definition == "rhythm"
                else float(rules.horizon_days),
            )
        )
    )
    rows = found.select("user_id", "churned", "whole_history").join(warnings, on="user_id", how="left")
    rows = rows.with_columns(cutoff=pl.lit(cutoff))
    told = asdict(
        figures_of(
            *(rows[name].to_numpy() for name in ("probability", "churned", "whole_history")),
            user_keys(rows["user_id"], _SALT),
            rows["band"].to_numpy() == "high",
        )
    )
    say(f"{cutoff}: {told} {outcome.details['churn_model']}")
    return rows, told


def main() -> None:
    options = _options()
    section = ChurnConfig.model_validate(yaml.safe_load("{" + ", ".join(options.set).replace("=", ": ") + "}"))
    found = {
        data: judge(data, section, options.cutoffs, options.apart, options.shifted, options.window_days)
        for data in options.data
    }
    figures = [
        figure(f"{data}, {name}", "", [each[name]])
        for data, each in found.items()
        for name in (
            *("base_rate", "recall", "precision", "lift", "calibration_error", "auc", "baseline_auc"),
            *("auc_above_baseline", "above_low", "above_high"),
        )
        if each[name] is not None
    ]
    report(
        "churn", " ".join(options.data), figures, settings=section.model_dump(), shifted=options.shifted, found=found
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", default=["planted", "online_retail", "cdnow"])
    parser.add_argument("--cutoffs", type=int, default=6)
    parser.add_argument("--apart", type=int, default=14, help="days between cut-offs")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="keys of the section churn")
    parser.add_argument("--window-days", type=int, default=730, help="that profiles.window_days carries")
    parser.add_argument("--shifted", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
