"""YAML as far as a configuration needs it: mappings with names for keys, lists and plain values, all of bounded size.

A text is measured before anything is built of it: ten lines of aliases to aliases can stand for a billion values.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml

from interest_spark.config.quoting import quoted
from interest_spark.foundation.shown import shown

MOST_BYTES = 1 << 20
TOO_LARGE = f"it is larger than {MOST_BYTES} bytes, the most that is read"
_MOST_NODES = 100_000
_DEEPEST = 32
_LONGEST_NUMBER = 64  # also of hexadecimal ones, and of those to the base of 60, which take the square of their length

_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"
_SCALARS = {f"{_TAG}{name}" for name in ("null", "bool", "int", "float", "str", "timestamp", "value")}
_TEXTS = {f"{_TAG}str", f"{_TAG}value"}  # the latter is a lone =
_WRITTEN_TAGS = {None, "!", *(f"{_TAG}{name}" for name in ("null", "bool", "int", "float", "str", "seq", "map"))}
_QUOTED = re.compile(r"'(?:(.|<[^']*>)'|[^']*')")  # in messages of PyYAML: a sign or a kind of token, else a name
# What PyYAML's own constructors raise for a text that its tag does not fit, such as the 45th of May.
_MISFITS = (ValueError, LookupError, AttributeError, ArithmeticError, yaml.YAMLError)


class YamlError(ValueError):
    """What is wrong with a text, and where; it quotes no value that may be a secret."""


def read_yaml(text: str, keys: tuple[str, ...] = ()) -> Any:
    """The document as dicts with text for keys, lists, and values of YAML 1.1; None for an empty one.

    `keys` lead to the document where it is the value of one. Raises YamlError.
    """
    if len(text) > MOST_BYTES:
        raise YamlError(TOO_LARGE)
    if strange := next((char for char in text if "\ud800" <= char <= "\udfff"), None):
        raise YamlError(f"it is not UTF-8: it holds {shown(strange)}")
    try:
        _measure(text)
        loader = yaml.CSafeLoader(text)
        node = loader.get_single_node()
        return None if node is None else _Builder(loader).value(node, keys)
    except yaml.MarkedYAMLError as error:
        raise YamlError(f"{_place(error.problem_mark)}{_without_names(error)}") from None
    except yaml.reader.ReaderError as error:
        raise YamlError(f"character {error.position + 1} is {shown(_character(error))}, which YAML forbids") from None
    except yaml.YAMLError:
        raise YamlError("it cannot be read") from None


def _measure(text: str) -> None:
    """Raise YamlError for too much of anything, aliases counted as what they stand for, and for a tag that builds
    what no key takes.
    """
    nodes, sizes = 0, dict[str, int]()
    opened: list[tuple[str | None, int]] = []  # anchor, and the nodes that came before
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in sizes:
                raise YamlError(f"{_place(event.start_mark)}an alias has no anchor before it, or lies within it")
            nodes += sizes[event.anchor]
        elif isinstance(event, yaml.NodeEvent):
            nodes += 1
            if event.tag not in _WRITTEN_TAGS:
                raise YamlError(f"{_place(event.start_mark)}the value has a tag that is not supported; leave it out")
            if isinstance(event, yaml.CollectionStartEvent):
                opened.append((event.anchor, nodes - 1))
                sizes.pop(event.anchor or "", None)  # from here on the anchor stands for what is open
            elif event.anchor is not None:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = opened.pop()
            if anchor is not None:
                sizes[anchor] = nodes - before
        if len(opened) > _DEEPEST:
            raise YamlError(f"{_place(event.start_mark)}it is nested more than {_DEEPEST} deep")
        if nodes > _MOST_NODES:
            raise YamlError(f"{_place(event.start_mark)}it has more than {_MOST_NODES} values, aliases counted in full")


class _Builder:
    """Plain values from a measured tree of nodes; every use of an alias gets values of its own."""

    def __init__(self, loader: yaml.CSafeLoader) -> None:
        self._loader = loader

    def value(self, node: yaml.Node, keys: tuple[str, ...]) -> Any:
        """What the node stands for; `keys` lead to it."""
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, keys)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(each, (*keys, str(place))) for place, each in enumerate(node.value)]
        return self._scalar(node, keys)

    def _mapping(self, node: yaml.MappingNode, keys: tuple[str, ...]) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merged = {**self._merged(value_node, keys), **merged}
                continue
            key = self._key(key_node, keys)
            if key in own:
                raise YamlError(f"{_place(key_node.start_mark)}{_path((*keys, key))} stands twice; keep one of them")
            own[key] = self.value(value_node, (*keys, key))
        return {**merged, **own}

    def _merged(self, node: yaml.Node, keys: tuple[str, ...]) -> dict[str, Any]:
        """What `<<` adds: of several mappings the first one that has a key decides."""
        found = self.value(node, keys)
        merged: dict[str, Any] = {}
        for each in found if isinstance(found, list) else [found]:
            if not isinstance(each, dict):
                raise YamlError(f"{_place(node.start_mark)}<< merges mappings alone")
            merged = {**each, **merged}
        return merged

    def _key(self, node: yaml.Node, keys: tuple[str, ...]) -> str:
        key = self.value(node, keys) if isinstance(node, yaml.ScalarNode) else None
        if not isinstance(key, str):
            raise YamlError(
                f"{_place(node.start_mark)}a key {f'below {_path(keys)} ' if keys else ''}is no text; "
                'write it in quotes, as in "1": view'
            )
        return key

    def _scalar(self, node: yaml.ScalarNode, keys: tuple[str, ...]) -> Any:
        with _explained(node, keys):
            if node.tag not in _SCALARS:
                raise ValueError(node.tag)
            text = self._loader.construct_scalar(node)
            if "\0" in text:
                raise YamlError(f"{_place(node.start_mark)}{_path(keys)} holds a NUL character; take it out")
            if node.tag in _TEXTS:
                return text
            if len(text) > _LONGEST_NUMBER:
                raise ValueError("no number or date is written so long")
            return self._loader.construct_object(node)


@contextmanager
def _explained(node: yaml.ScalarNode, keys: tuple[str, ...]) -> Iterator[None]:
    try:
        yield
    except YamlError:
        raise
    except _MISFITS:
        kind = str(node.tag).removeprefix(_TAG).replace("timestamp", "date or time")
        raise YamlError(
            f"{_place(node.start_mark)}{_path(keys)} is no {kind} (got {quoted(keys, node.value)}); "
            "correct it, or write it in quotes where text is meant"
        ) from None


def _path(keys: tuple[str, ...]) -> str:
    return f"'{shown('.'.join(keys))}'" if keys else "the whole"


def _place(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""


def _without_names(error: yaml.MarkedYAMLError) -> str:
    """What PyYAML says, without the names that it quotes: a password may begin with the `*` of an alias."""
    words = ", ".join(filter(None, (error.context, error.problem)))
    return " ".join(_QUOTED.sub(lambda quoted: quoted[0] if quoted[1] else "", words).split())


def _character(error: yaml.reader.ReaderError) -> str:
    return chr(error.character) if isinstance(error.character, int) else str(error.character)
