"""What is wrong with a configuration, as its author sees it: keys as they are written, and the nearest known one."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel

from interest_spark.config.kinds import Kinds, sections_by_kind
from interest_spark.config.names import nearest
from interest_spark.config.quoting import quoted
from interest_spark.foundation.credentials import without_credentials
from interest_spark.foundation.shown import shown

_MOST_OF_A_RULE = 1_000


@dataclass(frozen=True)
class _Place:
    """Where an error lies: its keys, the section that they lead to, and the kinds that this one was chosen from."""

    keys: tuple[str, ...]
    section: type[BaseModel] | None
    kinds: dict[str, type[BaseModel]]


def explain(model: type[BaseModel], error: Any) -> str:
    """One of the `errors()` of a ValidationError of `model`, with its remedy."""
    if error["type"] == "extra_forbidden":
        *parents, key = error["loc"]
        return _explain_unknown_key(_find(model, parents), str(key))
    place = _find(model, error["loc"])
    where = shown(".".join(place.keys)) or "the whole"
    if error["type"] == "union_tag_invalid":
        kind, known = error["ctx"]["tag"], list(place.kinds)
        guess = nearest(kind, known)
        hint = f"did you mean {guess!r}? " if guess else ""
        return f"unknown kind '{shown(kind)}' of {where}; {hint}known kinds: {', '.join(known)}"
    if error["type"] == "missing":
        return f"key '{where}' is missing; add it"
    rule = shown(without_credentials(error["msg"]), _MOST_OF_A_RULE)
    if error["type"] == "literal_error" and isinstance(error["input"], str):
        known = re.findall(r"'([^']*)'", error["ctx"]["expected"])
        guess = nearest(error["input"], known)
        rule += f"; did you mean {guess!r}?" if guess else ""
    return f"{where}: {rule} (got {quoted(place.keys, error['input'])})"


def _explain_unknown_key(place: _Place, key: str) -> str:
    where = shown(".".join((*place.keys, key)))
    others = [kind for kind, section in place.kinds.items() if key in section.model_fields]
    if others:
        union = ".".join(place.keys)
        return f"unknown key '{where}'; it belongs to another kind: set {union}.kind to {' or '.join(others)}"
    known = sorted(place.section.model_fields) if place.section else []
    guess = nearest(key, known)
    return f"unknown key '{where}'; " + (f"did you mean {guess!r}?" if guess else f"known keys: {', '.join(known)}")


def _find(model: type[BaseModel], location: Sequence[int | str]) -> _Place:
    """Follow a location, in which the name of the chosen kind stands between a union's key and the keys below it."""
    keys: list[str] = []
    section: type[BaseModel] | None = model
    kinds: dict[str, type[BaseModel]] = {}
    kind_is_next = False
    for part in location:
        if kind_is_next and not isinstance(part, int):  # an int is a place in a list of such sections
            section, kind_is_next = kinds.get(part), False
            continue
        keys.append(str(part))
        if isinstance(part, int):
            continue
        field = section.model_fields.get(part) if section else None
        section, kinds = _sections(field.annotation, field.metadata) if field else (None, {})
        kind_is_next = bool(kinds)
    return _Place(tuple(keys), section, kinds)


def _sections(annotation: Any, metadata: Iterable[Any]) -> tuple[type[BaseModel] | None, dict[str, type[BaseModel]]]:
    """The section that a field holds, or the kinds of sections that it chooses from."""
    if any(isinstance(mark, Kinds) for mark in metadata):
        return None, dict(sections_by_kind(annotation))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, {}
    found = (_sections(each, getattr(each, "__metadata__", ())) for each in get_args(annotation))
    return next((each for each in found if each != (None, {})), (None, {}))
