"""Model bundles: weights and configuration in one sealed folder.

Nothing in a bundle can run code: arrays are plain `.npy` members, everything else is JSON or Parquet.
"""

import json
import os
import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from interest_spark.foundation.errors import BadDataError
from interest_spark.foundation.locations import Location, Url, location
from interest_spark.schemas.behaviors import FIRST_ITEM_INDEX
from interest_spark.storage.arrays import read_arrays, read_shapes_of
from interest_spark.storage.damage import naming
from interest_spark.storage.file_stores import local_copy
from interest_spark.storage.folder_files import delete_file, files_below, local_folder
from interest_spark.storage.folders import Found, delete, opened, scan
from interest_spark.storage.layout import DATA_FILE, DAY_FOLDER
from interest_spark.storage.orphans import Cleaned
from interest_spark.storage.sealed import MANIFEST, check_sealed, read_json, write_sealed

BUNDLES = "bundles"
"""The folder of a warehouse that bundles lie in."""

_WEIGHTS = "weights.npz"
_CONFIG = "config.json"
_ITEMS = "items.parquet"
_FILES = {_WEIGHTS, _CONFIG, _ITEMS}
_REMEDY = "restore it, or train again with `interest train`"

_SEALED = r"(manifest|config|state|training)\.json|(weights|arrays)\.npz|items\.parquet|curve\.jsonl"
_PLOTS = r"(loss|validation|train_validation|learning_rate|gradient_norm|network)\.png"
"""Pictures of the training, which are drawn once the bundle is sealed and belong to no manifest."""
_SPARKS = rf"(_temporary/.*)?\.?(_SUCCESS|{DATA_FILE.pattern})(\.crc)?"
_CHECKPOINTS = r"checkpoints/[0-9a-f-]{36}/rdd-\d+"  # of factors, by Spark
_BESIDE_BUNDLES = {
    "draft": re.compile(_SEALED),
    "checkpoints": re.compile(rf"\.?step-\d+(\.\d+\.draft)?/({_SEALED})"),
    "work": re.compile(
        rf"(plan|result|failure-\d+)\.json|curve\.jsonl|alive-\d+|stop|\.failure-\d+\.draft"
        rf"|popularity/{DAY_FOLDER.pattern}/({DATA_FILE.pattern})"
        rf"|candidates/({_SPARKS}|files\.json)|(own|neighbours|gram|factors|churn|tastes)/{_SPARKS}"
        rf"|{_CHECKPOINTS}/\.?[\w-]+(\.crc)?"
    ),
}
"""What training runs leave beside bundles, in hidden folders with these last names: the paths of files in them."""
_IN_BUNDLES = re.compile(rf"{_SEALED}|{_PLOTS}")
_FOLDERS = re.compile(
    r"(candidates|own|neighbours|gram|factors|churn|tastes)(/_temporary(/|$)|$)|\.?step-\d+(\.\d+\.draft)?$"
    rf"|checkpoints(/[0-9a-f-]{{36}})?$|{_CHECKPOINTS}$|popularity(/{DAY_FOLDER.pattern})?$"
)
_ITEM_COLUMNS = pa.schema([("item_index", pa.int32()), ("item_id", pa.string())])


@dataclass(frozen=True)
class Bundle:
    """A trained model: named weight arrays, what the network is built from, and its items.

    `items` has the columns `item_index` (int32, ascending) and `item_id`: the candidates it can suggest.
    """

    weights: Mapping[str, np.ndarray[Any, Any]]
    config: Mapping[str, Any]
    items: pa.Table


def bundle_path(warehouse: Location, recorded: str) -> Location:
    """Where a bundle lies whose path `models` records relative to the warehouse.

    Release 0.1 recorded absolute paths; such a bundle is looked for by its name, as the warehouse may have moved.
    Raises BadDataError for a path that leads elsewhere.
    """
    path = Path(recorded)
    inside = path.is_absolute() or path.parts == (BUNDLES, path.name)
    if not inside or path.name in ("", "..") or path.name.startswith(".") or "\0" in recorded:
        raise BadDataError(
            f"table models names the bundle {recorded!r:.200}, which is none of {warehouse / BUNDLES}; "
            "restore the table from a copy, or train again with `interest train`"
        )
    return warehouse / BUNDLES / path.name


def write_bundle(path: Location | str, bundle: Bundle) -> str:
    """Write the bundle to `path` in one visible step; returns the sha256 of its manifest."""

    def fill(folder: Path) -> None:
        np.savez(folder / _WEIGHTS, **dict(bundle.weights))
        (folder / _CONFIG).write_text(json.dumps(dict(bundle.config), indent=2, sort_keys=True), encoding="utf-8")
        pq.write_table(bundle.items, folder / _ITEMS)

    return write_sealed(location(path), fill)


def read_bundle(place: Location | str, manifest_sha256: str | None = None) -> Bundle:
    """Check every file against the manifest, and the manifest against `manifest_sha256`, then load.

    Raises BadDataError naming the file that is missing, changed, or does not hold what a bundle does.
    """
    what = f"model bundle {place}"
    with local_folder(location(place)) as path:
        check_sealed(path, _FILES, what, _REMEDY, manifest_sha256)
        weights = read_arrays(path / _WEIGHTS, f"{what}: {_WEIGHTS}", _REMEDY)
        with naming(f"{what}: {_ITEMS}", _REMEDY, ValueError):
            items = _read_items(path / _ITEMS)
        return Bundle(weights, _read_config(path, what), items)


