"""The evaluation job on a world of six users whose figures are worked out by hand."""

import math
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from interest_spark.foundation.errors import ConfigError
from interest_spark.metrics.lists.list_metric import LIST_METRICS
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.report import NOTHING_TO_DO, Outcome
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.warehouse import Warehouse
from jobs.cli import command
from tests.integration.warehouse_world import commit, config_of, event, item_id, popularity, sequence
from tests.runs import run_job

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CUTOFF, DAY = "2026-01-03", "2026-01-10"
SECOND, THIRD = 1 / math.log2(3), 1 / math.log2(4)


def suggestions(user: str, items: list[int], source: str = "model") -> list[tuple[Any, ...]]:
    return [(user, rank, item_id(item), 1.0, source, "m1") for rank, item in enumerate(items, start=1)]


def in_category(category: str, *items: int) -> list[tuple[Any, ...]]:
    return [(item_id(item), None, None, category, None, None, None, None, None) for item in items]


def bought(user: str, item: int, day: str, hour: float = 12.0) -> tuple[Any, ...]:
    return event(user, item_id(item), day, hour, "purchase")


def build(spark: "SparkSession", root: Path, *, categories: bool = True) -> None:
    """Popularity at the cutoff: 2, 3, 4, 5, 6. Categories: A has 4, 5, 6, 7, and B 2, 3, 8. Lists hold three items.

    After the cutoff every item moved to a category that nobody had chosen.
    """
    if categories:
        commit(spark, root, "items", "2026-01-02", [*in_category("A", 4, 5, 6, 7), *in_category("B", 2, 3, 8)])
    commit(spark, root, "items", "2026-01-04", in_category("C", *range(2, 10)))
    commit(spark, root, "popularity", CUTOFF, popularity({2: 50, 3: 40, 4: 30, 5: 20, 6: 10}))
    commit(spark, root, "bots", CUTOFF, [("old robot", "volume", 900, 24, "")])
    commit(spark, root, "bots", DAY, [("new robot", "volume", 900, 24, "")])
    commit(spark, root, "vocab", CUTOFF, [(item_id(item), item, CUTOFF) for item in range(2, 10)])
    commit(spark, root, "vocab", DAY, [(item_id(20), 20, DAY)])
    histories = {"ann": [7, 7, 8], "ben": [2], "eve": [2, 3], "dan": [9], "new robot": [4], "fay": [5]}
    commit(spark, root, "sequences", CUTOFF, [sequence(user, items) for user, items in histories.items()])
    commit(spark, root, "sequences", DAY, [sequence(user, items) for user, items in histories.items()])
    published = (
        suggestions("ann", [5, 2, 9])
        + suggestions("ben", [3, 4, 5], "popularity")
        + suggestions("eve", [9, 8, 7])
        + suggestions("dan", [2, 3, 4])
        + suggestions("new robot", [2, 3, 5])
    )
    commit(spark, root, "recommendations", CUTOFF, published)
    commit(spark, root, "unserved", CUTOFF, [("old robot", "bot", 0), ("fay", "too_few_candidates", 0)])
    past = [
        event(user, item_id(item), "2026-01-01", hour)
        for user, items in histories.items()
        for hour, item in enumerate(items)
    ]
    commit(spark, root, "events", "2026-01-01", past)
    commit(spark, root, "events", "2026-01-04", [bought("ann", 2, "2026-01-04", 0.0), bought("ann", 8, "2026-01-04")])
    week = [
        bought("ann", 2, "2026-01-10"),  # again: counts once
        bought("ann", 20, "2026-01-10"),  # an item that came after the cutoff: nobody can suggest it, and it counts
        bought("ben", 4, "2026-01-10", 23.999),
        bought("ben", 2, "2026-01-10"),  # seen before the cutoff
        bought("eve", 3, "2026-01-10"),  # seen, and all she bought: she does not count
        event("dan", item_id(3), "2026-01-10"),  # a view, not a purchase
        bought("dan", 2, "2026-01-02"),  # arrived after the cutoff, happened before it
        bought("new robot", 2, "2026-01-10"),
        bought("old robot", 2, "2026-01-10"),
        bought("fay", 6, "2026-01-10"),  # had a reason instead of suggestions
        bought("stranger", 2, "2026-01-10"),  # came after the cutoff
    ]
    commit(spark, root, "events", DAY, week)


