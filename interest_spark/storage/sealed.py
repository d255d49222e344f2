"""Folders that are whole or absent: filled beside their final name, sealed by sha256 sums, renamed into place."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from interest_spark.foundation.errors import BadDataError

MANIFEST = "manifest.json"
_FORMAT = 1


def write_sealed(path: Path, fill: Callable[[Path], None]) -> str:
    """Let `fill` write files into a fresh folder, which then takes the place of `path` in one visible step.

    A folder that holds the same already stays where it is: whoever reads it meanwhile notices nothing of a second
    run. Returns the sha256 of the manifest.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    fill(draft)
    sums = {file.name: _sha256(file) for file in sorted(draft.iterdir())}
    manifest = json.dumps({"format": _FORMAT, "sha256": sums}, indent=2, sort_keys=True)
    (draft / MANIFEST).write_text(manifest, encoding="utf-8")
    if _holds(path, manifest):
        shutil.rmtree(draft)
    else:
        shutil.rmtree(path, ignore_errors=True)
        draft.replace(path)
    return _sha256(path / MANIFEST)


def check_sealed(path: Path, names: set[str], what: str, remedy: str, manifest_sha256: str | None = None) -> None:
    """Raise BadDataError, naming the file and the remedy, unless the folder of `names` is as it was written."""
    try:
        if manifest_sha256 is not None and _sha256(path / MANIFEST) != manifest_sha256:
            raise BadDataError(f"{what} {path}: {MANIFEST} was changed after training; {remedy}")
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        sums = manifest["sha256"]
        if manifest["format"] != _FORMAT or set(sums) != names:
            raise BadDataError(f"{what} {path}: format {manifest['format']!r} is not {_FORMAT}; {remedy}")
        changed = [name for name, digest in sums.items() if _sha256(path / name) != digest]
    except OSError as error:
        raise BadDataError(f"{what} {path}: {error.filename} cannot be read: {error.strerror}; {remedy}") from None
    except (ValueError, KeyError, TypeError):
        raise BadDataError(f"{what} {path}: {MANIFEST} is not a manifest; {remedy}") from None
    if changed:
        raise BadDataError(f"{what} {path}: {', '.join(changed)} was changed after training; {remedy}")


def _holds(path: Path, manifest: str) -> bool:
    """Whether the folder is whole and as the manifest says."""
    try:
        sums = json.loads(manifest)["sha256"]
        written = (path / MANIFEST).read_text(encoding="utf-8")
        return written == manifest and all(_sha256(path / name) == digest for name, digest in sums.items())
    except OSError:
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
