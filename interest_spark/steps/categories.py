"""Items to permanent numbers for categories that have none yet."""

from interest_spark.features.categories import CategoriesBuild, number_categories
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Step, newest_day
from interest_spark.steps.reads import CATEGORY_NUMBERS


def _compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    items, known = inputs["items"], inputs["categories"]

    def build(folder: str) -> CategoriesBuild:
        return CategoriesBuild(
            items=tuple(items.files()),
            items_day=max((each.day for each in items.slices()), default=context.dt),
            known=tuple(known.files()),
            given_today=tuple(known.snapshot.files(day=context.dt)),
            day=context.dt,
            folder=folder,
        )

    return Result(write=lambda folders: {"categories": number_categories(context.spark, build(folders["categories"]))})


CATEGORIES = Step(
    name="categories",
    reads=(Read("items", newest_day), CATEGORY_NUMBERS),
    writes=("categories",),
    settings=(),
    revision=1,
    compute=_compute,
    exclusive=True,
)
