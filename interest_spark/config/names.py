"""Names that a configuration chooses from those that there are."""

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated

from pydantic import AfterValidator

from interest_spark.foundation.dates import parse_zone
from interest_spark.foundation.errors import ConfigError

BACKTEST = "backtest-"
"""How the names of models begin that were made for a judgement, and never shown to anybody."""
COMPARED = "compare-"
"""How the names of models begin that are trained to be compared and never served."""

_MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,50}")


def choice_of(what: str, known: Sequence[str]) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    """A validator of a list of names, each of them `known` and chosen once; `what` says in messages what they name."""

    def check(names: tuple[str, ...]) -> tuple[str, ...]:
        for place, name in enumerate(names):
            known_name(what, name, known)
            if name in names[:place]:
                raise ValueError(f"{what} {name!r} is named twice; name it once")
        return names

    return check


def known_name(what: str, name: str, known: Sequence[str]) -> str:
    """The name; ValueError with the nearest one and all of them unless it is `known`."""
    if name not in known:
        guess = nearest(name, known)
        hint = f"did you mean {guess!r}? " if guess else ""
        raise ValueError(f"unknown {what} {name!r}; {hint}known {what}s: {', '.join(known)}")
    return name


def _known_zone(name: str) -> str:
    try:
        return parse_zone(name).key
    except ConfigError as error:
        raise ValueError(str(error)) from None


ZoneName = Annotated[str, AfterValidator(_known_zone)]
"""The name of a time zone."""


def _model_name(name: str) -> str:
    if not _MODEL_NAME.fullmatch(name) or name.startswith((BACKTEST, COMPARED)):
        raise ValueError(
            "a model's name is made of a-z, 0-9, '_', '.' and '-', and does not begin with "
            f"'{BACKTEST}' or '{COMPARED}'"
        )
    return name


ModelName = Annotated[str, AfterValidator(_model_name)]
"""What a model and its lists are published under."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like it; None where none is much like it."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=0.4)), None)
