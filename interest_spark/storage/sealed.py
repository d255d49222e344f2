"""Folders that are whole or absent, sealed by sha256 sums of their files.

On this machine a folder is filled beside its final name and renamed into place. In a store it is there once its
manifest is, which is written last and deleted first.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from interest_spark.foundation.errors import BadDataError
from interest_spark.foundation.locations import Location, Url
from interest_spark.storage.damage import naming, open_regular, read_bytes
from interest_spark.storage.file_stores import local_draft
from interest_spark.storage.folder_files import delete_file

MANIFEST = "manifest.json"
_FORMAT = 1
_MOST_BYTES = 1 << 20


def write_sealed(path: Location, fill: Callable[[Path], None]) -> str:
    """Let `fill` write files into a fresh folder, which then takes the place of `path` in one visible step.

    A folder that holds the same already stays where it is: whoever reads it meanwhile notices nothing of a second
    run. Returns the sha256 of the manifest. Raises BadDataError where a link or a file is in its place.
    """
    return _store_sealed(path, fill) if isinstance(path, Url) else _place_sealed(path, fill)


def _store_sealed(path: Url, fill: Callable[[Path], None]) -> str:
    with tempfile.TemporaryDirectory(prefix="interest-sealed-") as name:
        folder = Path(name)
        manifest = _fill(folder, fill)
        if not _holds_manifest(path, manifest):
            delete_file(path / MANIFEST)
            for file in sorted(folder.iterdir(), key=lambda file: file.name == MANIFEST):
                with local_draft(str(path / file.name)) as draft:
                    shutil.copyfile(file, draft)
        return _sha256(folder / MANIFEST)


def _fill(folder: Path, fill: Callable[[Path], None]) -> str:
    """Let the folder be filled, and add the manifest, which is returned."""
    fill(folder)
    sums = {file.name: _sha256(file) for file in sorted(folder.iterdir())}
    manifest = json.dumps({"format": _FORMAT, "sha256": sums}, indent=2, sort_keys=True)
    (folder / MANIFEST).write_text(manifest, encoding="utf-8")
    return manifest


def _holds_manifest(path: Url, manifest: str) -> bool:
    try:
        return read_bytes(path / MANIFEST, _MOST_BYTES).decode() == manifest
    except (FileNotFoundError, ValueError):
        return False


def _place_sealed(path: Path, fill: Callable[[Path], None]) -> str:
    check_free(path)
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    manifest = _fill(draft, fill)
    if _holds(path, manifest):
        shutil.rmtree(draft)
    else:
        shutil.rmtree(path, ignore_errors=True)
        draft.replace(path)
    return _sha256(path / MANIFEST)


def check_free(path: Location) -> None:
    """Raise BadDataError unless a sealed folder can take the place of what is at the path."""
    if isinstance(path, Url):
        return  # there are neither links nor folders
    taken = [each for each in (path.parent, path) if each.exists() and not each.is_dir()]
    if taken or path.is_symlink():
        where = (*taken, path)[0]
        raise BadDataError(f"{where} is no folder but a link or a file, which is not overwritten; move it away")


def check_sealed(path: Path, names: set[str], what: str, remedy: str, manifest_sha256: str | None = None) -> None:
    """Raise BadDataError, naming `what`, the file and the remedy, unless the folder of `names` is as it was written."""
    sums = _sums(path, what, remedy, manifest_sha256)
    if sums.keys() != names:
        listed = [f"does not list {name}" for name in sorted(names - sums.keys())]
        listed += [f"lists {name!r:.100}" for name in sorted(sums.keys() - names)]
        raise BadDataError(f"{what}: {MANIFEST} {listed[0]}; {remedy}")
    changed = []
    for name, digest in sums.items():
        with naming(f"{what}: {name}", remedy):
            if _sha256(path / name) != digest:
                changed.append(name)
    if changed:
        raise BadDataError(f"{what}: {', '.join(changed)} was changed after training; {remedy}")


def read_json(path: Location, what: str, remedy: str, limit: int = _MOST_BYTES) -> Any:
    """What a JSON file says; BadDataError, naming `what`, for all else, also for a key that is given twice."""
    with naming(what, remedy, ValueError, RecursionError):
        return json.loads(read_bytes(path, limit).decode(), object_pairs_hook=_each_key_once)


def _sums(path: Path, named: str, remedy: str, manifest_sha256: str | None) -> Mapping[str, str]:
    if manifest_sha256 is not None:
        with naming(f"{named}: {MANIFEST}", remedy):
            if _sha256(path / MANIFEST) != manifest_sha256:
                raise BadDataError(f"{named}: {MANIFEST} was changed after training; {remedy}")
    manifest = read_json(path / MANIFEST, f"{named}: {MANIFEST}", remedy)
    if not isinstance(manifest, dict) or manifest.keys() != {"sha256", "format"}:
        raise BadDataError(f"{named}: {MANIFEST} is not a manifest; {remedy}")
    sums, found = manifest["sha256"], manifest["format"]
    if type(found) is not int or found != _FORMAT:
        raise BadDataError(f"{named}: format {found!r:.100} is not {_FORMAT}, the one of this release; {remedy}")
    if not isinstance(sums, dict) or not all(isinstance(digest, str) for digest in sums.values()):
        raise BadDataError(f"{named}: {MANIFEST} is not a manifest; {remedy}")
    return sums


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"it gives {name!r:.100} twice")
        found[name] = value
    return found


def _holds(path: Path, manifest: str) -> bool:
    """Whether the folder is whole and as the manifest says."""
    try:
        sums = json.loads(manifest)["sha256"]
        written = read_bytes(path / MANIFEST, _MOST_BYTES).decode()
        return written == manifest and all(_sha256(path / name) == digest for name, digest in sums.items())
    except (OSError, ValueError):
        return False


def _sha256(path: Path) -> str:
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