def read_config(place: Location | str) -> dict[str, Any]:
    """What the bundle's network is built from, alone; whether it is as it was written, `check_bundle` says.

    Raises BadDataError unless it is a JSON object.
    """
    return _read_config(location(place), f"model bundle {place}")


def _read_config(path: Location, what: str) -> dict[str, Any]:
    config = read_json(path / _CONFIG, f"{what}: {_CONFIG}", _REMEDY)
    if not isinstance(config, dict):
        raise BadDataError(f"{what}: {_CONFIG} holds no JSON object; {_REMEDY}")
    return config


def read_shapes(place: Location | str) -> dict[str, tuple[int, ...]]:
    """The shape of each weight array by name, in the order in which they were written; no array is loaded.

    Raises BadDataError for a file that holds no arrays.
    """
    weights = location(place) / _WEIGHTS
    with local_copy(str(weights)) as path:
        return read_shapes_of(Path(path), f"model bundle {place}: {_WEIGHTS}", _REMEDY)


def check_bundle(place: Location | str, manifest_sha256: str | None = None) -> None:
    """Raise BadDataError, naming the file, unless the bundle is as it was written; nothing is loaded."""
    with local_folder(location(place)) as path:
        check_sealed(path, _FILES, f"model bundle {place}", _REMEDY, manifest_sha256)


def _read_items(path: Path) -> pa.Table:
    with pq.ParquetFile(path) as file:
        if not file.schema_arrow.remove_metadata().equals(_ITEM_COLUMNS):
            raise ValueError(f"it has columns {', '.join(file.schema_arrow.names)!r:.100}, not a bundle's")
        items = file.read()
    items.validate(full=True)
    index, ids = items["item_index"].to_numpy(), items["item_id"]
    if items["item_index"].null_count or ids.null_count or pc.count_distinct(ids).as_py() < len(ids):
        raise ValueError("items lack a number or an id, or share one")
    if len(index) and (index[0] < FIRST_ITEM_INDEX or (np.diff(index.astype(np.int64)) <= 0).any()):
        raise ValueError(f"item_index is not ascending from {FIRST_ITEM_INDEX}")
    return items


# Housekeeping ------------------------------------------------------------------------------------


def remove_orphan_bundles(warehouse: Location, named: Collection[str], retention_hours: int) -> Cleaned:
    """Delete bundles, and drafts of them, that are as old as that and that no committed row of `models` names.

    Links, and folders that hold anything but what training runs leave, are reported and left as they are.
    """
    oldest, folder = time.time() - retention_hours * 3600.0, warehouse / BUNDLES
    if isinstance(folder, Url):
        return _remove_stored(folder, named, oldest)
    return _remove_folders(folder, named, oldest)


def list_bundles(warehouse: Location) -> list[str]:
    """Names of all folders of bundles, also of those that no model names."""
    folder = warehouse / BUNDLES
    if isinstance(folder, Url):
        return sorted({each.path.partition("/")[0] for each in files_below(folder)})
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def _remove_stored(folder: Url, named: Collection[str], oldest: float) -> Cleaned:
    cleaned, bundles = Cleaned(), dict[str, dict[str, float]]()
    for each in files_below(folder):
        name, _, path = each.path.partition("/")
        bundles.setdefault(name, {})[path] = each.written
    for name, files in bundles.items():
        strangers = _strangers(name, files)
        cleaned.left += [str(folder / name / path) for path in strangers]
        if not strangers and name not in named and max(files.values()) < oldest:
            for path in sorted(files, key=lambda path: path != MANIFEST):  # without its manifest it is no bundle
                delete_file(folder / name / path)
            cleaned.deleted.append(str(folder / name))
    return cleaned


def _remove_folders(folder: Path, named: Collection[str], oldest: float) -> Cleaned:
    cleaned = Cleaned()
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        cleaned.left.append(str(folder))
        return cleaned
    if not folder.is_dir():
        return cleaned
    with opened(folder) as bundles:
        for entry in sorted(os.scandir(bundles), key=lambda entry: entry.name):
            if not entry.is_dir(follow_symlinks=False):
                cleaned.left.append(str(folder / entry.name))
                continue
            found = scan(bundles, entry.name)
            strangers = _strangers(entry.name, found.files, found)
            cleaned.left += [str(folder / entry.name / path) for path in strangers]
            if not strangers and entry.name not in named and _newest(found) < oldest:
                delete(bundles, entry.name, found.files, found.folders)
                cleaned.deleted.append(str(folder / entry.name))
    return cleaned


def _strangers(name: str, files: Collection[str], found: Found | None = None) -> list[str]:
    """What no training run has left in a folder of that name, by path below it; "" for the folder itself.

    `found`: all that is there, where there are links and empty folders.
    """
    hidden = name.startswith(".")
    ours = _BESIDE_BUNDLES.get(name.rpartition(".")[2]) if hidden else _IN_BUNDLES
    # In a store the manifest is written last, so that a killed run leaves files without one.
    if ours is None or not (hidden or found is None or MANIFEST in files):
        return [""]
    strange = [path for path in files if not ours.fullmatch(path)]
    if found is None:
        return sorted(strange)
    above = {path[:place] for path in files for place, letter in enumerate(path) if letter == "/"}
    empty = [path for path in found.folders if path and path not in above and not _FOLDERS.match(path)]
    return sorted([*found.strange, *empty, *strange])


def _newest(found: Found) -> float:
    return max(status.st_mtime for status in (*found.files.values(), *found.folders.values()))
