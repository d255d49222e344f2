"""Implicit matrix factorisation: see `models/collaborative/als.py`."""

from functools import partial

from interest_spark.evaluation.baselines.fitted import suggest_by

suggest = partial(suggest_by, "als")
