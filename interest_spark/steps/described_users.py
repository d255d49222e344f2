"""What is known of users as of a day, for the steps of networks that look at it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from interest_spark.foundation.errors import ConfigError
from interest_spark.models.published import Model
from interest_spark.models.served import user_attributes_of
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.step import NOTHING, Inputs, Newest, Read, Selection
from interest_spark.storage.snapshot import Snapshot

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_USERS = "users"


class _Described(Newest):
    """The newest attributes of users, for a network that looks at any."""

    def __call__(self, context: RunContext, table: Snapshot) -> Selection:
        """The selection of that day; of nothing for other networks."""
        return super().__call__(context, table) if context.config.train.network.user_attributes else NOTHING


def users_of(days: Callable[[RunContext], Selection]) -> Read:
    """Reads users as of the newest of the days. Not exact: `made_from_users` says what follows from it."""
    return Read(_USERS, _Described(days), exact=False)


def made_from_users(inputs: Inputs) -> Mapping[str, str]:
    """What a result follows from beside a step's other inputs, where any users are looked at."""
    return {"users": inputs[_USERS].content_id()} if inputs[_USERS].slices() else {}


def described_users(context: RunContext, inputs: Inputs) -> "DataFrame | None":
    """Rows of `users`; None where nothing is known of them, or nobody asks."""
    return inputs[_USERS].rows(context) if inputs[_USERS].slices() else None


def check_described(context: RunContext, model: Model) -> None:
    """Raise ConfigError for a model that looks at what the deployment no longer names."""
    missing = set(user_attributes_of(model)) - set(context.config.train.network.user_attributes)
    if missing:
        raise ConfigError(
            f"model {model.version} looks at the users' {', '.join(sorted(missing))}, which train.network."
            f"user_attributes no longer names; name it there, or run `interest train --day {context.dt}` first"
        )
