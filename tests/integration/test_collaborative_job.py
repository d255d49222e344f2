"""Jobs train and score with collaborative models: fitted on Spark, as plain NumPy says, beside the network's."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from interest_spark.config.collaborative import AlsConfig
from interest_spark.features.collaborative.factors import fit_factors, ratings
from interest_spark.features.collaborative.interactions import rule_of
from interest_spark.foundation.errors import BadDataError, ConfigError
from interest_spark.models.published import Model
from interest_spark.models.served import build_collaborative, load_model
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.report import NOTHING_TO_DO
from interest_spark.storage.bundles import read_bundle
from interest_spark.storage.warehouse import Warehouse
from tests.integration.warehouse_world import commit, commit_model, config_of, item_id, popularity, sequence
from tests.runs import run_job

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from interest_spark.models.collaborative.history_model import HistoryModel

pytestmark = pytest.mark.slow

DAY = "2026-01-10"
ITEMS = 14
VIEW, PURCHASE = 1, 4
SETTINGS: Mapping[str, dict[str, Any]] = {
    "als": {"factors": 4, "iterations": 3, "regularization": 0.05, "alpha": 2.0},
    "item_to_item": {"neighbours": 3},
    "ease": {"ridge": 2.0},
}


def users() -> dict[str, tuple[list[int], list[int]]]:
    """Items and behaviors of 40 users, some events repeated; item 1 is unknown, and u0 has nothing else."""
    rng = np.random.default_rng(7)
    found = {"u0": ([1], [VIEW])}
    for number in range(1, 40):
        length = int(rng.integers(1, 9))
        taste = rng.integers(0, 2) * ITEMS // 2
        found[f"u{number}"] = (
            (2 + (taste + rng.integers(0, ITEMS // 2 + 2, length)) % ITEMS).tolist(),
            rng.choice([VIEW, PURCHASE], length).tolist(),
        )
    return found


@pytest.fixture(scope="module")
def root(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("warehouse")
    commit(spark, root, "vocab", DAY, [(item_id(item), item, DAY) for item in range(2, 2 + ITEMS)])
    commit(spark, root, "popularity", DAY, popularity({item: 100 - item for item in range(2, 2 + ITEMS)}))
    commit(spark, root, "bots", DAY, [])
    histories = [sequence(user, items, behavior=behaviors) for user, (items, behaviors) in users().items()]
    commit(spark, root, "sequences", DAY, histories)
    yield root


def context_of(root: Path, kind: str, **settings: Any) -> RunContext:
    collaborative = {"kind": kind, **SETTINGS[kind], **settings}
    return RunContext(
        config_of(root, collaborative=collaborative, score={"k": 4, "batch_users": 16}), date.fromisoformat(DAY)
    )


def fitted(root: Path, name: str) -> "HistoryModel":
    (row,) = Warehouse(root).open("models").read_small(day=DAY, name=name).to_pylist()
    return build_collaborative(read_bundle(root / row["path"], row["manifest_sha256"]))


def weights(*, counts: bool) -> np.ndarray:
    """R of all users but u0, float64[users, items]."""
    found = np.zeros((len(users()), ITEMS))
    for row, (items, _) in enumerate(users().values()):
        for item in items:
            if item > 1:
                found[row, item - 2] += 1
    return found if counts else np.minimum(found, 1)


def test_als_serves_its_own_users_with_the_factors_that_spark_gave_them(
    spark: "SparkSession", root: Path, tmp_path: Path
) -> None:
    run_job("train", context_of(root, "als"))
    model = fitted(root, "als")
    config = AlsConfig(**SETTINGS["als"])
    sequences = Warehouse(root).open("sequences").read(spark, day=DAY)
    again = fit_factors(sequences, config, str(tmp_path / "checkpoints"))
    items = {row.id: row.features for row in again.itemFactors.collect()}
    assert np.allclose(model.item_vectors, [items[index] for index in model.item_index], atol=1e-5)

    number_of = {}  # MLlib's user by what the user has used
    blocks = int(spark.conf.get("spark.sql.shuffle.partitions") or 1)
    for row in ratings(sequences, rule_of(config), blocks).collect():
        number_of.setdefault(row.user, {})[row.item] = row.rating
    factors = {row.id: row.features for row in again.userFactors.collect()}
    stored = Warehouse(root).read_small("sequences", day=DAY)
    known = model.knows(stored)
    vectors = model.encode(stored)
    checked = 0
    for user, history in number_of.items():
        row = next(
            place
            for place, listed in enumerate(stored["item_index"].to_pylist())
            if {item: float(listed.count(item)) for item in listed if item > 1} == history
        )
        assert known[row]
        assert np.allclose(vectors[row], factors[user], atol=1e-4)
        checked += 1
    assert checked == len(users()) - 1 == known.sum()


@pytest.mark.parametrize("similarity", ["cosine", "conditional"])
def test_neighbours_are_those_of_a_direct_count(spark: "SparkSession", root: Path, similarity: str) -> None:
    run_job("train", context_of(root, "item_to_item", similarity=similarity))
    model = fitted(root, "item_to_item")
    used = weights(counts=False)
    together = used.T @ used
    own = np.diag(together)
    expected = together / (np.sqrt(np.outer(own, own)) if similarity == "cosine" else own[:, None])
    np.fill_diagonal(expected, 0)
    for item in range(ITEMS):
        order = np.lexsort((np.arange(ITEMS), -expected[item].astype(np.float32)))[3:]
        expected[item, order] = 0
    assert model.item_index.tolist() == list(range(2, 2 + ITEMS))
    assert np.allclose(model.item_vectors.toarray().T, expected, atol=1e-6)


def test_recent_events_weigh_more_in_neighbours(spark: "SparkSession", tmp_path: Path) -> None:
    """An event half a life before the end of the day counts half, so a pair of two such events a quarter."""
    end = datetime(2026, 1, 11, tzinfo=timezone.utc)
    rows = [
        sequence(user, items, event_time=[end - timedelta(days=age)] * 2)
        for user, items, age in (("a", [2, 3], 0), ("b", [2, 4], 10), ("c", [3, 4], 20))
    ]
    commit(spark, tmp_path, "vocab", DAY, [(item_id(item), item, DAY) for item in (2, 3, 4)])
    commit(spark, tmp_path, "sequences", DAY, rows)
    run_job("train", context_of(tmp_path, "item_to_item", half_life_days=10, similarity="conditional"))
    found = fitted(tmp_path, "item_to_item").item_vectors.toarray().T
    own = [1 + 1 / 4, 1 + 1 / 16, 1 / 4 + 1 / 16]
    together = np.array([[0, 1, 1 / 4], [1, 0, 1 / 16], [1 / 4, 1 / 16, 0]])
    assert np.allclose(found, together / np.array(own)[:, None], rtol=1e-5)


def test_ease_has_the_weights_of_the_closed_form(spark: "SparkSession", root: Path) -> None:
    run_job("train", context_of(root, "ease"))
    model = fitted(root, "ease")
    used = weights(counts=False)
    inverse = np.linalg.inv(used.T @ used + 2.0 * np.eye(ITEMS))
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0)
    assert np.allclose(model.item_vectors.T, expected, atol=1e-6)


def test_ease_refuses_a_catalogue_beyond_memory(spark: "SparkSession", root: Path) -> None:
    with pytest.raises(ConfigError, match=r"14 items, 0\.0 GB in one task.*max_items is 13"):
        run_job("train", context_of(root, "ease", max_items=13, ridge=3.0))
    assert not [path for path in (root / "bundles").iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("kind", SETTINGS)
def test_everyone_is_served_beside_the_network_and_twice_the_same(spark: "SparkSession", root: Path, kind: str) -> None:
    context = context_of(root, kind, name=f"{kind}-again")
    assert run_job("train", context).rows == {"models": 1}
    assert run_job("train", context) == NOTHING_TO_DO
    assert run_job("score", context).status == "done"
    assert run_job("score", context) == NOTHING_TO_DO
    warehouse = Warehouse(root)

    def rows(table: str) -> list[dict[str, Any]]:
        return warehouse.open(table).read_small(day=DAY, name=f"{kind}-again").to_pylist()

    lists: dict[str, list[dict[str, Any]]] = {user: [] for user in users()}
    for row in sorted(rows("recommendations"), key=lambda row: row["rank"]):
        lists[row["user_id"]].append(row)
    (model,) = rows("models")
    assert {row["model_version"] for given in lists.values() for row in given} == {model["model_version"]}
    assert {row["user_id"] for row in rows("unserved")} == set()
    for user, (items, _) in users().items():
        given = [row["item_id"] for row in lists[user]]
        assert len(given) == len(set(given)) == 4
        assert not {item_id(item) for item in items} & set(given)
    assert {row["source"] for row in lists["u0"]} == {"popularity"}
    assert lists["u1"][0]["source"] == "model"
    with_vectors = {row["user_id"] for row in rows("user_vectors")}
    assert with_vectors == (set(users()) - {"u0"} if kind == "als" else set())

    commit_model(spark, root, DAY, range(2, 2 + ITEMS), 2 + ITEMS)  # the network's, under its own name
    run_job("score", RunContext(config_of(root, score={"k": 4}), date.fromisoformat(DAY)))
    assert len(warehouse.open("recommendations").read_small(day=DAY, name="sasrec")) == 4 * len(users())
    assert len(rows("recommendations")) == 4 * len(users())


def test_behaviors_weigh_what_the_configuration_says(spark: "SparkSession", root: Path) -> None:
    """Views weigh nothing: whoever has only viewed is unknown to the model."""
    context = context_of(root, "als", name="purchases", behavior_weights={"purchase": 2})
    run_job("train", context)
    stored = Warehouse(root).read_small("sequences", day=DAY)
    bought = [
        any(item > 1 and behavior == PURCHASE for item, behavior in zip(items, behaviors, strict=True))
        for items, behaviors in zip(stored["item_index"].to_pylist(), stored["behavior"].to_pylist(), strict=True)
    ]
    assert fitted(root, "purchases").knows(stored).tolist() == bought
    assert 0 < sum(bought) < len(bought)


def test_a_damaged_bundle_is_named(spark: "SparkSession", root: Path) -> None:
    run_job("train", context_of(root, "ease", name="damaged"))
    (row,) = Warehouse(root).open("models").read_small(day=DAY, name="damaged").to_pylist()
    bundle = root / row["path"]
    model = Model(row["model_version"], str(bundle), row["manifest_sha256"])
    assert load_model(model).item_index.size == ITEMS
    (bundle / "weights.npz").write_bytes(b"no arrays")
    with pytest.raises(BadDataError, match=r"weights\.npz"):
        load_model(model)


def test_no_known_item_is_bad_data(spark: "SparkSession", tmp_path: Path) -> None:
    commit(spark, tmp_path, "vocab", DAY, [(item_id(2), 2, DAY)])
    commit(spark, tmp_path, "sequences", DAY, [sequence("u", [1, 1])])
    for kind in SETTINGS:
        with pytest.raises(BadDataError, match="no item to learn"):
            run_job("train", context_of(tmp_path, kind))
