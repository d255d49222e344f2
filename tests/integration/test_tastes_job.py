"""Tastes of a planted world: groups of items are found and named, and users' shares are those of the softmax."""

from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from interest_spark.applications.tastes.spherical_kmeans import cluster_directions
from interest_spark.config.training.networks import SasRecConfig
from interest_spark.foundation.errors import BadDataError, ConfigError
from interest_spark.models.champion import Candidate, decision_for
from interest_spark.models.inference import load_encoder
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import plan_steps
from interest_spark.pipeline.report import NOTHING_TO_DO
from interest_spark.pipeline.runner import run_step
from interest_spark.platform.failures import expected_failure
from interest_spark.steps.tastes import TASTES_BY_CHAMPION, TASTES_STEP
from interest_spark.storage.layout import Slice
from interest_spark.storage.warehouse import Warehouse
from tests.integration.warehouse_world import commit, commit_model, config_of, item_id, popularity, sequence
from tests.promotion_world import plant_model
from tests.runs import run_job
from tests.small_tables import put_rows
from tests.taste_world import (
    DAY,
    GROUPS,
    ITEMS,
    LATER,
    USERS,
    WIDTH,
    item_vectors,
    put_catalogue,
    put_model,
    put_users,
    put_world,
    user_vectors,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.usefixtures("spark")
TOP = 3


def context(root: Path, day: str = DAY, *, force: bool = False, **sections: Any) -> RunContext:
    given = {"profiles": {"tastes": {"clusters": GROUPS, "top": TOP, "named_by": 2, "seed": 3}}, **sections}
    return RunContext(config_of(root, **given), date.fromisoformat(day), force=force)


def rows(root: Path, table: str, day: str = DAY) -> list[dict[str, Any]]:
    return sorted(Warehouse(root).read_small(table, day=day).to_pylist(), key=str)


def softmax(users: np.ndarray, items: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """float64[n, items], all scores at once."""
    scores = scale * users.astype(np.float64) @ items.astype(np.float64).T
    chances = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(chances / chances.sum(axis=1, keepdims=True))


def check_shares(root: Path, chances: np.ndarray, users: list[str], groups: np.ndarray, top: int = TOP) -> None:
    """The published values are the sums of the items' chances, by group; clusters are told by their items."""
    clusters = {row["cluster"]: group_of(row["item_ids"][0]) for row in rows(root, "taste_clusters")}
    expected = np.stack([chances[:, groups == group].sum(axis=1) for group in range(GROUPS)], axis=1)
    given = defaultdict(list)
    for row in rows(root, "tastes"):
        given[row["user_id"]].append(row)
    assert set(given) == set(users)
    for user, shares in zip(users, expected, strict=True):
        own = sorted(given[user], key=lambda row: row["rank"])
        assert [row["rank"] for row in own] == list(range(1, top + 1))
        assert [clusters[row["cluster"]] for row in own] == np.argsort(-shares)[:top].tolist()
        assert [row["value"] for row in own] == pytest.approx(np.sort(shares)[::-1][:top].tolist(), abs=1e-6)
        assert sum(row["value"] for row in own) <= 1 + 1e-12


def group_of(name: str) -> int:
    return {item_id(item): item % GROUPS for item in ITEMS}[name]


@pytest.fixture(scope="module")
def root(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The planted world, with its tastes."""
    root = tmp_path_factory.mktemp("tastes")
    put_world(root)
    outcome = run_step(TASTES_STEP, context(root))
    assert (outcome.status, outcome.rows) == ("done", {"taste_clusters": GROUPS, "tastes": USERS * TOP})
    return root


def test_the_groups_are_found_and_named(root: Path) -> None:
    found = {group_of(row["item_ids"][0]): row for row in rows(root, "taste_clusters")}
    told = {group: (row["category"], row["category_share"]) for group, row in found.items()}
    assert told == {0: ("tea", 0.8), 1: ("shoes", 1.0), 2: (None, None), 3: (None, None)}
    named_by = {group: best_known_near_the_centre(group) for group in range(GROUPS)}
    assert {group: row["item_ids"] for group, row in found.items()} == {
        group: [item_id(item) for item in items] for group, items in named_by.items()
    }
    titles = {group: ", ".join(f"T{item}" for item in items) for group, items in named_by.items()}
    assert {group: row["name"] for group, row in found.items()} == {
        0: f"tea: {titles[0]}",
        1: f"shoes: {titles[1]}",
        2: titles[2],
        3: ", ".join(item_id(item) for item in named_by[3]),  # whose titles nobody knows
    }
    assert {(row["items"], row["model_version"]) for row in found.values()} == {(10, f"m-{DAY}-1")}
    assert sorted(row["cluster"] for row in found.values()) == [1, 2, 3, 4]


def best_known_near_the_centre(group: int) -> list[int]:
    """The two most popular, which have the lowest numbers, of the half of the group that is nearest to its mean."""
    units = item_vectors() / np.linalg.norm(item_vectors(), axis=1, keepdims=True)
    places = [place for place, item in enumerate(ITEMS) if item % GROUPS == group]
    cosines = units[places] @ units[places].sum(axis=0)
    nearest = [places[each] for each in np.argsort(-cosines)[: len(places) // 2]]
    return sorted(ITEMS[place] for place in nearest)[:2]


def test_values_are_the_softmax_of_the_published_vectors(root: Path) -> None:
    users = [f"用户-{user}" for user in range(USERS)]
    check_shares(root, softmax(user_vectors(), item_vectors()), users, np.array(ITEMS) % GROUPS)
    clusters = {row["cluster"]: group_of(row["item_ids"][0]) for row in rows(root, "taste_clusters")}
    first = {row["user_id"]: clusters[row["cluster"]] for row in rows(root, "tastes") if row["rank"] == 1}
    own = [first[f"用户-{user}"] == user % GROUPS for user in range(USERS)]
    assert np.mean(own) > 0.95


def test_the_second_run_does_nothing_and_a_forced_one_gives_the_same(root: Path) -> None:
    before = [rows(root, table) for table in TASTES_STEP.writes]
    assert run_step(TASTES_STEP, context(root)) is NOTHING_TO_DO
    assert run_step(TASTES_STEP, context(root, force=True)).status == "done"
    assert [rows(root, table) for table in TASTES_STEP.writes] == before
    assert [path.name for path in (root / "bundles").iterdir()] == [f"m-{DAY}-1"]  # nothing is left beside it


def test_nothing_later_changes_a_day(tmp_path: Path) -> None:
    warehouse = put_world(tmp_path)
    run_step(TASTES_STEP, context(tmp_path))
    before = [rows(tmp_path, table) for table in TASTES_STEP.writes]
    version = put_model(warehouse, LATER, seed=7)["model_version"]
    put_users(warehouse, LATER, version, seed=7)
    put_catalogue(warehouse, LATER, title="later-")
    assert run_step(TASTES_STEP, context(tmp_path)) is NOTHING_TO_DO
    run_step(TASTES_STEP, context(tmp_path, force=True))
    assert [rows(tmp_path, table) for table in TASTES_STEP.writes] == before
    run_step(TASTES_STEP, context(tmp_path, LATER))
    later = rows(tmp_path, "taste_clusters", LATER)
    assert {row["model_version"] for row in later} == {version}
    assert all("later-" in row["name"] or "T" not in row["name"] for row in later)


def test_the_softmax_has_the_scale_that_the_loss_had(tmp_path: Path) -> None:
    put_world(tmp_path, score_scale=3.0, network=SasRecConfig(dim=8, layers=1, heads=2, unit_vectors=True))
    run_step(TASTES_STEP, context(tmp_path))
    units = item_vectors() / np.linalg.norm(item_vectors(), axis=1, keepdims=True)
    users = [f"用户-{user}" for user in range(USERS)]
    check_shares(tmp_path, softmax(user_vectors(), units, 3.0), users, np.array(ITEMS) % GROUPS)


def test_the_champion_is_asked_where_one_serves(tmp_path: Path) -> None:
    """And not a newer model; the day's vectors are the champion's."""
    warehouse = put_world(tmp_path)
    (served,) = warehouse.read_small("models", day=DAY).to_pylist()
    decision = decision_for(Candidate.of_row(served), "first", "the first model to serve")
    put_rows(warehouse, "promotions", "first", {Slice(DAY, "sasrec"): [vars(decision)]})
    put_model(warehouse, LATER, seed=7)
    put_users(warehouse, LATER, served["model_version"])
    put_catalogue(warehouse, LATER)
    assert run_step(TASTES_BY_CHAMPION, context(tmp_path, LATER, promote={})).status == "done"
    assert {row["model_version"] for row in rows(tmp_path, "tastes", LATER)} == {served["model_version"]}
    with pytest.raises(ConfigError, match=rf"are of model m-{DAY}-1, and m-{LATER}-7 serves.*interest score"):
        run_step(TASTES_STEP, context(tmp_path, LATER))


def reason(run: RunContext) -> str:
    """Why the day is left out."""
    (told,) = plan_steps([(TASTES_STEP, run)])
    assert told.state == "does not apply"
    assert run_step(TASTES_STEP, run) is NOTHING_TO_DO
    assert run.warehouse.version("tastes") == -1
    return told.reason


def test_a_day_without_what_is_needed_is_left_out_with_the_reason(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    put_catalogue(warehouse, DAY)
    assert reason(context(tmp_path)) == f"no model sasrec serves on {DAY}"
    put_model(warehouse, LATER)
    assert reason(context(tmp_path)) == f"no model sasrec serves on {DAY}"
    assert f"`interest score --day {LATER}` makes it" in reason(context(tmp_path, LATER))


def test_a_model_whose_softmax_nobody_knows_is_left_out_with_the_reason(tmp_path: Path) -> None:
    old, neighbours = tmp_path / "old", tmp_path / "neighbours"
    put_world(old, score_scale=None, network=SasRecConfig(dim=8, layers=1, heads=2, unit_vectors=True))
    assert "of an earlier release" in reason(context(old))
    warehouse = Warehouse(neighbours)
    plant_model(warehouse, DAY, ITEMS, "v1")
    put_rows(warehouse, "user_vectors", "users", {Slice(DAY, "item_to_item"): []})
    assert "v1 serves, a collaborative model" in reason(context(neighbours, collaborative={"kind": "item_to_item"}))


def test_vectors_that_do_not_fit_publish_nothing(tmp_path: Path) -> None:
    warehouse = put_world(tmp_path)
    short = {"user_id": "u", "vector": [1.0] * (WIDTH - 1), "model_version": f"m-{DAY}-1"}
    put_rows(warehouse, "user_vectors", "short", {Slice(DAY, "sasrec"): [short]})
    with pytest.raises(Exception, match="user_vectors") as raised:
        run_step(TASTES_STEP, context(tmp_path))
    failure = expected_failure(raised.value)
    assert isinstance(failure, BadDataError)
    assert f"make its day anew: `interest score --day {DAY} --force`" in str(failure)
    assert warehouse.version("tastes") == -1
    assert [path.name for path in (tmp_path / "bundles").iterdir()] == [f"m-{DAY}-1"]


@pytest.mark.slow
def test_the_job_makes_lists_and_then_tastes_of_everybody_with_a_vector(spark: "SparkSession", tmp_path: Path) -> None:
    """Of an untrained network, and of a catalogue that the shop has never delivered."""
    users = {f"u{user}": [2 + (user + place) % 38 for place in range(5)] for user in range(40)}
    commit(spark, tmp_path, "sequences", DAY, [sequence(user, items) for user, items in users.items()])
    commit(spark, tmp_path, "popularity", DAY, popularity({item: 100 - item for item in ITEMS}))
    commit_model(spark, tmp_path, DAY, list(ITEMS), ITEMS[-1] + 1)
    done = run_job("score", context(tmp_path, score={"k": 3}))
    assert done.rows["tastes"] == TOP * len(users)
    assert run_job("score", context(tmp_path, score={"k": 3})) == NOTHING_TO_DO
    encoder = load_encoder(tmp_path / "bundles" / f"m-{DAY}")
    vectors = {row["user_id"]: row["vector"] for row in rows(tmp_path, "user_vectors")}
    chances = softmax(np.array(list(vectors.values()), np.float32), encoder.item_vectors)
    sizes = {row["cluster"]: row["items"] for row in rows(tmp_path, "taste_clusters")}
    assert sum(sizes.values()) == len(ITEMS)
    for row in rows(tmp_path, "tastes"):
        assert row["model_version"] == f"m-{DAY}"
        assert 0 < row["value"] < 1
    expected = np.sort(shares_by_cluster(chances, encoder.item_vectors), axis=1)[:, ::-1][:, :TOP]
    given = {(row["user_id"], row["rank"]): row["value"] for row in rows(tmp_path, "tastes")}
    found = [[given[user, rank] for rank in range(1, TOP + 1)] for user in vectors]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def shares_by_cluster(chances: np.ndarray, items: np.ndarray) -> np.ndarray:
    number = cluster_directions(items, GROUPS, seed=3).number
    return np.stack([chances[:, number == each].sum(axis=1) for each in range(GROUPS)], axis=1)
