"""Worlds whose next item is known, in which a product of vectors of moderate length cannot say what is."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from interest_spark.models.parallel.collectives import OneRank
from interest_spark.models.training.train import train
from tests.unit.models.worlds import make_plan, write_factors

pytestmark = [pytest.mark.slow]


def ndcg(
    folder: Path,
    histories: list[np.ndarray],
    attributes: dict[int, str] | None = None,
    factors: np.ndarray | None = None,
    **settings: Any,
) -> float:
    """NDCG@10 of the last items, which are held out of training. factors: float32[V, c], content of all items."""
    common = {"streams": 1, "batch_blocks": 16, "optimizer": {"learning_rate": 0.01}, "files": 1, "row_group": 1000}
    plan = make_plan(folder, histories, 8, held_out=True, **common, **settings)
    if attributes is not None:
        describe(plan.candidates / "part-0.parquet", attributes)
    if factors is not None:
        items = np.unique(np.concatenate(histories))
        plan = plan.model_copy(update={"content": {"als": write_factors(folder / "factors", items, factors[items])}})
    result = train(plan, OneRank(), on_step=lambda step: None)
    assert result is not None and result.ndcg is not None
    return result.ndcg


def describe(file: Path, brands: dict[int, str]) -> None:
    """Give the candidates of a plan these brands."""
    items = pq.read_table(file)
    maps = [[("brand", brands[item])] for item in items["item_index"].to_pylist()]
    described = items.set_column(
        items.column_names.index("attributes"), "attributes", pa.array(maps, items.schema.field("attributes").type)
    )
    pq.write_table(described, file)


def circle(users: int, items: int, length: int) -> list[np.ndarray]:
    """What comes next follows any of the items so far on a circle: each history asks for several places at once."""
    random = np.random.default_rng(7)
    histories = []
    for _ in range(users):
        history = list(random.choice(items, 3, replace=False))
        while len(history) < length:
            history.append((random.choice(history) + 1) % items)
        histories.append(np.array(history, np.int32) + 2)
    return histories


def test_target_attention_finds_what_goes_with_one_earlier_event_and_a_short_product_does_not(
    tmp_path: Path,
) -> None:
    histories = circle(1000, 60, 7)
    settings = {"network": {"dim": 4, "layers": 1, "feed_forward": 8, "dropout": 0.0}, "epochs": 20}
    stage = {"kind": "din", "history": 8, "attention": 32, "hidden": 32, "candidates": 60, "targets": 8, "dropout": 0.0}
    alone = ndcg(tmp_path / "alone", histories, **settings)
    both = ndcg(tmp_path / "both", histories, **settings, second_stage=stage)
    assert both > 1.3 * alone, (both, alone)


def test_attributes_find_items_that_nobody_has_used_before(tmp_path: Path) -> None:
    """Users keep to a brand; of its ten items three are met by nobody but as the last one, which is held out."""
    random, brands, each = np.random.default_rng(3), 12, 10
    histories = []
    for _ in range(1000):
        first = 2 + each * random.integers(0, brands)
        shown = first + random.choice(each - 3, 5, replace=False)
        histories.append(np.append(shown, first + each - 1 - random.integers(0, 3)).astype(np.int32))
    brand_of = {item: f"brand {(item - 2) // each}" for item in range(2, 2 + brands * each)}
    settings = {"epochs": 5, "loss": {"kind": "sampled", "sampler": {"kind": "in_batch", "negatives": 200}}}
    kind = {"kind": "two_towers", "dim": 16, "hidden": 32, "dropout": 0.0, "content_dropout": 0.1}
    blind = ndcg(tmp_path / "blind", histories, network=kind, **settings)
    told = ndcg(tmp_path / "told", histories, brand_of, network={**kind, "attributes": ["brand"]}, **settings)
    assert told > 3 * blind, (told, blind)
    assert told > 0.3, told


@pytest.mark.parametrize("kind", ["two_towers", "gru4rec"])
def test_attributes_of_users_tell_what_their_events_do_not(tmp_path: Path, kind: str) -> None:
    """All look at the same things, and then everybody at one of the ten of their region. Half of them go on: what is
    held out of theirs is anything, and what their region likes is learnt.
    """
    random, regions, each = np.random.default_rng(4), 20, 10
    histories, users = [], []
    for number in range(3000):
        region, common = int(random.integers(0, regions)), 2 + regions * each + random.integers(0, 300, 5)
        liked = 2 + region * each + random.integers(0, each)
        histories.append(np.array([*common[:4], liked, common[4]][: 5 + number % 2], np.int32))
        users.append([f"region {region}"])
    settings = {"epochs": 8, "network": {"kind": kind, "dim": 16, "hidden": 32, "dropout": 0.0}}
    blind = ndcg(tmp_path / "blind", histories, **settings)
    settings["network"] |= {"user_attributes": ["region"], "user_attribute_codes": 200}
    told = ndcg(tmp_path / "told", histories, users=users, **settings)
    assert told > 3 * blind, (told, blind)
    assert told > 0.15, told


def test_content_finds_items_of_few_events_half_as_often_again(tmp_path: Path) -> None:
    """Users keep to a group of items, most of which have one event or two; factors tell the groups, if not exactly."""
    random, groups, often, seldom = np.random.default_rng(3), 60, 2, 30
    each, histories = often + seldom, []
    for _ in range(500):
        group = 2 + each * random.integers(0, groups)
        shown = group + np.where(random.random(6) < 0.5, random.integers(0, often, 6), random.integers(often, each, 6))
        strange = random.random(6) < 0.2
        shown = np.where(strange, random.integers(2, 2 + groups * each, 6), shown)
        histories.append(np.append(shown, group + random.integers(often, each)).astype(np.int32))
    events = np.bincount(np.concatenate([history[:-1] for history in histories]), minlength=2 + groups * each)
    assert np.mean([events[history[-1]] < 5 for history in histories]) > 0.95
    group_of = np.maximum(np.arange(2 + groups * each) - 2, 0) // each
    factors = random.normal(size=(groups, 32))[group_of] + random.normal(scale=0.3, size=(len(group_of), 32))
    network = {"dim": 16, "layers": 1, "feed_forward": 16, "dropout": 0.1}
    alone = ndcg(tmp_path / "alone", histories, network=network, epochs=8)
    network |= {"content": {"als": 32}, "user_content": True}
    hybrid = ndcg(tmp_path / "hybrid", histories, factors=factors.astype(np.float32), network=network, epochs=8)
    assert hybrid > 1.5 * alone, (hybrid, alone)
