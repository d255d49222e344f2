"""What is known of users, beside what a network makes of their events."""

import numpy as np
import pytest
import tensorflow as tf

from interest_spark.config.training.networks import Gru4RecConfig, NetworkConfig, SasRecConfig, TwoTowersConfig
from interest_spark.models.card import build_network
from interest_spark.models.networks.dropout import StreamDropout
from interest_spark.models.networks.network import Network
from interest_spark.models.networks.parameters import Parameters
from interest_spark.models.networks.user_side import UserSide
from interest_spark.schemas.behaviors import MASK_INDEX, UNKNOWN_INDEX

T, V, WIDTH = 6, 40, 3
TOKENS = {
    "item": np.array([[5, 9, UNKNOWN_INDEX, 7, 5, 0]], np.int32),
    "segment": np.array([[1, 1, 1, 2, 2, 0]], np.int32),
    "position": np.array([[3, 4, 5, 4, 5, 0]], np.int32),
    "user_attribute_1": np.array([[3, 3, 3, 0, 0, 0]], np.int32),
    "user_attribute_2": np.array([[0, 0, 0, 4, 4, 0]], np.int32),
}
SIDE = {
    "content": {"als": WIDTH},
    "user_content": True,
    "user_attributes": ["gender", "region"],
    "user_attribute_codes": 8,
}
KINDS: dict[str, NetworkConfig] = {
    "sasrec": SasRecConfig(dim=8, feed_forward=8, **SIDE),
    "gru4rec": Gru4RecConfig(dim=8, hidden=8, **SIDE),
}


def encode(network: Network, tokens: dict[str, np.ndarray]) -> np.ndarray:
    return np.asarray(network.encode(tensors(tokens)))


def tensors(tokens: dict[str, np.ndarray]) -> dict[str, tf.Tensor]:
    return {name: tf.constant(values) for name, values in tokens.items()}


def with_factors(config: NetworkConfig) -> tuple[Network, dict[str, np.ndarray]]:
    network = build_network(config, V, T, seed=1)
    values = {**network.parameters.values(), "content/als": factors()}
    network.parameters.assign(values)
    return network, values


def factors() -> np.ndarray:
    drawn = np.random.default_rng(2).normal(size=(V, WIDTH)).astype(np.float32)
    drawn[: UNKNOWN_INDEX + 1] = 0
    return drawn


def side_of(config: NetworkConfig) -> UserSide:
    parameters = Parameters(seed=1)
    parameters.frozen_array("content/als", factors())
    return UserSide(config, parameters)


@pytest.mark.parametrize("config", KINDS.values(), ids=KINDS)
def test_vectors_of_attributes_and_the_mean_of_projected_factors_are_added(config: NetworkConfig) -> None:
    network, values = with_factors(config)
    plain = build_network(config.model_copy(update={"user_attributes": (), "user_content": False}), V, T)
    plain.parameters.assign({name: value for name, value in values.items() if not name.startswith("user/")})
    added = encode(network, TOKENS)[0] - encode(plain, TOKENS)[0]
    projected = values["content/als"] @ values["user/als/projection"]
    gender, region = values["user/gender/vectors"], values["user/region/vectors"]
    assert not gender[0].any() and gender[3].any()
    items = TOKENS["item"][0]
    expected = [projected[items[: place + 1]].mean(axis=0) + gender[3] for place in range(3)]
    expected += [projected[items[3 : place + 1]].mean(axis=0) + region[4] for place in (3, 4)]
    np.testing.assert_allclose(added[:5], expected, atol=1e-5)


def test_nothing_is_told_of_a_hidden_item() -> None:
    side, item = side_of(KINDS["gru4rec"]), TOKENS["item"]
    hidden, unknown = (tensors({**TOKENS, "item": np.where(item == 9, code, item)}) for code in (MASK_INDEX, 0))
    np.testing.assert_array_equal(side(hidden), side(unknown))


def test_a_share_of_the_tokens_is_trained_without() -> None:
    side = side_of(KINDS["sasrec"].model_copy(update={"content_dropout": 0.5}))
    many = tensors({name: np.repeat(each, 64, axis=0) for name, each in TOKENS.items()})
    shown = np.asarray(side(many, StreamDropout(tf.constant([[1, 2]]))))[:, :5]
    whole = np.asarray(side(many))[:, :5]
    without = ~shown.any(axis=2)
    assert 0.4 < without.mean() < 0.6
    np.testing.assert_array_equal(shown[~without], whole[~without])


def test_the_users_tower_takes_it_in() -> None:
    config = TwoTowersConfig(dim=8, hidden=8, **SIDE)
    network, values = with_factors(config)
    plain = build_network(TwoTowersConfig(dim=8, hidden=8), V, T).parameters.values()
    assert [each["user_tower/layer_0/weight"].shape for each in (values, plain)] == [(3 * 8, 8), (2 * 8, 8)]
    other = {**TOKENS, "user_attribute_1": np.where(TOKENS["user_attribute_1"] > 0, 5, 0).astype(np.int32)}
    moved = np.abs(encode(network, other) - encode(network, TOKENS))[0].max(axis=1) > 0
    assert moved.tolist() == [True, True, True, False, False, False]