def run(spark: "SparkSession", root: Path, score: dict[str, Any] | None = None, **settings: Any) -> Outcome:
    config = config_of(
        root,
        score={"k": 3, **(score or {})},
        evaluate={
            "k": 3,
            "target_behaviors": ["purchase"],
            "baselines": ["popularity", "own_frequency"],
            "list_metrics": [],
            **settings,
        },
    )
    return run_job("evaluate", RunContext(config, date.fromisoformat(DAY)))


def measured(spark: "SparkSession", root: Path) -> dict[tuple[str, str], tuple[float, int]]:
    rows = Warehouse(root).open("metrics").read(spark, day=DAY).collect()
    assert {(row.model_version, row.split) for row in rows} == {("m1", "next_7_days")}
    return {(row.slice, row.metric): (row.value, row.users) for row in rows if row.against is None}


def compared(spark: "SparkSession", root: Path) -> dict[tuple[str, str], Any]:
    """The model's differences, by what it is compared with and metric."""
    rows = Warehouse(root).open("metrics").read(spark, day=DAY).where("against IS NOT NULL").collect()
    assert {row.slice for row in rows} <= {"model"}
    return {(row.against, row.metric): row for row in rows}


@pytest.fixture(scope="module")
def root(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("warehouse")
    build(spark, root)
    return root


@pytest.mark.slow
def test_by_hand_where_seen_items_are_excluded(spark: "SparkSession", root: Path) -> None:
    """Relevant are: ann 2, 20 (8 was seen); ben 4; fay 6. Popularity offers ann 2, 3, 4; ben 3, 4, 5; fay 2, 3, 4."""
    assert run(spark, root).rows == {"metrics": 24}
    best_of_two = 1 + SECOND
    found = measured(spark, root)
    expected = {
        ("model", "recall@3"): ((1 / 2 + 1 + 0) / 3, 3),
        ("model", "ndcg@3"): ((SECOND / best_of_two + SECOND + 0) / 3, 3),
        ("model:source=model", "recall@3"): (1 / 2, 1),
        ("model:source=model", "ndcg@3"): (SECOND / best_of_two, 1),
        ("model:source=popularity", "recall@3"): (1, 1),
        ("model:source=popularity", "ndcg@3"): (SECOND, 1),
        # Everybody had fewer than five events. Of what is relevant, 20 came after the cutoff and had no event.
        ("model:activity=1-4", "recall@3"): ((1 / 2 + 1 + 0) / 3, 3),
        ("model:activity=1-4", "ndcg@3"): ((SECOND / best_of_two + SECOND + 0) / 3, 3),
        ("model:item_age=new", "recall@3"): (0, 1),
        ("model:item_age=new", "ndcg@3"): (0, 1),
        ("model:item_age=0-6", "recall@3"): (2 / 3, 3),
        ("model:item_age=0-6", "ndcg@3"): (2 * SECOND / 3, 3),
        ("model:item_events=0", "recall@3"): (0, 1),
        ("model:item_events=0", "ndcg@3"): (0, 1),
        ("model:item_events=10-99", "recall@3"): (2 / 3, 3),
        ("model:item_events=10-99", "ndcg@3"): (2 * SECOND / 3, 3),
        ("popularity", "recall@3"): ((1 / 2 + 1 + 0) / 3, 3),
        ("popularity", "ndcg@3"): ((1 / best_of_two + SECOND + 0) / 3, 3),
        # No own item may be suggested. ann chose A twice, B once: 4 (2/3 30/60), 5 (2/3 20/60), 2 (1/3 50/90).
        # ben chose B: 3, then popular 4, 5. fay chose A: 4, 6, then popular 2.
        ("own_frequency", "recall@3"): ((1 / 2 + 1 + 1) / 3, 3),
        ("own_frequency", "ndcg@3"): ((THIRD / best_of_two + SECOND + SECOND) / 3, 3),
    }
    assert found.keys() == expected.keys()
    for key, (value, users) in expected.items():
        assert found[key] == (pytest.approx(value, abs=1e-8), users), key
    differences = compared(spark, root)
    assert differences.keys() == {
        (name, key) for name in ("popularity", "own_frequency") for key in ("recall@3", "ndcg@3")
    }
    for (name, metric), row in differences.items():
        assert row.value == pytest.approx(found["model", metric][0] - found[name, metric][0], abs=2e-9)
        assert row.low <= row.value <= row.high and row.users == 3
        assert 0 < row.p_value <= row.p_adjusted <= 1
    assert differences["popularity", "recall@3"].p_value == 1  # equal for everybody


def test_by_hand_where_seen_items_are_kept(spark: "SparkSession", root: Path) -> None:
    """Relevant are: ann 2, 8, 20; ben 2, 4; eve 3; fay 6. Popularity offers 2, 3, 4 to everybody."""
    run(spark, root, {"exclude_seen": False})
    found = measured(spark, root)
    assert found["model", "recall@3"] == (pytest.approx((1 / 3 + 1 / 2 + 0 + 0) / 4, abs=1e-8), 4)
    assert found["popularity", "recall@3"] == (pytest.approx((1 / 3 + 1 + 1 + 0) / 4, abs=1e-8), 4)
    # ann 7, 8, 4; ben 2, 3, 4; eve 3, 2 (equally often, 3 later), 4; fay 5, 4, 6.
    assert found["own_frequency", "recall@3"] == (pytest.approx((1 / 3 + 1 + 1 + 1) / 4, abs=1e-8), 4)
    ben, best = 1 + THIRD, 1 + SECOND
    assert found["own_frequency", "ndcg@3"] == (
        pytest.approx((SECOND / (best + THIRD) + ben / best + 1 + THIRD) / 4, abs=1e-8),
        4,
    )


def test_lists_by_hand(spark: "SparkSession", root: Path) -> None:
    """Ann's list is 5, 2, 9; Ben's 3, 4, 5; Fay has none. Popularity counts 150 events, and none of 9.

    In A are 5 and 4, in B 2 and 3, and 9 is in neither. Ann chose A twice and B once, Ben B. Eight items were known.
    """
    run(spark, root, baselines=["popularity"], list_metrics=list(LIST_METRICS))
    found = measured(spark, root)
    novelty = [[150 / 20, 150 / 50, 150], [150 / 40, 150 / 30, 150 / 20]]
    ann, ben = (sum(math.log2(ratio) for ratio in each) / 3 for each in novelty)
    mix = 2 / 3 * math.log(2 / 3 / (0.99 / 2 + 0.01 * 2 / 3)) + 1 / 3 * math.log(1 / 3 / (0.99 / 2 + 0.01 / 3))
    expected = {
        "novelty": (ann + ben) / 2,
        "average_popularity": ((20 + 50 + 0) / 3 + (40 + 30 + 20) / 3) / 2,
        "diversity": (1 + 2 / 3) / 2,
        "serendipity": 0.0,  # popularity had both hits, too
        "calibration": (mix + math.log(1 / (0.99 / 3 + 0.01))) / 2,
        "repeat_share": 0.0,
    }
    for metric, value in expected.items():
        assert found["model", f"{metric}@3"] == (pytest.approx(value, abs=1e-8), 2), metric
    assert found["model", "coverage@3"] == (pytest.approx(5 / 8), 3)
    # Suggested never: 6, 7, 8; once: 2, 3, 4, 9; twice: 5.
    counts = [0, 0, 0, 1, 1, 1, 1, 2]
    gini = sum((2 * place - 9) * count for place, count in enumerate(counts, start=1)) / (8 * 6)
    assert found["model", "gini@3"] == (pytest.approx(gini), 3)


def test_what_the_model_loses_to_is_said_first(spark: "SparkSession", root: Path, tmp_path: Path) -> None:
    """Of three users nobody can tell: it is no better than either."""
    run(spark, root)
    config = tmp_path / "shop.yaml"
    config.write_text(f"warehouse: {root}\nsources: {{events: {{path: unused}}}}\n", encoding="utf-8")
    done = CliRunner().invoke(command, ["show", "metrics", "--config", str(config), "--day", DAY])
    lines = done.stdout.splitlines()
    assert lines[0].startswith("the model is no better than own_frequency in ndcg@3: 0.3393 against 0.")
    assert [line.split(": ")[0] for line in lines[1:4]] == [
        f"the model is no better than {name}"
        for name in ("own_frequency in recall@3", "popularity in ndcg@3", "popularity in recall@3")
    ]


def test_a_gap_leaves_out_the_days_after_the_cutoff(spark: "SparkSession", root: Path) -> None:
    """One day judges, six are left out: what ann bought on the fourth is not relevant, and 2 again on the tenth is."""
    run(spark, root, horizon_days=1, gap_days=6, baselines=[])
    rows = Warehouse(root).open("metrics").read(spark, day=DAY).where("slice = 'model'").collect()
    assert {(row.metric, row.split, row.users) for row in rows} == {
        (metric, "next_1_days_after_6", 3) for metric in ("recall@3", "ndcg@3")
    }


@pytest.mark.slow
def test_fitted_baselines_leave_nothing_behind(spark: "SparkSession", root: Path) -> None:
    """Ann's items are neighbours of one another alone, and fay's has none: they get 2, 3, 4. Ben gets 3 by eve."""
    run(spark, root, baselines=["als", "item_to_item", "ease"])
    found = measured(spark, root)
    assert found["item_to_item", "ndcg@3"] == (pytest.approx((1 / (1 + SECOND) + SECOND + 0) / 3, abs=1e-8), 3)
    assert {found[name, "recall@3"][1] for name in ("als", "ease")} == {3}
    assert not (root / "bundles").exists() or not [*(root / "bundles").iterdir()]


def test_what_was_popular_lately(spark: "SparkSession", tmp_path: Path) -> None:
    """Two weeks ago an event counts a quarter: 6 with ten of the cutoff is before 2 with fifteen of then.

    Ann is offered 6, 2, where 2, 20 are relevant; Ben 6, where 4 is; Fay 6, 2, where 6 is.
    """
    build(spark, tmp_path)
    commit(spark, tmp_path, "popularity", CUTOFF, popularity({2: 15, 6: 10}))
    commit(spark, tmp_path, "item_days", CUTOFF, [(item_id(6), "view", 10, 0), (item_id(3), "share", 99, 0)])
    commit(spark, tmp_path, "item_days", "2025-12-20", [(item_id(2), "view", 95, 80)])  # 80 by machines
    run(spark, tmp_path, baselines=["recent_popularity"])
    found = measured(spark, tmp_path)
    assert found["recent_popularity", "recall@3"] == (pytest.approx((1 / 2 + 0 + 1) / 3, abs=1e-8), 3)
    assert found["recent_popularity", "ndcg@3"] == (pytest.approx((SECOND / (1 + SECOND) + 0 + 1) / 3, abs=1e-8), 3)
    assert not (tmp_path / "bundles").exists() or not [*(tmp_path / "bundles").iterdir()]


def test_blocked_items_take_no_place_of_own_ones(spark: "SparkSession", root: Path) -> None:
    """With 7 blocked: ann 8, 4, 5, where 2, 8, 20 are relevant; the others as before."""
    run(spark, root, {"exclude_seen": False, "blocked_items": [item_id(7)]})
    best = 1 + SECOND
    expected = (1 / (best + THIRD) + (1 + THIRD) / best + 1 + THIRD) / 4
    assert measured(spark, root)["own_frequency", "ndcg@3"] == (pytest.approx(expected, abs=1e-8), 4)


def test_where_the_shop_names_no_category_what_is_left_is_popularity(spark: "SparkSession", tmp_path: Path) -> None:
    build(spark, tmp_path, categories=False)
    run(spark, tmp_path)
    found = measured(spark, tmp_path)
    for metric in ("recall@3", "ndcg@3"):
        assert found["own_frequency", metric] == found["popularity", metric]


def test_the_metrics_and_baselines_are_those_that_the_configuration_names(spark: "SparkSession", root: Path) -> None:
    """Popularity offers ann 2, 3, 4; ben 3, 4, 5; fay 2, 3, 4."""
    run(spark, root, metrics=["mrr", "hit_rate"], baselines=["popularity"])
    found = {key: figure for key, figure in measured(spark, root).items() if ":" not in key[0]}
    assert {key[0] for key in compared(spark, root)} == {"popularity"}
    assert found == {
        ("model", "hit_rate@3"): (pytest.approx(2 / 3), 3),
        ("model", "mrr@3"): (pytest.approx((1 / 2 + 1 / 2 + 0) / 3), 3),
        ("popularity", "hit_rate@3"): (pytest.approx(2 / 3), 3),
        ("popularity", "mrr@3"): (pytest.approx((1 + 1 / 2 + 0) / 3), 3),
    }


def test_blocked_items_are_neither_offered_nor_relevant(spark: "SparkSession", root: Path) -> None:
    run(spark, root, {"blocked_items": [item_id(4), item_id(6)]})
    found = measured(spark, root)
    assert found["popularity", "recall@3"] == (pytest.approx(1 / 2), 1)


def test_nobody_to_judge(spark: "SparkSession", root: Path) -> None:
    run(spark, root, target_behaviors=["rate"])
    assert set(measured(spark, root).values()) == {(None, 0)}


def test_suggestions_that_were_never_made(spark: "SparkSession", tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="interest score --day 2026-01-03"):
        run(spark, tmp_path)


def test_longer_lists_than_published(spark: "SparkSession", tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"evaluate\.k 4 exceeds score\.k 3"):
        run(spark, tmp_path, k=4)


@pytest.mark.slow
def test_skips_what_is_current_and_later_events_change_nothing(spark: "SparkSession", root: Path) -> None:
    """Events of days after D, and late ones from before the cutoff, leave every figure as it is."""
    run(spark, root)
    before = measured(spark, root)
    assert run(spark, root) == NOTHING_TO_DO
    commit(spark, root, "events", "2026-01-11", [bought("fay", 2, "2026-01-11", 0.0), bought("dan", 2, "2026-01-09")])
    assert run(spark, root) == NOTHING_TO_DO
    late = [bought("fay", 2, CUTOFF, 23.999), bought("dan", 2, "2026-01-01")]
    commit(spark, root, "events", "2026-01-05", late)
    assert run(spark, root).status == "done"
    assert measured(spark, root) == before


@pytest.mark.skipif("promotions" not in TABLES, reason="this deployment promotes no models")
def test_the_champion_is_judged_beside_another_model(spark: "SparkSession", root: Path) -> None:
    """Its lists of the cutoff lie under another name; it finds what ann, ben and fay want at once."""
    decided = {"number": 1, "decided": "first", "champion": "m0", "reason": "there was none"}
    commit(spark, root, "promotions", CUTOFF, [tuple(decided.get(name) for name in TABLES["promotions"].names)])
    lists = {"ann": [2], "ben": [4], "fay": [6]}
    rows = [(user, 1, item_id(item), 1.0, "model", "m0") for user, items in lists.items() for item in items]
    commit(spark, root, "recommendations", CUTOFF, rows, "champions")
    run(spark, root, baselines=["popularity"])
    assert measured(spark, root)["champion", "recall@3"] == (pytest.approx((1 / 2 + 1 + 1) / 3, abs=1e-8), 3)
    assert {name for name, _ in compared(spark, root)} == {"popularity", "champion"}
