"""Items to permanent numbers for categories that have none yet."""

from pyspark.sql import functions as F

from interest_spark.features.categories import new_categories
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Step, newest_day
from interest_spark.steps.reads import CATEGORY_NUMBERS


def _compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    known = inputs["categories"].rows(context)
    given_today = known.where(F.col("dt") == context.dt)  # by an earlier run of the day: they stay
    new = new_categories(inputs["items"].rows(context), known, context.dt)
    return Result({"categories": given_today.unionByName(new).coalesce(1)})


CATEGORIES = Step(
    name="categories",
    reads=(Read("items", newest_day), CATEGORY_NUMBERS),
    writes=("categories",),
    settings=(),
    revision=1,
    compute=_compute,
    exclusive=True,
)
