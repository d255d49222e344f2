"""Daily counts to what is known of each customer: carried counts, features, and interest profiles."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from interest_spark.config.profiles import ProfilesConfig
from interest_spark.features.customers.carried import (
    BYTES_A_BUCKET,
    DAYS,
    INTERESTS,
    STATE,
    CustomersBuild,
    build_customers,
)
from interest_spark.features.customers.features import FEATURE_TABLE, StateBuckets, build_features
from interest_spark.features.customers.profiles import PROFILES, ProfileRules, ProfilesBuild, build_profiles
from interest_spark.features.day_files import DayFile, day_files
from interest_spark.foundation.digest import digest
from interest_spark.foundation.errors import BadDataError
from interest_spark.foundation.log import get_logger
from interest_spark.pipeline.carry import contents_by_day, earlier_day, recorded
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Step, Target, through_day
from interest_spark.schemas.customer_features import FEATURES, MEASURES
from interest_spark.storage.buckets import bucket_count, buckets_for, buckets_to_go_on
from interest_spark.storage.layout import NO_ROWS

_COUNTS = ("user_days", "interest_days")


def _section(context: RunContext) -> ProfilesConfig:
    section = context.config.profiles
    assert section is not None  # without it the steps are left out
    return section


def _first_day(context: RunContext) -> date:
    return context.day - timedelta(_section(context).window_days - 1)


def _target(step: Step, context: RunContext, inputs: Inputs) -> Target:
    made = made_from(step, context, inputs, **recorded(contents_by_day([inputs[table] for table in _COUNTS])))
    return Target({context.dt: made}, findings=earlier_day(context, made, [inputs[table] for table in STATE]))


def _carry(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    start: str | None = assignment.findings
    known = {table: inputs[table].snapshot for table in STATE} if start else {}
    carried = {table: day_files(each, each.slices(day=start)) for table, each in known.items()}
    earlier = {table: tuple(file.path for file in files) for table, files in carried.items()}
    counts = counts_since(context, inputs, start)
    size = sum(file.size for files in carried.values() for file in files) + sum(file.size for _, file in counts)
    buckets = buckets_to_go_on([path for files in earlier.values() for path in files], size, BYTES_A_BUCKET)
    if buckets is None:
        earlier, counts = {}, counts_since(context, inputs, None)
        wanted = buckets_for(sum(file.size for _, file in counts), BYTES_A_BUCKET)
        buckets = max(wanted, context.config.spark.shuffle_partitions)
    get_logger().info("customers", go_on_from=start if earlier else None, files=len(counts), buckets=buckets)

    def write(folders: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
        build = CustomersBuild(context.dt, _first_day(context), folders, buckets, earlier)
        return build_customers(context.spark, build, counts)

    return Result(write=write)


def counts_since(context: RunContext, inputs: Inputs, start: str | None) -> list[tuple[str, DayFile]]:
    """Files of daily counts of the days after `start`, each with its table.

    A delivery that is older than the window counts nothing: its events are older still, or, of a clock that runs ahead,
    of the day after.
    """
    after = max(start or "", (_first_day(context) - timedelta(2)).isoformat())
    tables = {table: inputs[table] for table in _COUNTS}
    return [
        (table, file)
        for table, each in tables.items()
        for file in day_files(each.snapshot, (part for part in each.slices() if part.day > after))
    ]


CUSTOMERS = Step(
    name="customers",
    reads=(
        *(Read(table, through_day, exact=False, daily=True) for table in _COUNTS),
        *(Read(table, through_day, exact=False) for table in STATE),
    ),
    writes=STATE,
    settings=("profiles.window_days",),
    revision=1,
    compute=_carry,
    target=_target,
)


def _state(context: RunContext, inputs: Inputs, folder: str) -> StateBuckets:
    files = {table: tuple(inputs[table].files()) for table in STATE}
    buckets = bucket_count([path for paths in files.values() for path in paths])
    if buckets is None and any(not path.endswith(NO_ROWS) for paths in files.values() for path in paths):
        raise BadDataError(
            f"this release cannot tell the buckets of {DAYS} of {context.dt}; "
            f"run `interest profiles --day {context.dt} --force`"
        )
    bots = tuple(inputs["bots"].files())
    return StateBuckets(
        context.day, _section(context).window_days, buckets or 0, files[DAYS], files[INTERESTS], bots, folder
    )


def _features(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    def write(folders: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
        return {FEATURE_TABLE: build_features(context.spark, _state(context, inputs, folders[FEATURE_TABLE]))}

    return Result(write=write)


def _of_declarations(step: Step, context: RunContext, inputs: Inputs) -> Target:
    """A changed declaration changes the features."""
    declared = digest([repr(FEATURES), repr(MEASURES)])
    return Target({context.dt: made_from(step, context, inputs, declarations=declared)})


_OF_STATE = (
    *(Read(table, required=True) for table in STATE),
    Read("bots", required=True),
)

CUSTOMER_FEATURES = Step(
    name="customer_features",
    reads=_OF_STATE,
    writes=(FEATURE_TABLE,),
    settings=("profiles.window_days",),
    revision=1,
    compute=_features,
    target=_of_declarations,
)


def profile_rules(section: ProfilesConfig) -> ProfileRules:
    """The rules of the section, named by what they say."""
    rules = section.model_dump(exclude={"tastes"})
    return ProfileRules(**rules, version=f"{PROFILES_REVISION}-{digest(sorted(rules.items()))[:8]}")


def _profiles(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    rules = profile_rules(_section(context))

    def write(folders: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
        build = ProfilesBuild(_state(context, inputs, folders[PROFILES]), rules)
        return {PROFILES: build_profiles(context.spark, build)}

    return Result(write=write)


PROFILES_REVISION = 1
PROFILES_STEP = Step(
    name="profiles",
    reads=_OF_STATE,
    writes=(PROFILES,),
    settings=("profiles",),
    irrelevant=("profiles.tastes",),
    revision=PROFILES_REVISION,
    compute=_profiles,
)
