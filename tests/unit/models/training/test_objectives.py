"""Which events a step hides: a share of those that weigh, one of each segment at least, decided stream by stream."""

import numpy as np
import pytest
import tensorflow as tf

from interest_spark.config.training.networks import Bert4RecConfig, SasRecConfig
from interest_spark.models.losses.loss import Targets
from interest_spark.models.networks.dropout import stream_keys
from interest_spark.models.training.objectives import build_objective
from interest_spark.schemas.behaviors import MASK_INDEX

BLOCKS, T, LENGTH = 200, 60, 15
SEGMENT = np.tile(np.repeat(np.arange(1, 1 + T // LENGTH), LENGTH), (BLOCKS, 1)).astype(np.int32)  # 4 of 15 tokens
ITEM = np.random.default_rng(0).integers(2, 50, (BLOCKS, T)).astype(np.int32)
ALL = np.ones((BLOCKS, T), np.float32)


def choose(
    config: Bert4RecConfig,
    keys: np.ndarray,
    segment: np.ndarray = SEGMENT,
    item: np.ndarray = ITEM,
    weight: np.ndarray = ALL,
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """What the network sees, and the weights of what it is to tell."""
    tokens = {"item": item, "segment": segment, "hour": item % 24, "position": item % T, "target": item}
    given = {name: tf.constant(values) for name, values in tokens.items()}
    targets = Targets(given["target"], tf.constant(weight))
    seen, chosen = build_objective(config)(given, targets, tf.constant(keys))
    assert chosen.item is targets.item
    return {name: values.numpy() for name, values in seen.items()}, chosen.weight.numpy()


def config(mask_share: float = 0.2, last_share: float = 0.0) -> Bert4RecConfig:
    return Bert4RecConfig(inputs=("hour",), mask_share=mask_share, last_share=last_share)


ONE_STREAM = stream_keys(3, 1, [0])


def test_hidden_events_are_mask_tokens_and_all_else_is_as_it_was() -> None:
    seen, weight = choose(config(), ONE_STREAM)
    hidden = weight > 0
    assert (seen["item"] == np.where(hidden, MASK_INDEX, ITEM)).all()
    assert (seen["hour"] == np.where(hidden, 0, ITEM % 24)).all()
    assert (seen["position"] == ITEM % T).all()
    assert (seen["target"] == ITEM).all()


@pytest.mark.parametrize("share", [0.2, 0.6])
def test_the_share_is_met_and_no_segment_goes_without(share: float) -> None:
    _, weight = choose(config(share), ONE_STREAM)
    of_segment = weight.reshape(-1, LENGTH).sum(axis=1)
    assert of_segment.min() >= 1
    assert weight.mean() == pytest.approx(share + (1 - share) ** LENGTH / LENGTH, abs=0.01)


def test_in_a_share_of_the_segments_the_newest_event_alone_is_hidden() -> None:
    _, weight = choose(config(0.0, 0.3), ONE_STREAM)  # of the others one event, any of them
    of_segment = weight.reshape(-1, LENGTH)
    assert (of_segment.sum(axis=1) == 1).all()
    assert of_segment[:, -1].mean() == pytest.approx(0.3 + 0.7 / LENGTH, abs=0.04)
    _, weight = choose(config(0.5, 1.0), ONE_STREAM)
    np.testing.assert_array_equal(weight.reshape(-1, LENGTH), np.eye(LENGTH)[[-1] * len(of_segment)])


def test_what_does_not_weigh_is_not_hidden_and_weights_stay() -> None:
    given = np.where(ITEM % 3 == 0, 0.0, np.where(ITEM % 3 == 1, 1.0, 2.5)).astype(np.float32)
    seen, weight = choose(config(0.5, 0.2), ONE_STREAM, weight=given)
    hidden = seen["item"] == MASK_INDEX
    np.testing.assert_array_equal(weight, np.where(hidden, given, 0.0))
    assert (given[hidden] > 0).all() and hidden.any()


def test_padding_and_empty_blocks_are_left_alone() -> None:
    seen, weight = choose(config(0.5, 0.5), ONE_STREAM, 0 * SEGMENT, 0 * ITEM, 0 * ALL)
    assert not weight.any() and not seen["item"].any()


def test_two_ranks_hide_what_one_rank_with_both_streams_hides() -> None:
    _, both = choose(config(0.2, 0.2), stream_keys(5, 9, [0, 1]))
    halves = [slice(0, BLOCKS // 2), slice(BLOCKS // 2, BLOCKS)]
    apart = [
        choose(config(0.2, 0.2), stream_keys(5, 9, [stream]), SEGMENT[half], ITEM[half], ALL[half])[1]
        for stream, half in enumerate(halves)
    ]
    np.testing.assert_array_equal(both, np.concatenate(apart))
    assert (apart[0] != apart[1]).any()


def test_each_step_hides_others_and_a_rerun_the_same() -> None:
    steps = [choose(config(), stream_keys(5, step, [0]))[1].tobytes() for step in (9, 9, 10)]
    assert steps[0] == steps[1] != steps[2]


def test_other_networks_see_everything() -> None:
    tokens, targets = {"item": tf.constant(ITEM)}, Targets(tf.constant(ITEM), tf.constant(ALL))
    found = build_objective(SasRecConfig())(tokens, targets, tf.constant(ONE_STREAM))
    assert found == (tokens, targets)
