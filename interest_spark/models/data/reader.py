"""Training batches from Parquet through Petastorm: the same global batches for every number of ranks.

Each of the S streams is read by one rank (rank r reads the streams v with v % ranks == r), and a step takes
the same number of blocks from every stream, in the order of the streams. A stream that has run out gives
empty blocks, so all ranks take the same number of steps.
"""

import warnings
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from interest_spark.foundation.errors import BadDataError, ConfigError
from interest_spark.models.data.block_files import deal_evenly, read_units, steps_per_epoch

NO_BLOCK = -1

Columns = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class ReaderSettings:
    """How batches are drawn; `columns` are the token columns, each int32[tokens] a block."""

    columns: tuple[str, ...]
    tokens: int
    streams: int
    blocks_per_stream: int
    shuffle_blocks: int  # a stream is shuffled in windows of at least so many blocks
    seed: int


@dataclass(frozen=True)
class Batch:
    """One rank's part of a step: block_id int64[B], NO_BLOCK for empty blocks; tokens int32[B, T] by column."""

    block_id: np.ndarray
    tokens: Columns


class BlockReader:
    """The streams of one rank.

    Raises BadDataError for a file that cannot be read or whose blocks have another length.
    """

    def __init__(self, files: Sequence[str], settings: ReaderSettings, rank: int = 0, ranks: int = 1) -> None:
        self._settings = settings
        self._units = deal_evenly(read_units(files), settings.streams)
        self._files = [_file_url(file) for file in dict.fromkeys(unit.file for unit in self._units)]
        self.streams = tuple(range(rank, settings.streams, ranks))
        self.steps = steps_per_epoch(self._units, settings.streams, settings.blocks_per_stream)

    @property
    def blocks(self) -> int:
        """The number of blocks of one epoch, over all ranks."""
        return sum(unit.blocks for unit in self._units)

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """The `steps` batches of one epoch, in an order that (seed, epoch) alone decide."""
        parts = [self._stream(stream, epoch) for stream in self.streams]
        for step in range(1, self.steps + 1):
            pieces = [next(part) for part in parts]
            if step == self.steps:
                self._check_ended(parts)
            tokens = {name: np.concatenate([piece[name] for piece in pieces]) for name in self._settings.columns}
            yield Batch(np.concatenate([piece["block_id"] for piece in pieces]), tokens)

    def epochs(self, first: int, last: int) -> Generator[Batch, None, None]:
        """The batches of the epochs `first` … `last`, one epoch after another."""
        for epoch in range(first, last + 1):
            yield from self.epoch(epoch)

    def _check_ended(self, parts: Sequence[Iterator[Columns]]) -> None:
        for part, stream in zip(parts, self.streams, strict=True):
            if (next(part)["block_id"] != NO_BLOCK).any():
                raise BadDataError(f"stream {stream} held more blocks than the footers of its files promise")

    def _stream(self, stream: int, epoch: int) -> Iterator[Columns]:
        """Endless pieces of blocks_per_stream blocks; empty ones once the stream has run out."""
        random = np.random.default_rng([self._settings.seed, epoch, stream])
        groups = self._row_groups(stream, seed=1 + int(random.integers(2**31 - 1)))
        pieces = _shuffle(groups, self._settings.shuffle_blocks, random)
        yield from _cut(pieces, self._settings.blocks_per_stream, self._no_blocks(self._settings.blocks_per_stream))

    def _row_groups(self, stream: int, seed: int) -> Iterator[Columns]:
        """The stream's row groups in seeded order. Petastorm takes seed 0 for none, hence seed >= 1."""
        if stream >= len(self._units):
            return
        # Petastorm refuses more shards than row groups; the units v < shards are the same either way.
        shards = min(self._settings.streams, len(self._units))
        names = ("block_id", *self._settings.columns)
        try:
            reader = _open(self._files, names, seed=seed, cur_shard=stream, shard_count=shards)
            try:
                for group in reader:
                    yield self._checked({name: getattr(group, name) for name in names})
            finally:
                reader.stop()
                reader.join()
        except (OSError, pa.ArrowException) as error:
            raise BadDataError(f"a training file of stream {stream} cannot be read: {error}") from error

    def _checked(self, group: Columns) -> Columns:
        lengths = {group[name].shape[1] for name in self._settings.columns}
        if lengths != {self._settings.tokens}:
            raise BadDataError(
                f"the training blocks hold {sorted(lengths)} tokens, blocks.tokens is {self._settings.tokens}; "
                "run `interest train` again to rebuild them"
            )
        return group

    def _no_blocks(self, count: int) -> Columns:
        empty = np.zeros((count, self._settings.tokens), np.int32)
        return {"block_id": np.full(count, NO_BLOCK, np.int64), **dict.fromkeys(self._settings.columns, empty)}


def _open(files: Sequence[str], columns: Sequence[str], **sharding: int) -> Any:
    warnings.filterwarnings("ignore", category=FutureWarning, module="petastorm")  # of pyarrow's coming releases
    from petastorm import make_batch_reader

    return make_batch_reader(
        list(files),
        schema_fields=[f"^{name}$" for name in columns],
        reader_pool_type="dummy",  # the thread and process pools lose row groups at the end of an epoch
        shuffle_row_groups=True,
        num_epochs=1,
        **sharding,
    )


def _shuffle(groups: Iterable[Columns], window: int, random: np.random.Generator) -> Iterator[Columns]:
    """Gather row groups until they hold `window` blocks, then give those in random order."""
    held: list[Columns] = []
    for group in groups:
        held.append(group)
        if sum(len(part["block_id"]) for part in held) >= window:
            yield _permuted(held, random)
            held = []
    if held:
        yield _permuted(held, random)


def _permuted(groups: Sequence[Columns], random: np.random.Generator) -> Columns:
    joined = _join(groups)
    order = random.permutation(len(joined["block_id"]))
    return {name: values[order] for name, values in joined.items()}


def _cut(pieces: Iterable[Columns], size: int, empty: Columns) -> Iterator[Columns]:
    """Cut pieces into lengths of `size`, the last one filled up with empty blocks, then only empty ones."""
    rest: Columns = {name: values[:0] for name, values in empty.items()}
    for piece in pieces:
        rest = _join([rest, piece])
        whole = len(rest["block_id"]) // size * size
        for first in range(0, whole, size):
            yield {name: values[first : first + size] for name, values in rest.items()}
        rest = {name: values[whole:] for name, values in rest.items()}
    if len(rest["block_id"]):
        yield {name: values[:size] for name, values in _join([rest, empty]).items()}
    while True:
        yield empty


def _join(parts: Sequence[Columns]) -> Columns:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _file_url(file: str) -> str:
    if "#" in file or "?" in file:
        raise ConfigError(f"training file {file}: Petastorm cannot read a path with # or ?; move the warehouse")
    return f"file://{Path(file).absolute()}"
