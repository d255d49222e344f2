"""A delivery that is refused as a whole keeps its bad lines readable."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Protocol

from interest_spark.foundation.errors import BadDataError
from interest_spark.pipeline.context import RunContext
from interest_spark.storage.refused import Refusal, forget_refusal, keep_refusal


class _Account(Protocol):
    @property
    def refused(self) -> list[str]:
        """The files of quarantined lines that a task has written."""


@contextmanager
def keeping_refused(context: RunContext, kind: str, accounts: Sequence[_Account]) -> Iterator[None]:
    """Where a check raises BadDataError, the quarantined lines are kept to be shown, and the message says how."""
    try:
        yield
    except BadDataError as error:
        files = [path for account in accounts for path in account.refused]
        if not files:
            raise
        keep_refusal(context.warehouse.root, context.dt, Refusal(kind, str(error), files))
        raise BadDataError(
            f"{error}. All bad lines that were read: `interest show quarantine --day {context.dt}`"
        ) from None


def forgetting_refused(context: RunContext, kind: str) -> "partial[None]":
    """What a step is to do once its delivery is committed."""
    return partial(forget_refusal, context.warehouse.root, context.dt, kind)
