"""Simulated evaluations: how often the intervals contain the truth."""

import numpy as np
import pyarrow as pa

from interest_spark.evaluation.figures import all_figures
from interest_spark.evaluation.judge import Users
from interest_spark.evaluation.known_items import ItemFiles, KnownItems
from interest_spark.evaluation.tally import MODEL, Question, Tally, add_users, total
from interest_spark.metrics.lists.shown import UNKNOWN, Catalogue, Pairs

EVALUATIONS, USERS, ITEMS, K = 200, 400, 60, 5
FILES = ItemFiles((), (), (), "2026-01-03", ())
QUESTION = Question((MODEL, "popularity"), ("ndcg", "recall"), (), K, ("view",), FILES, resamples=400, flips=256)
FOUND = {MODEL: 0.22, "popularity": 0.15}
"""How likely each contender suggests the item that the user wants, at a place drawn evenly."""


def items() -> KnownItems:
    nothing = np.zeros(ITEMS)
    catalogue = Catalogue(nothing, np.full(ITEMS, UNKNOWN), 0.0)
    ids = pa.array([str(number) for number in range(ITEMS)])
    return KnownItems(ids, np.arange(ITEMS), catalogue, np.zeros(ITEMS, np.int64), np.ones(ITEMS, bool))


def simulated(random: np.random.Generator) -> tuple[Users, dict[str, np.ndarray]]:
    """Every user wants item 0, which the contenders' lists hold with their probabilities."""
    nobody, none = [None] * USERS, Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64))
    wanted = Pairs(np.arange(USERS), np.zeros(USERS, np.int64))
    users = Users(wanted, np.ones(USERS, np.int64), nobody, nobody, nobody, np.ones(USERS, np.int64), none, none)
    lists = {}
    luck = random.random(USERS)  # easy users are easy for both
    for name, share in FOUND.items():
        listed = np.tile(np.arange(1, K + 1), (USERS, 1))
        found = 0.5 * luck + 0.5 * random.random(USERS) < np.sqrt(share / 2)
        listed[found, random.integers(0, K, USERS)[found]] = 0
        lists[name] = listed
    return users, lists


def truth() -> dict[tuple[str, str], float]:
    """The mean of a hit at an even place: P(hit) times 1, or times the mean discount. P(a + b < 2 s) = 2 s^2."""
    discount = float(np.mean(1 / np.log2(np.arange(K) + 2)))
    mean_gain = {"ndcg@5": discount, "recall@5": 1.0}
    return {(name, metric): share * gain for name, share in FOUND.items() for metric, gain in mean_gain.items()}


def test_intervals_contain_the_truth_nineteen_times_in_twenty() -> None:
    random, known, true = np.random.default_rng(31), items(), truth()
    covered: dict[tuple[str, str, str | None], int] = {}
    for number in range(EVALUATIONS):
        tally, (users, lists) = Tally(), simulated(random)
        add_users(tally, users, np.arange(USERS) + number * USERS, lists, known, QUESTION)
        for row in all_figures(tally, known, QUESTION):
            if ":" in row.slice:
                continue
            expected = true[row.slice, row.metric] - (true[row.against, row.metric] if row.against else 0.0)
            assert row.low is not None and row.high is not None and row.value is not None
            key = (row.slice, row.metric, row.against)
            covered[key] = covered.get(key, 0) + (row.low <= expected <= row.high)
    assert len(covered) == 6
    assert all(180 <= count <= 199 for count in covered.values()), covered


def test_tasks_change_nothing() -> None:
    """The tallies of parts, sent as rows in any order, add up to that of all users."""
    users, lists = simulated(np.random.default_rng(7))
    question = Question(QUESTION.contenders, QUESTION.metrics, ("coverage", "gini"), K, ("view",), FILES, 50, 64)
    whole, parts = Tally(), []
    add_users(whole, users, np.arange(USERS), lists, items(), question)
    for task, part in enumerate(np.array_split(np.arange(USERS), 3)):
        few = Users(
            Pairs(np.arange(len(part)), np.zeros(len(part), np.int64)),
            *(each[: len(part)] for each in (users.behaviors, users.platform, users.source, users.region)),
            users.events[: len(part)],
            users.history,
            users.seen,
        )
        tally = Tally()
        add_users(tally, few, part, {name: each[part] for name, each in lists.items()}, items(), question)
        parts.append(tally.rows(task))
    again = all_figures(total(reversed(parts)), items(), question)
    assert again == all_figures(whole, items(), question)
    assert {row.metric for row in again} == {"ndcg@5", "recall@5", "coverage@5", "gini@5"}
