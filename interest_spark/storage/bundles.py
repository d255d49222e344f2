"""Model bundles: weights and configuration in one sealed folder.

Nothing in a bundle can run code: arrays are plain `.npy` members, everything else is JSON or Parquet.
"""

import json
import re
import shutil
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from interest_spark.storage.orphans import Cleaned
from interest_spark.storage.sealed import MANIFEST, check_sealed, write_sealed

BUNDLES = "bundles"
"""The folder of a warehouse that bundles lie in."""

_BESIDE_BUNDLES = re.compile(r"\..+\.(draft|work|checkpoints)")
_WEIGHTS = "weights.npz"
_CONFIG = "config.json"
_ITEMS = "items.parquet"


@dataclass(frozen=True)
class Bundle:
    """A trained model: named weight arrays, what the network is built from, and its items.

    `items` has the columns `item_index` (int32, ascending) and `item_id`: the candidates it can suggest.
    """

    weights: Mapping[str, np.ndarray[Any, Any]]
    config: Mapping[str, Any]
    items: pa.Table


def bundle_path(warehouse: Path, recorded: str) -> Path:
    """Where a bundle lies whose path `models` records relative to the warehouse.

    Release 0.1 recorded absolute paths; such a bundle is looked for by its name, as the warehouse may have moved.
    """
    path = Path(recorded)
    return warehouse / BUNDLES / path.name if path.is_absolute() else warehouse / path


def write_bundle(path: Path, bundle: Bundle) -> str:
    """Write the bundle to `path` in one visible step; returns the sha256 of its manifest."""

    def fill(folder: Path) -> None:
        np.savez(folder / _WEIGHTS, **dict(bundle.weights))
        (folder / _CONFIG).write_text(json.dumps(dict(bundle.config), indent=2, sort_keys=True), encoding="utf-8")
        pq.write_table(bundle.items, folder / _ITEMS)

    return write_sealed(Path(path), fill)


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
    remedy = "restore it, or train again with `interest train`"
    check_sealed(Path(path), {_WEIGHTS, _CONFIG, _ITEMS}, "model bundle", remedy, manifest_sha256)


def remove_orphan_bundles(warehouse: Path, named: Collection[str], retention_hours: int) -> Cleaned:
    """Delete bundles, and drafts of them, that are as old as that and that no committed row of `models` names.

    Links, and what is no folder of a training run, are reported and left.
    """
    cleaned, oldest = Cleaned(), time.time() - retention_hours * 3600.0
    folder = warehouse / BUNDLES
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_symlink() or not path.is_dir() or not _is_of_a_training(path):
            cleaned.left.append(str(path))
        elif path.name not in named and path.stat().st_mtime < oldest:
            shutil.rmtree(path)
            cleaned.deleted.append(str(path))
    return cleaned


def _is_of_a_training(path: Path) -> bool:
    """A bundle, or what a run leaves beside bundles: a draft, its work folder, its checkpoints."""
    return (path / MANIFEST).is_file() or bool(_BESIDE_BUNDLES.fullmatch(path.name))
