"""Whether an epoch read every block once: counted by id over all ranks, not hoped for."""

from collections.abc import Sequence

import numpy as np
import pyarrow.parquet as pq

from interest_spark.foundation.errors import BadDataError
from interest_spark.models.data.reader import NO_BLOCK
from interest_spark.storage.committed_files import check_columns
from interest_spark.storage.damage import reading


def _block_ids(file: str) -> np.ndarray:
    with reading(file), pq.ParquetFile(file) as blocks:
        check_columns(file, blocks.schema_arrow)
        ids: np.ndarray = blocks.read(["block_id"])["block_id"].to_numpy()
    return ids


class EpochCoverage:
    """How often this rank has read each block of the training files in the present epoch.

    reads: int32[blocks], in ascending order of the blocks' ids. Raises BadDataError when two blocks share an id.
    """

    def __init__(self, files: Sequence[str]) -> None:
        held = [_block_ids(file) for file in files]
        ids = np.concatenate([np.zeros(0, np.int64), *held])
        order = np.argsort(ids, kind="stable")
        self._files = files
        self._ids = ids[order]
        self._file_of = np.repeat(np.arange(len(files)), [len(part) for part in held])[order]
        twice = np.flatnonzero(np.diff(self._ids) == 0)
        if len(twice):
            raise BadDataError(f"{self._name(twice[0])} is held by two rows; run `interest train` on new blocks")
        self.reads = np.zeros(len(ids), np.int32)

    def start_epoch(self) -> None:
        """Forget the reads so far."""
        self.reads[:] = 0

    def add(self, block_ids: np.ndarray) -> None:
        """Count the blocks of one batch; raises BadDataError for a block that no file holds."""
        read = block_ids[block_ids != NO_BLOCK]
        places = np.minimum(np.searchsorted(self._ids, read), len(self._ids) - 1)
        unknown = read[self._ids[places] != read]
        if len(unknown):
            raise BadDataError(f"the reader gave block {unknown[0]}, which no training file holds")
        np.add.at(self.reads, places, 1)

    def check(self, reads: np.ndarray, epoch: int) -> None:
        """`reads`: this epoch's counts summed over all ranks; raises BadDataError unless each is 1."""
        missing, repeated = np.flatnonzero(reads == 0), np.flatnonzero(reads > 1)
        for places, fault in ((missing, "not read"), (repeated, "read more than once")):
            if len(places):
                raise BadDataError(
                    f"epoch {epoch}: {len(places)} of {len(reads)} blocks were {fault}, the first is "
                    f"{self._name(places[0])}; nothing was published, run `interest train` again"
                )

    def _name(self, place: int) -> str:
        return f"block {self._ids[place]} of {self._files[self._file_of[place]]}"
