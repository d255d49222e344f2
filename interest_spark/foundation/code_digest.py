"""Which code this is, told by the code itself: releases, checkouts and archives alike, with or without git."""

import hashlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

_PACKAGE = "interest_spark"


@cache
def code_digest() -> str:
    """32 hexadecimal digits of all Python files of the package, by path and content."""
    found = hashlib.sha256()
    for path, file in sorted(_sources(files(_PACKAGE), ""), key=lambda each: each[0]):
        content = file.read_bytes()
        found.update(f"{path}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()[:32]


def _sources(folder: Traversable, above: str) -> list[tuple[str, Traversable]]:
    """Also in a zip file, as jobs on a cluster have it."""
    sources: list[tuple[str, Traversable]] = []
    for each in folder.iterdir():
        path = f"{above}{each.name}"
        if each.is_dir():
            sources += _sources(each, f"{path}/")
        elif each.name.endswith(".py"):
            sources.append((path, each))
    return sources
