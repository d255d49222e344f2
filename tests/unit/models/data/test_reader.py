"""Every block once per epoch, in the same global batches for any number of ranks, on any shape of files."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interest_spark.foundation.errors import BadDataError, ConfigError
from interest_spark.models.data.block_files import Unit, deal_evenly, split_files, steps_per_epoch
from interest_spark.models.data.coverage import EpochCoverage
from interest_spark.models.data.reader import NO_BLOCK, BlockReader, ReaderSettings
from tests.unit.models.worlds import empty_blocks, write_blocks

STREAMS = 4


def settings_of(streams: int = STREAMS, per_stream: int = 3, window: int = 10, seed: int = 0) -> ReaderSettings:
    return ReaderSettings(("item", "target"), 4, streams, per_stream, window, seed)


def write(folder: Path, sizes: list[int], row_group: int) -> list[str]:
    return [
        write_blocks(folder / f"part-{number}.parquet", empty_blocks(size), number * 1000, row_group)
        for number, size in enumerate(sizes)
    ]


def global_batches(files: list[str], ranks: int, epoch: int = 1, seed: int = 0) -> list[list[list[int]]]:
    """Per step, the ids of each stream in the order of the streams, whichever rank read it."""
    readers = [BlockReader(files, settings_of(seed=seed), rank, ranks) for rank in range(ranks)]
    steps = zip(*(reader.epoch(epoch) for reader in readers), strict=True)
    found = []
    for step in steps:
        streams: dict[int, list[int]] = {}
        for reader, batch in zip(readers, step, strict=True):
            for stream, ids in zip(reader.streams, np.split(batch.block_id, len(reader.streams)), strict=True):
                streams[stream] = ids.tolist()
        found.append([streams[stream] for stream in range(STREAMS)])
    return found


def read_ids(batches: list[list[list[int]]]) -> list[int]:
    return sorted(block for step in batches for ids in step for block in ids if block != NO_BLOCK)


def held_ids(sizes: list[int]) -> list[int]:
    return [number * 1000 + place for number, size in enumerate(sizes) for place in range(size)]


@pytest.mark.parametrize(
    ("sizes", "row_group"),
    [([10, 20, 70], 6), ([100, 2], 50), ([5], 100), ([3, 3], 2), ([0, 7], 3), ([1], 1), ([64], 16)],
    ids=["uneven", "few groups", "one group", "four groups", "an empty file", "one block", "one group a stream"],
)
def test_each_block_is_read_once_and_alike_by_1_2_and_4_ranks(tmp_path: Path, sizes: list[int], row_group: int) -> None:
    files = write(tmp_path, sizes, row_group)
    one = global_batches(files, ranks=1)
    assert read_ids(one) == held_ids(sizes)
    assert global_batches(files, ranks=2) == one
    assert global_batches(files, ranks=4) == one


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 40), min_size=1, max_size=4), st.integers(1, 15), st.integers(0, 5))
def test_any_shape_of_files_is_read_once(tmp_path: Path, sizes: list[int], row_group: int, epoch: int) -> None:
    files = write(tmp_path, sizes, row_group)
    assert read_ids(global_batches(files, 2, epoch)) == held_ids(sizes)


def test_the_order_depends_on_epoch_and_seed_and_repeats(tmp_path: Path) -> None:
    files = write(tmp_path, [60, 60], 5)
    orders = [global_batches(files, 1, epoch, seed) for epoch, seed in ((1, 0), (2, 0), (1, 1))]
    assert len({str(order) for order in orders}) == 3
    assert global_batches(files, 1, epoch=2) == orders[1]


def test_a_block_comes_with_its_own_tokens(tmp_path: Path) -> None:
    files = write(tmp_path, [23], 5)
    for batch in BlockReader(files, settings_of()).epoch(1):
        for block, items in zip(batch.block_id, batch.tokens["item"], strict=True):
            assert items.tolist() == [max(block, 0)] * 4


def test_row_groups_of_a_window_are_mixed(tmp_path: Path) -> None:
    files = write(tmp_path, [40], 10)
    reader = BlockReader(files, ReaderSettings(("item",), 4, 1, 10, 20, 0))
    groups = [set((batch.block_id // 10).tolist()) for batch in reader.epoch(1)]
    assert all(len(group) == 2 for group in groups)


def test_small_row_groups_at_the_ends_of_files_do_not_all_fall_to_one_stream(tmp_path: Path) -> None:
    """In the order of their names the files give one of two streams 1,160 blocks and the other 1,406."""
    files = write(tmp_path, [630, 646, 652, 638], 128)
    reader = BlockReader(files, settings_of(streams=2, per_stream=64))
    assert reader.blocks == 2566
    assert reader.steps == 21  # as many as half of the blocks need
    ids = np.concatenate([batch.block_id for batch in reader.epoch(1)])
    assert sorted(ids[ids != NO_BLOCK].tolist()) == held_ids([630, 646, 652, 638])


@settings(deadline=None)
@given(st.lists(st.integers(0, 900), max_size=9), st.integers(1, 300), st.integers(1, 5))
def test_dealing_keeps_every_row_group_and_makes_no_stream_longer(sizes: list[int], group: int, streams: int) -> None:
    units = [
        Unit(f"file-{file}", number, min(group, size - number * group))
        for file, size in enumerate(sizes)
        for number in range(-(-size // group))
    ]
    dealt = deal_evenly(units, streams)
    assert sorted(dealt, key=str) == sorted(units, key=str)
    assert steps_per_epoch(dealt, streams, 1) <= steps_per_epoch(units, streams, 1)
    assert deal_evenly(units, streams) == dealt


def test_no_block_means_no_step(tmp_path: Path) -> None:
    reader = BlockReader(write(tmp_path, [0], 5), settings_of())
    assert (reader.blocks, reader.steps, list(reader.epoch(1))) == (0, 0, [])


def test_blocks_of_another_length_are_refused(tmp_path: Path) -> None:
    files = [write_blocks(tmp_path / "part.parquet", empty_blocks(4, tokens=6), 0, 2)]
    with pytest.raises(BadDataError, match=r"hold \[6\] tokens, blocks.tokens is 4"):
        list(BlockReader(files, settings_of()).epoch(1))


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    files = write(tmp_path, [9, 9], 3)
    Path(files[1]).write_bytes(b"no parquet")
    with pytest.raises(BadDataError, match=r"part-1.parquet"):
        BlockReader(files, settings_of())


def test_a_file_that_grew_after_its_footer_was_read_is_noticed(tmp_path: Path) -> None:
    reader = BlockReader(write(tmp_path, [4], 50), settings_of(streams=1, per_stream=2))
    write(tmp_path, [12], 50)
    with pytest.raises(BadDataError, match="stream 0 held more blocks than the footers of its files promise"):
        list(reader.epoch(1))


def held_out_blocks(count: int) -> dict[str, np.ndarray]:
    return {**empty_blocks(count), "held_out_targets": np.ones(count, np.int32)}


def test_files_of_held_out_blocks_are_told_apart_by_their_footers(tmp_path: Path) -> None:
    held = [write_blocks(tmp_path / f"held-{n}.parquet", held_out_blocks(n), 10 + n, 3) for n in (1, 7)]
    learnt = write(tmp_path, [4, 0], 2)
    assert split_files([held[0], learnt[0], held[1], learnt[1]]) == (learnt, held)
    assert split_files([]) == ([], [])


def test_a_file_that_does_not_say_which_kind_it_holds_is_refused(tmp_path: Path) -> None:
    both = {**empty_blocks(4), "held_out_targets": np.array([1, 1, 0, 0], np.int32)}
    for row_group in (2, 3):
        with pytest.raises(BadDataError, match=r"both.parquet holds blocks of both kinds"):
            split_files([write_blocks(tmp_path / "both.parquet", both, 0, row_group)])
    (file,) = write(tmp_path, [4], 2)
    pq.write_table(pq.read_table(file).drop(["held_out_targets"]), tmp_path / "older.parquet")
    pq.write_table(pq.read_table(file), tmp_path / "bare.parquet", write_statistics=False)
    for name in ("older", "bare"):
        with pytest.raises(BadDataError, match=rf"{name}.parquet has no statistics of held_out_targets"):
            split_files([str(tmp_path / f"{name}.parquet")])


def test_a_path_that_petastorm_would_cut_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="with # or"):
        BlockReader(write(tmp_path / "a#b", [4], 2), settings_of())


def test_coverage_tells_lost_from_repeated_blocks(tmp_path: Path) -> None:
    files = write(tmp_path, [4, 4], 2)
    coverage = EpochCoverage(files)
    coverage.add(np.array([0, 1, 2, 3, NO_BLOCK, 1000, 1001, 1003]))
    with pytest.raises(BadDataError, match=r"epoch 3: 1 of 8 blocks were not read, .* block 1002 of .*part-1.parquet"):
        coverage.check(coverage.reads, epoch=3)
    coverage.add(np.array([1002, 3]))
    with pytest.raises(BadDataError, match=r"1 of 8 blocks were read more than once, .* block 3 of .*part-0.parquet"):
        coverage.check(coverage.reads, epoch=3)
    coverage.start_epoch()
    coverage.add(np.array(held_ids([4, 4])))
    coverage.check(coverage.reads, epoch=4)


def test_coverage_refuses_strangers_and_doubles(tmp_path: Path) -> None:
    files = write(tmp_path, [4], 2)
    with pytest.raises(BadDataError, match="block 77, which no training file holds"):
        EpochCoverage(files).add(np.array([77]))
    twice = write_blocks(tmp_path / "twice.parquet", empty_blocks(2), 3, 2)
    with pytest.raises(BadDataError, match=r"block 3 of .* is held by two rows"):
        EpochCoverage([*files, twice])
