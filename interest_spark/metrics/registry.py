"""The metrics by name. A further one is a file with one function of the form of metric.Metric, and a line here."""

from interest_spark.metrics.hit_rate import hit_rate
from interest_spark.metrics.metric import Metric
from interest_spark.metrics.mrr import mrr
from interest_spark.metrics.ndcg import ndcg
from interest_spark.metrics.recall import recall

METRICS: dict[str, Metric] = {
    "recall": recall,
    "ndcg": ndcg,
    "hit_rate": hit_rate,
    "mrr": mrr,
}
