"""The scoring job against a real bundle: everyone gets an answer, twice the same, and from the past only."""

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from interest_spark.foundation.errors import BadDataError, ConfigError
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.report import NOTHING_TO_DO, Outcome
from interest_spark.storage.warehouse import Warehouse
from tests.integration.warehouse_world import commit, commit_model, config_of, item_id, popularity, sequence
from tests.runs import run_job

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DAY = "2026-01-10"
MODEL_ITEMS = list(range(2, 40, 2))
ITEMS = range(2, 45)
BLOCKED = (item_id(4), item_id(7))
K = 5


def histories() -> dict[str, list[int]]:
    """200 users: of items the model knows, of items it does not, of both, and one who has seen everything."""
    rng = random.Random(11)
    users = {f"用户-{number}": [rng.choice(ITEMS) for _ in range(rng.randint(1, 30))] for number in range(200)}
    users["only new items"] = [3, 5, 41]
    users["unknown items"] = [1, 1]
    users["has seen everything"] = list(ITEMS)
    users["has seen all but two"] = [item for item in ITEMS if item not in (2, 9)]
    return users


@pytest.fixture(scope="module")
def root(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("warehouse")
    commit(spark, root, "popularity", DAY, popularity({item: 100 - item for item in ITEMS}))
    commit(spark, root, "bots", DAY, [("robot", "too_many_events", 900, 24, "900 events on one day")])
    commit(spark, root, "sequences", DAY, [sequence(user, items) for user, items in histories().items()])
    commit_model(spark, root, "2026-01-09", MODEL_ITEMS, 45)
    yield root


def run(spark: "SparkSession", root: Path, day: str = DAY, **settings: Any) -> Outcome:
    config = config_of(root, score={"k": K, "blocked_items": BLOCKED, "batch_users": 64, **settings})
    return run_job("score", RunContext(config, date.fromisoformat(day)))


def rows(spark: "SparkSession", root: Path, table: str) -> list[Any]:
    return Warehouse(root).open(table).read(spark, day=DAY).orderBy("user_id").collect()


@pytest.mark.slow
def test_everyone_gets_k_rows_or_a_reason(spark: "SparkSession", root: Path) -> None:
    outcome = run(spark, root)
    assert outcome.status == "done"
    answers = defaultdict(list)
    for row in rows(spark, root, "recommendations"):
        answers[row.user_id].append(row)
    reasons = {row.user_id: (row.reason, row.rows) for row in rows(spark, root, "unserved")}
    vectors = {row.user_id: row.vector for row in rows(spark, root, "user_vectors")}
    assert outcome.rows == {
        "recommendations": sum(map(len, answers.values())),
        "unserved": len(reasons),
        "user_vectors": len(vectors),
    }
    assert reasons == {"robot": ("bot", 0), "has seen everything": ("too_few_candidates", 0)} | {
        "has seen all but two": ("too_few_candidates", 2)
    }
    ids = {item_id(item): item for item in ITEMS}
    for user, history in histories().items():
        given = sorted(answers[user], key=lambda row: row.rank)
        items = [ids[row.item_id] for row in given]
        assert [row.rank for row in given] == list(range(1, len(given) + 1))
        assert len(given) == K or reasons[user] == ("too_few_candidates", len(given))
        assert len(set(items)) == len(items)
        assert not set(items) & (set(history) | {4, 7})
        known = bool(set(history[-16:]) & set(MODEL_ITEMS))
        assert (user in vectors) == known
        sources = [row.source for row in given]
        assert sources == sorted(sources) and ("model" in sources) <= known
        from_model = [row.score for row in given if row.source == "model"]
        assert from_model == sorted(from_model, reverse=True)
        assert {row.model_version for row in given} <= {"m-2026-01-09"}
    assert [row.item_id for row in answers["only new items"]] == [item_id(item) for item in (2, 6, 8, 9, 10)]
    assert answers["only new items"][0].score == pytest.approx(98 / sum(100 - item for item in ITEMS))


def test_scores_are_products_of_the_published_vectors(spark: "SparkSession", root: Path) -> None:
    from interest_spark.models.inference import load_encoder

    run(spark, root)
    encoder = load_encoder(root / "bundles" / "m-2026-01-09")
    place = {name: number for number, name in enumerate(encoder.item_ids.to_pylist())}
    vectors = {row.user_id: row.vector for row in rows(spark, root, "user_vectors")}
    for row in rows(spark, root, "recommendations"):
        if row.source == "model":
            expected = encoder.item_vectors[place[row.item_id]] @ vectors[row.user_id]
            assert row.score == pytest.approx(expected, abs=1e-5)


def test_the_published_vectors_are_the_encoders_own(spark: "SparkSession", tmp_path: Path) -> None:
    """Of a network with inputs, whichever lists of `sequences` they are computed from."""
    from interest_spark.models.inference import load_encoder

    users = {user: items for user, items in histories().items() if set(items) & set(MODEL_ITEMS)}
    sequences = [
        sequence(user, items, behavior=[1 + item % 5 for item in items], category=[item**5 for item in items])
        for user, items in users.items()
    ]
    commit(spark, tmp_path, "sequences", DAY, sequences)
    commit_model(spark, tmp_path, DAY, MODEL_ITEMS, 45, inputs=("behavior", "category", "hour"))
    with pytest.raises(ConfigError, match=f"earlier release.*interest sequences --day {DAY}"):
        run(spark, tmp_path)
    commit(spark, tmp_path, "categories", DAY, [])
    run(spark, tmp_path)
    stored = Warehouse(tmp_path).read_small("sequences", day=DAY)
    expected = load_encoder(tmp_path / "bundles" / f"m-{DAY}").encode(stored)
    vectors = {row.user_id: row.vector for row in rows(spark, tmp_path, "user_vectors")}
    for user, vector in zip(stored["user_id"].to_pylist(), expected, strict=True):
        assert vectors[user] == pytest.approx(vector.tolist(), abs=1e-5)


def test_twice_the_same_and_the_second_run_is_a_no_op(spark: "SparkSession", root: Path) -> None:
    """Neither the order in which the sequences lie nor a model of a later day changes anything."""
    run(spark, root)
    assert run(spark, root) == NOTHING_TO_DO
    before = {table: rows(spark, root, table) for table in ("recommendations", "user_vectors", "unserved")}
    commit(spark, root, "sequences", DAY, [sequence(user, items) for user, items in reversed(histories().items())])
    commit_model(spark, root, "2026-01-11", MODEL_ITEMS[::2], 45)
    assert run(spark, root).status == "done"
    after = {table: rows(spark, root, table) for table in ("recommendations", "user_vectors", "unserved")}
    assert after == before


def test_a_shop_that_keeps_seen_items(spark: "SparkSession", root: Path) -> None:
    run(spark, root, exclude_seen=False)
    given = {row.user_id for row in rows(spark, root, "recommendations")}
    assert "has seen everything" in given
    assert [row.user_id for row in rows(spark, root, "unserved")] == ["robot"]


def test_what_is_missing_is_named(spark: "SparkSession", root: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="interest sequences --day 2026-01-12"):
        run(spark, root, day="2026-01-12")
    commit(spark, tmp_path, "sequences", DAY, [sequence("u", [2])])
    with pytest.raises(ConfigError, match="interest train --day 2026-01-10"):
        run(spark, tmp_path)


def test_a_changed_bundle_publishes_nothing(spark: "SparkSession", tmp_path: Path) -> None:
    commit(spark, tmp_path, "sequences", DAY, [sequence("u", [2])])
    commit_model(spark, tmp_path, DAY, MODEL_ITEMS, 45)
    weights = tmp_path / "bundles" / f"m-{DAY}" / "weights.npz"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    with pytest.raises(BadDataError, match=r"weights\.npz was changed"):
        run(spark, tmp_path)
    assert Warehouse(tmp_path).version("recommendations") == -1
    assert not (tmp_path / "recommendations").exists()


def test_a_user_without_a_history_gets_what_is_popular(spark: "SparkSession", root: Path) -> None:
    commit(spark, root, "sequences", DAY, [sequence("only searches", []), sequence("usual", [2, 3])])
    run(spark, root)
    given = [row for row in rows(spark, root, "recommendations") if row.user_id == "only searches"]
    assert sorted(row.rank for row in given) == list(range(1, K + 1))
    assert {row.source for row in given} == {"popularity"}
    assert [row.user_id for row in rows(spark, root, "user_vectors")] == ["usual"]


def test_a_day_without_users(spark: "SparkSession", tmp_path: Path) -> None:
    commit(spark, tmp_path, "sequences", DAY, [])
    commit_model(spark, tmp_path, DAY, MODEL_ITEMS, 45)
    assert run(spark, tmp_path).rows == {"recommendations": 0, "user_vectors": 0, "unserved": 0}
    assert run(spark, tmp_path) == NOTHING_TO_DO
