"""Checkpoints: all that a run needs to go on as if it had never been interrupted.

Weights, optimiser, averaged weights, best weights so far, RunState and the curve up to then. Dropout, samples and the
order of the batches are functions of the seed and the step, so there is no other state. Checkpoints belong to one model
version, which names everything that the run is made from, and are sealed: a damaged one is passed over.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from interest_spark.foundation.errors import BadDataError
from interest_spark.foundation.locations import Location
from interest_spark.foundation.log import get_logger
from interest_spark.models.training.run_state import RunState
from interest_spark.storage.arrays import read_arrays
from interest_spark.storage.damage import naming
from interest_spark.storage.folder_files import delete_folder, folders_in, local_folder
from interest_spark.storage.sealed import check_sealed, write_sealed

_ARRAYS, _STATE, _CURVE = "arrays.npz", "state.json", "curve.jsonl"
_BEST = "best/"
_REMEDY = "an earlier one is taken"
_KEPT = 2

Arrays = Mapping[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Checkpoint:
    """`arrays`: weights, optimiser and averages by name. `best`: the trained weights of the best epoch, None before the
    first validation. `curve`: the lines written so far.
    """

    state: RunState
    arrays: Arrays
    best: Arrays | None
    curve: str


def write_checkpoint(folder: Location, checkpoint: Checkpoint) -> None:
    """Add one to the run's folder, whole or not at all, and drop the oldest."""

    def fill(draft: Path) -> None:
        best = {f"{_BEST}{name}": array for name, array in (checkpoint.best or {}).items()}
        np.savez(draft / _ARRAYS, **checkpoint.arrays, **best)
        (draft / _STATE).write_text(json.dumps(checkpoint.state.as_json()), encoding="utf-8")
        (draft / _CURVE).write_text(checkpoint.curve, encoding="utf-8")

    write_sealed(folder / f"step-{checkpoint.state.steps:012d}", fill)
    for old in _newest_first(folder)[_KEPT:]:
        delete_folder(old)


def read_newest_checkpoint(folder: Location, shapes: Mapping[str, tuple[int, ...]]) -> Checkpoint | None:
    """The newest checkpoint of the folder that is whole and whose arrays have these names and shapes, or None.

    Others are passed over with a warning: damaged ones, and those of another version of this code.
    """
    for path in _newest_first(folder):
        try:
            with local_folder(path) as copy:
                check_sealed(copy, {_ARRAYS, _STATE, _CURVE}, f"checkpoint {path}", _REMEDY)
                with naming(f"checkpoint {path}", _REMEDY, ValueError, LookupError, TypeError, RecursionError):
                    found = _read(copy)
            if {name: array.shape for name, array in found.arrays.items()} != shapes:
                raise BadDataError(f"checkpoint {path} has other arrays than this run; {_REMEDY}")
            return found
        except BadDataError as error:
            get_logger().warning("checkpoint passed over", reason=str(error))
    return None


def _read(path: Path) -> Checkpoint:
    arrays = read_arrays(path / _ARRAYS, f"checkpoint {path}: {_ARRAYS}", _REMEDY)
    best = {name.removeprefix(_BEST): array for name, array in arrays.items() if name.startswith(_BEST)}
    state = RunState.of_json(json.loads((path / _STATE).read_text(encoding="utf-8")))
    rest = {name: array for name, array in arrays.items() if not name.startswith(_BEST)}
    return Checkpoint(state, rest, best or None, (path / _CURVE).read_text(encoding="utf-8"))


def _newest_first(folder: Location) -> list[Location]:
    return [folder / name for name in sorted(folders_in(folder), reverse=True) if name.startswith("step-")]
