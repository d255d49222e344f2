"""The ranks of one training run, and what they do together."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import tensorflow as tf

from interest_spark.foundation.errors import ConfigError
from interest_spark.models.without_keras import import_horovod


class Ranks(Protocol):
    """This process's place among the ranks and the collectives it takes part in."""

    rank: int
    size: int
    local_rank: int  # among the ranks of this node

    def sum(self, tensors: Sequence[tf.Tensor], name: str = "sum") -> list[tf.Tensor]:
        """Each tensor summed over all ranks; usable inside a tf.function, once for each name."""

    def gather_rows(self, rows: tf.Tensor, name: str) -> tf.Tensor:
        """[n, …] of each rank, n its own, one rank after another; usable like `sum`."""

    def broadcast(self, variables: Sequence[tf.Variable]) -> None:
        """Give every rank the values of rank 0."""

    def sum_counts(self, counts: np.ndarray) -> np.ndarray:
        """int[n] summed over all ranks."""

    def gather(self, values: np.ndarray) -> np.ndarray:
        """int64[k] of each rank, one rank after another."""


class OneRank:
    """A single process, without Horovod."""

    rank, size, local_rank = 0, 1, 0

    def sum(self, tensors: Sequence[tf.Tensor], name: str = "sum") -> list[tf.Tensor]:
        return list(tensors)

    def gather_rows(self, rows: tf.Tensor, name: str) -> tf.Tensor:
        return rows

    def broadcast(self, variables: Sequence[tf.Variable]) -> None:
        return None

    def sum_counts(self, counts: np.ndarray) -> np.ndarray:
        return counts

    def gather(self, values: np.ndarray) -> np.ndarray:
        return values


class HorovodRanks:
    """The ranks that Horovod started this process among; only its core collectives are used."""

    def __init__(self) -> None:
        hvd = import_horovod()
        hvd.init()
        self._hvd = hvd
        self.rank: int = hvd.rank()
        self.size: int = hvd.size()
        self.local_rank: int = hvd.local_rank()

    def sum(self, tensors: Sequence[tf.Tensor], name: str = "sum") -> list[tf.Tensor]:
        return list(self._hvd.grouped_allreduce(list(tensors), op=self._hvd.Sum, name=name))

    def gather_rows(self, rows: tf.Tensor, name: str) -> tf.Tensor:
        return self._hvd.allgather(rows, name=name)

    def broadcast(self, variables: Sequence[tf.Variable]) -> None:
        self._hvd.broadcast_variables(list(variables), root_rank=0)

    def sum_counts(self, counts: np.ndarray) -> np.ndarray:
        return np.asarray(self._hvd.allreduce(tf.constant(counts), op=self._hvd.Sum, name="block_counts"))

    def gather(self, values: np.ndarray) -> np.ndarray:
        return np.asarray(self._hvd.allgather(tf.constant(values), name="gathered_values"))


def join_ranks(size: int) -> Ranks:
    """The ranks of this run; Horovod is imported for more than one only."""
    if size == 1:
        return OneRank()
    ranks = HorovodRanks()
    if ranks.size != size:
        raise ConfigError(f"train.ranks is {size}, but Horovod started {ranks.size}; start it through `interest train`")
    return ranks
