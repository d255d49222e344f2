"""Lists of people as steps read them: who has opted out and who has agreed."""

from collections.abc import Sequence

from interest_spark.foundation.errors import BadDataError
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.step import Inputs, Read, newest_day

PERMISSIONS = (Read("opt_outs", newest_day), Read("consents", newest_day))
PERMISSIONS_SETTINGS = ("audiences.hold_out", "sources.consents.path")
"""What, beside these lists, says who may be addressed."""


def require_lists(context: RunContext, inputs: Inputs, kinds: Sequence[str] = ("opt_outs", "consents")) -> None:
    """Raise BadDataError where a configured list was never found: its path may be wrong, and nobody is addressed."""
    for kind in kinds:
        if getattr(context.config.sources, kind) is not None and not inputs[kind].slices():
            raise BadDataError(
                f"sources.{kind} is configured, and nothing of it was taken in up to {context.dt}; deliver a file, "
                f"which may be empty, and run `interest ingest --day {context.dt}`, or take sources.{kind} out"
            )
