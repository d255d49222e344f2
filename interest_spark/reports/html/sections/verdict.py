"""Whether the model beats what is simpler, in words: a model that loses to a baseline is said to, first of all."""

from collections.abc import Mapping
from typing import Any

from interest_spark.evaluation.tally import MODEL
from interest_spark.evaluation.verdict import verdicts
from interest_spark.reports.html.judged import require_judged
from interest_spark.reports.html.source import ReportSource


def gather(source: ReportSource) -> Mapping[str, Any]:
    judged = require_judged(source)
    said = verdicts(judged)  # the worst first
    users = judged.figures[MODEL][judged.metrics[0]]["users"]
    cutoff = source.day_before(source.config.evaluate.horizon_days)
    worst = said[0].outcome if said else "alone"
    return {"worst": worst, "said": said, "name": judged.name, "users": users, "cutoff": cutoff, "dt": source.dt}
