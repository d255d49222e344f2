"""Model bundles: weights and configuration in one folder, sealed by a manifest of sha256 sums.

A bundle is written beside its final name and renamed into place, so it is whole or absent. Nothing
in it can run code: arrays are plain `.npy` members, everything else is JSON or Parquet.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from interest_spark.errors import BadDataError

BUNDLES = "bundles"
"""The folder of a warehouse that bundles lie in."""

MANIFEST = "manifest.json"
_WEIGHTS = "weights.npz"
_CONFIG = "config.json"
_ITEMS = "items.parquet"
_FORMAT = 1


@dataclass(frozen=True)
class Bundle:
    """A trained model: named weight arrays, what the network is built from, and its items.

    `items` has the columns `item_index` (int32, ascending) and `item_id`: the candidates it can suggest.
    """

    weights: Mapping[str, np.ndarray[Any, Any]]
    config: Mapping[str, Any]
    items: pa.Table


def write_bundle(path: Path, bundle: Bundle) -> str:
    """Write the bundle to `path` in one visible step; returns the sha256 of its manifest."""
    path = Path(path)
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    np.savez(draft / _WEIGHTS, **dict(bundle.weights))
    (draft / _CONFIG).write_text(json.dumps(dict(bundle.config), indent=2, sort_keys=True), encoding="utf-8")
    pq.write_table(bundle.items, draft / _ITEMS)
    sums = {name: _sha256(draft / name) for name in (_WEIGHTS, _CONFIG, _ITEMS)}
    manifest = json.dumps({"format": _FORMAT, "sha256": sums}, indent=2, sort_keys=True)
    (draft / MANIFEST).write_text(manifest, encoding="utf-8")
    shutil.rmtree(path, ignore_errors=True)
    draft.replace(path)
    return _sha256(path / MANIFEST)


def read_bundle(path: Path, manifest_sha256: str | None = None) -> Bundle:
    """Check every file against the manifest, and the manifest against `manifest_sha256`, then load.

    Raises BadDataError naming the file that is missing or changed.
    """
    path = Path(path)
    check_bundle(path, manifest_sha256)
    with np.load(path / _WEIGHTS, allow_pickle=False) as arrays:
        weights = {name: arrays[name] for name in arrays.files}
    return Bundle(weights, read_config(path), pq.read_table(path / _ITEMS))


def read_config(path: Path) -> dict[str, Any]:
    """What the bundle's network is built from, alone; whether it is as it was written, `check_bundle` says."""
    config: dict[str, Any] = json.loads((Path(path) / _CONFIG).read_text(encoding="utf-8"))
    return config


def check_bundle(path: Path, manifest_sha256: str | None = None) -> None:
    """Raise BadDataError, naming the file, unless the bundle is as it was written; nothing is loaded."""
    path = Path(path)
    remedy = "restore it, or train again with `interest train`"
    try:
        if manifest_sha256 is not None and _sha256(path / MANIFEST) != manifest_sha256:
            raise BadDataError(f"model bundle {path}: {MANIFEST} was changed after training; {remedy}")
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        sums = manifest["sha256"]
        if manifest["format"] != _FORMAT or set(sums) != {_WEIGHTS, _CONFIG, _ITEMS}:
            raise BadDataError(f"model bundle {path}: format {manifest['format']!r} is not {_FORMAT}; {remedy}")
        changed = [name for name, digest in sums.items() if _sha256(path / name) != digest]
    except OSError as error:
        raise BadDataError(
            f"model bundle {path}: {error.filename} cannot be read: {error.strerror}; {remedy}"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise BadDataError(f"model bundle {path}: {MANIFEST} is not a manifest; {remedy}") from None
    if changed:
        raise BadDataError(f"model bundle {path}: {', '.join(changed)} was changed after training; {remedy}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
