"""Neighbours of the user's items: see `models/collaborative/item_to_item.py`."""

from functools import partial

from interest_spark.evaluation.baselines.fitted import suggest_by

suggest = partial(suggest_by, "item_to_item")
