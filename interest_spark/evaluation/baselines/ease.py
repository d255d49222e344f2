"""Linear weights between all items: see `models/collaborative/ease.py`."""

from functools import partial

from interest_spark.evaluation.baselines.fitted import suggest_by

suggest = partial(suggest_by, "ease")
