"""The figure that stops training is NDCG@10 over the whole catalogue, the same for any number of ranks."""

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.models.card import build_network
from interest_spark.models.data.block_files import split_files
from interest_spark.models.networks.network import Network
from interest_spark.models.parallel.collectives import OneRank
from interest_spark.models.training import validation
from interest_spark.models.training.plan import TrainPlan
from interest_spark.models.training.train import INPUT_COLUMNS
from interest_spark.models.training.validation import Validation, places_of, read_held_out
from tests.unit.models.worlds import TINY, make_plan, random_histories

T, ITEMS = 12, 40
HISTORIES = random_histories(70, ITEMS, 18)
CANDIDATES = np.unique(np.concatenate(HISTORIES)).astype(np.int32)


class _OneOfTwo(OneRank):
    """A rank whose counts are only its own, so that a test can add them up."""

    size = 2

    def __init__(self, rank: int) -> None:
        self.rank = rank
        self.counted: list[np.ndarray] = []

    def sum_counts(self, counts: np.ndarray) -> np.ndarray:
        self.counted.append(counts)
        return counts


def by_hand(network: Network, *, exclude_seen: bool) -> float:
    gains = []
    items = network.item_vectors(tf.constant(CANDIDATES)).numpy()
    for history in HISTORIES:
        shown, target = history[:-1][-T:], history[-1]
        if exclude_seen and target in shown:
            continue
        position = np.arange(T - len(shown), T, dtype=np.int32)  # as users are served
        row = {"item": shown, "segment": np.ones_like(shown), "position": position}
        vector = network.encode({name: tf.constant(values[None]) for name, values in row.items()})[0, -1]
        scores = items @ vector.numpy()
        own = scores[np.searchsorted(CANDIDATES, target)]
        rivals = CANDIDATES[(scores >= own - 1e-7) & (target != CANDIDATES)]
        place = sum(item not in shown for item in rivals) if exclude_seen else len(rivals)
        gains.append(1 / np.log2(place + 2) if place < 10 else 0.0)
    return float(np.mean(gains))


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> TrainPlan:
    return make_plan(tmp_path_factory.mktemp("held_out"), HISTORIES, T, held_out=True)


@pytest.fixture(scope="module")
def network() -> Network:
    return build_network(TINY, int(CANDIDATES[-1]) + 1, T, seed=2)


@pytest.mark.parametrize("graph_from", [0, 1024])
@pytest.mark.parametrize("exclude_seen", [True, False])
def test_it_is_what_one_history_after_the_other_gives(
    plan: TrainPlan, network: Network, exclude_seen: bool, graph_from: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validation, "_WORTH_A_GRAPH", graph_from)
    settings = {"exclude_seen": exclude_seen, "max_blocks": 1000}
    held_out = split_files(plan.files)[1]
    whole = Validation(held_out, INPUT_COLUMNS, CANDIDATES, OneRank(), **settings)
    assert whole.ndcg(network) == pytest.approx(by_hand(network, exclude_seen=exclude_seen), abs=1e-9)
    ranks = [_OneOfTwo(0), _OneOfTwo(1)]
    for rank in ranks:
        Validation(held_out, INPUT_COLUMNS, CANDIDATES, rank, **settings).ndcg(network)
    targets, places = (sum(rank.counted[call] for rank in ranks) for call in (0, 1))
    assert targets.tolist() == [whole.held_out_targets]
    assert (places / np.log2(np.arange(10) + 2)).sum() / targets[0] == pytest.approx(whole.ndcg(network))


def test_only_so_many_blocks_are_validated_on(plan: TrainPlan, network: Network) -> None:
    files = split_files(plan.files)[1]
    few = Validation(files, INPUT_COLUMNS, CANDIDATES, OneRank(), exclude_seen=False, max_blocks=3)
    assert 3 <= few.held_out_targets < len(HISTORIES)


class CountedFile(io.FileIO):
    """A real file that counts the bytes that are taken from it."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        content = super().read(size)
        self.taken += len(content)
        return content


def test_reading_costs_the_row_groups_up_to_the_limit_and_nothing_after_them(tmp_path: Path) -> None:
    columns = ["item", "segment", "position"]
    plan = make_plan(tmp_path, random_histories(3000, ITEMS, T), T, row_group=16, held_out=True)
    paths = split_files(plan.files)[1]
    groups = pq.read_metadata(paths[0])
    assert groups.num_row_groups > 40

    def cost(row_groups: int) -> int:
        """The bytes of the columns' pages in a file's first row groups."""
        parts = [groups.row_group(number) for number in range(row_groups)]
        pages = [part.column(place) for part in parts for place in range(part.num_columns)]
        return sum(each.total_compressed_size for each in pages if each.path_in_schema.split(".")[0] in names)

    names = {*columns, "held_out"}
    for blocks, row_groups in ((1, 1), (16, 1), (17, 2), (40, 3)):
        files = [CountedFile(path) for path in paths]
        assert len(read_held_out(files, columns, blocks)["item"]) == blocks
        footer = files[0].taken - cost(row_groups)
        assert 0 < footer < 2 * groups.serialized_size + 64 * 1024  # what pyarrow takes from the end at once
        assert files[1].taken == 0


def test_with_nothing_held_out_no_page_is_read(tmp_path: Path) -> None:
    """The pages are overwritten with what nobody could decode; the footers are as they were."""
    plan = make_plan(tmp_path, HISTORIES, T)
    for path in map(Path, plan.files):
        content, footer = bytearray(path.read_bytes()), pq.read_metadata(path).serialized_size + 8
        content[4:-footer] = b"\xff" * (len(content) - footer - 4)
        path.write_bytes(content)
        with pytest.raises((OSError, pa.ArrowException)):
            pq.ParquetFile(path).read(["held_out"])
    files = split_files(plan.files)[1]
    validation = Validation(files, INPUT_COLUMNS, CANDIDATES, OneRank(), exclude_seen=True, max_blocks=1000)
    assert validation.held_out_targets == 0


@given(st.lists(st.integers(0, 4), min_size=3, max_size=12), st.data())
def test_a_place_counts_who_stands_before_and_ties(scores: list[int], data: st.DataObject) -> None:
    label = data.draw(st.integers(0, len(scores) - 1))
    seen = data.draw(st.lists(st.integers(0, len(scores) - 1).filter(lambda item: item != label), unique=True))
    expected = sum(score >= scores[label] and item not in seen for item, score in enumerate(scores) if item != label)
    found = places_of(np.array([scores], np.float32), np.array([label]), np.array([[*seen, -1]]))
    assert found.tolist() == [expected]
