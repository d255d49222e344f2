"""What every network and every loss has to pass, in one small world; small_models.py holds its rows.

No token sees its future or a neighbour, nor any token of a masked network what is hidden; a history is encoded alike
wherever it lies; a hundred histories are learnt by heart; ranks together get what one gets; a run that was stopped
goes on bit by bit; a grown vocabulary keeps old rows; and what is served is what was trained.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

from interest_spark.config.kinds import sections_by_kind
from interest_spark.config.training.losses import LossConfig
from interest_spark.config.training.networks import NetworkConfig
from interest_spark.config.training.second_stage import SecondStageConfig
from interest_spark.foundation.errors import BusyError
from interest_spark.models.card import ModelCard, build_network, network_of, read_card
from interest_spark.models.data.candidates import read_candidates
from interest_spark.models.data.reader import BlockReader
from interest_spark.models.inference import load_encoder
from interest_spark.models.losses.loss import Targets, build_loss
from interest_spark.models.networks.dropout import StreamDropout
from interest_spark.models.networks.network import Network
from interest_spark.models.networks.second_stage.second_stage import Moments, last_items
from interest_spark.models.optimizers.optimizer import build_optimizer
from interest_spark.models.parallel.collectives import OneRank
from interest_spark.models.training.objectives import build_objective
from interest_spark.models.training.plan import ParentModel, TrainPlan
from interest_spark.models.training.step import TrainStep
from interest_spark.models.training.train import reader_settings, second_stage_loss, step_settings, train
from interest_spark.schemas.tokens import INPUTS, USER_COLUMNS
from interest_spark.serving.popularity import Popularity
from interest_spark.serving.recommender import Lists, Recommender
from interest_spark.storage.bundles import read_bundle
from tests.histories import as_histories
from tests.unit.models.small_models import DEFAULT_REACH, LOSSES, MODELS, NETWORKS, SECOND_STAGES, UNORDERED, SmallModel
from tests.unit.models.worlds import SCHEME, codes_of, described, make_plan, pack, random_histories

T = 12
DEFAULTS = {
    f"{kind}, defaults": SmallModel(section(), reach=DEFAULT_REACH.get(kind), ordered=kind not in UNORDERED)
    for kind, section in sections_by_kind(NetworkConfig).items()
}
MASKED = {name: model for name, model in NETWORKS.items() if model.network.masked}
HISTORIES = random_histories(60, 30, 14)


@pytest.mark.parametrize("kind", sections_by_kind(NetworkConfig))
def test_every_network_has_a_row(kind: str) -> None:
    assert kind in {model.network.kind for model in NETWORKS.values()}, f"add {kind} to NETWORKS of small_models.py"


@pytest.mark.parametrize("kind", sections_by_kind(LossConfig))
def test_every_loss_has_a_row(kind: str) -> None:
    assert kind in {model.loss.kind for model in LOSSES.values()}, f"add {kind} to LOSSES of small_models.py"


@pytest.mark.parametrize("kind", sections_by_kind(SecondStageConfig))
def test_every_second_stage_has_a_row(kind: str) -> None:
    assert kind in {model.train["second_stage"]["kind"] for model in SECOND_STAGES.values()}, f"add {kind}"


# What a network sees ------------------------------------------------------------------------------------------------


@pytest.fixture(params=[*NETWORKS.values(), *DEFAULTS.values()], ids=[*NETWORKS, *DEFAULTS])
def model(request: pytest.FixtureRequest) -> SmallModel:
    row: SmallModel = request.param
    return row


@pytest.fixture
def network(model: SmallModel) -> Network:
    return build_network(model.network, vocabulary_size=50, max_length=T, seed=3, columns=SCHEME)


def tokens() -> dict[str, np.ndarray]:
    """Two blocks: histories of 5 and 4 and padding; one history of 12."""
    item = np.random.default_rng(0).integers(2, 50, (2, T)).astype(np.int32)
    segment = np.array([[1] * 5 + [2] * 4 + [0] * 3, [1] * T], np.int32)
    position = np.array([[0, 1, 2, 3, 4, 0, 1, 2, 3, 0, 0, 0], range(T)], np.int32)
    hour = np.random.default_rng(1).integers(1, 20, (2, T)).astype(np.int32)
    minute = 29_000_000 + np.cumsum(hour**2, axis=1, dtype=np.int32)
    columns = {"item": item, "minute": minute, **dict.fromkeys(INPUTS, hour), **dict.fromkeys(USER_COLUMNS, segment)}
    return {
        **{name: values * (segment > 0) for name, values in columns.items()},
        "segment": segment,
        "position": position,
    }


def encode(network: Network, columns: dict[str, np.ndarray]) -> np.ndarray:
    return np.asarray(network.encode({name: tf.constant(values) for name, values in columns.items()}))


def amplify(network: Network) -> None:
    """Give all weights values that matter: fresh ones are so small that a leak would be lost among rounding errors."""
    random = np.random.default_rng(5)
    for variable in network.parameters.trainable.values():
        variable.assign_add(random.normal(scale=0.2, size=variable.shape).astype(np.float32))


def sees(model: SmallModel, block: int, place: int) -> np.ndarray:
    """bool[2, T]: the tokens whose vectors depend on the token at that place."""
    segment = tokens()["segment"]
    after = np.arange(T) - place
    seeing = (segment == segment[block, place]) & (after < (model.reach or T))
    seeing &= (after >= 0) | model.network.masked
    seeing[1 - block] = False
    return seeing


@pytest.mark.parametrize(("block", "place"), [(0, 2), (0, 4), (0, 5), (0, 7), (0, 10), (1, 0), (1, 8), (1, T - 1)])
@pytest.mark.parametrize("column", ["item", "hour"])
def test_a_token_is_seen_by_its_own_segment_from_then_on_or_as_a_whole_and_by_nobody_else(
    model: SmallModel, block: int, place: int, column: str
) -> None:
    network = build_network(model.network_with(inputs=["hour"]), 50, T, seed=3, columns=SCHEME)
    amplify(network)
    columns = tokens()
    changed = {**columns, column: columns[column].copy()}
    changed[column][block, place] = 21 if columns[column][block, place] != 21 else 20
    moved = np.abs(encode(network, changed) - encode(network, columns)).max(axis=2) > 1e-6
    used = columns["segment"] > 0
    np.testing.assert_array_equal(moved[used], sees(model, block, place)[used])


@pytest.mark.parametrize("model", MASKED.values(), ids=MASKED)
def test_no_vector_of_a_network_that_trains_masked_tells_what_is_hidden(model: SmallModel) -> None:
    """All that is known of the hidden events is changed, and nothing moves."""
    network = build_network(model.network_with(inputs=["hour"]), 50, T, seed=3, columns=SCHEME)
    amplify(network)
    objective = build_objective(model.network_with(inputs=["hour"]))
    columns = tokens()

    def hide(columns: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], np.ndarray]:
        given = {name: tf.constant(values) for name, values in columns.items()}
        targets = Targets(given["item"], tf.constant((columns["item"] > 0).astype(np.float32)))
        seen, targets = objective(given, targets, tf.constant([[1, 2]]))
        return {name: values.numpy() for name, values in seen.items()}, targets.weight.numpy() > 0

    seen, hidden = hide(columns)
    assert hidden.any() and not hidden.all()
    others = {name: np.where(hidden, 1 + values % 19, values) for name, values in columns.items()}
    others |= {name: columns[name] for name in ("segment", "position", *USER_COLUMNS)}
    np.testing.assert_array_equal(encode(network, hide(others)[0]), encode(network, seen))
    assert (np.abs(encode(network, columns) - encode(network, seen))[columns["segment"] > 0] > 0).any()


def test_a_history_is_encoded_alike_wherever_it_lies(network: Network) -> None:
    columns = tokens()
    alone = {name: np.zeros((1, T), np.int32) for name in columns}
    for name, values in columns.items():
        alone[name][0, :4] = values[0, 5:9]
    alone["segment"][0, :4] = 1
    np.testing.assert_allclose(encode(network, alone)[0, :4], encode(network, columns)[0, 5:9], atol=1e-6)


def test_order_matters(model: SmallModel, network: Network) -> None:
    amplify(network)
    columns = tokens()
    turned = {**columns, "item": columns["item"].copy()}
    first = 0 if model.reach is None else T - 3
    turned["item"][1, first : first + 2] = turned["item"][1, first : first + 2][::-1]
    moved = np.abs(encode(network, turned) - encode(network, columns))[1].max(axis=1)
    assert (moved[-1] > 1e-4) == model.ordered
    assert moved[first] > 1e-4


def test_padding_and_unknown_items_start_from_zero_and_others_do_not(network: Network) -> None:
    assert network.parameters.item_tables
    for name in network.parameters.item_tables:
        assert network.parameters.trainable[name].shape[0] == 50
    items = network.parameters.trainable[network.parameters.item_tables[0]].numpy()
    assert not items[:2].any()
    assert (np.abs(items[2:]).sum(axis=1) > 0).all()


def test_vectors_of_tokens_and_of_items_are_alike_long(network: Network) -> None:
    assert encode(network, tokens()).shape == (2, T, network.item_vectors(tf.constant([2, 3])).shape[1])


def test_the_seed_decides_the_weights(model: SmallModel) -> None:
    first, same, other = (build_network(model.network, 50, T, seed).parameters.values() for seed in (3, 3, 4))
    assert all((first[name] == same[name]).all() for name in first)
    assert not (first["items"] == other["items"]).all()


def test_one_item_table_is_input_and_output_where_it_is_tied(model: SmallModel) -> None:
    for tied in (True, False):
        network = build_network(model.network_with(tied_output=tied), 50, T)
        with tf.GradientTape() as tape:
            vectors = network.item_vectors(tf.constant([2, 3]))
        gradient = tape.gradient(vectors, network.parameters.trainable["items"])
        assert (gradient is not None) == tied


def test_the_layers_compute_in_the_precision_that_is_asked_for(network: Network) -> None:
    columns = {name: tf.constant(values) for name, values in tokens().items()}
    exact, coarse = network.encode(columns), network.encode(columns, precision=tf.bfloat16)
    assert coarse.dtype == tf.float32
    assert 0 < float(tf.reduce_max(tf.abs(exact - coarse))) < 0.05 * float(tf.reduce_max(tf.abs(exact)))


def test_dropout_acts_in_every_place_that_the_section_names(model: SmallModel) -> None:
    columns = {name: tf.constant(values) for name, values in tokens().items()}
    places = list(type(model.network.dropout).model_fields)
    for place in places:
        rates = {**dict.fromkeys(places, 0.0), place: 0.5}
        network = build_network(model.network_with(dropout=rates), 50, T, seed=3)
        amplify(network)
        dropped = [network.encode(columns, StreamDropout(tf.constant([[1, 2]]))) for _ in range(2)]
        assert float(tf.reduce_max(tf.abs(dropped[0] - network.encode(columns)))) > 1e-3, place
        np.testing.assert_array_equal(*dropped)


# What a model learns ------------------------------------------------------------------------------------------------


def settings_of(model: SmallModel) -> dict[str, object]:
    """A short run in which all that a step may depend on plays a part: dropout, declared inputs, four streams."""
    network = model.network_with(inputs=["behavior", "hour"], dropout=0.2)
    return {"network": network, "loss": model.loss, "epochs": 2, "batch_blocks": 8, "streams": 4, **model.train}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_hundred_histories_are_learnt_by_heart(tmp_path: Path, model: SmallModel) -> None:
    """Each history starts with an item of its own, so that every next item can be known."""
    random = np.random.default_rng(0)
    histories = [np.array([2 + user, *random.integers(102, 150, 6)], np.int32) for user in range(100)]
    optimizer = {"learning_rate": model.learning_rate, "warmup_steps": 50, "schedule": "linear"}
    settings = {"epochs": model.epochs, "batch_blocks": 50, "streams": 1, "optimizer": optimizer, "loss": model.loss}
    network = model.network_with(dropout=0.0)
    settings |= {"network": network, **model.train}
    plan = make_plan(tmp_path, histories * 10, T, files=1, row_group=500, **settings)
    result = train(plan, OneRank(), on_step=lambda step: None)
    assert result is not None
    assert result.loss < model.learnt


class _Overheard(OneRank):
    """One of several ranks: what it would give to the others is kept, so that a test can add it up."""

    size = 2  # of more than one, whatever their number

    def __init__(self) -> None:
        self.given: list[np.ndarray] = []

    def sum(self, tensors: list[tf.Tensor], name: str = "sum") -> list[tf.Tensor]:
        self.given += [np.asarray(tensor) for tensor in tensors]
        return tensors


@pytest.fixture
def eager() -> Iterator[None]:
    """Steps compute at once and not as graphs, so that what ranks exchange can be looked at."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def given_to_others(plan: TrainPlan, rank: int, ranks: int) -> list[np.ndarray]:
    """The sums that a rank gives to the others in its first step: gradients, loss, weight and counts."""
    items = read_candidates(plan.candidates)
    vocabulary_size = int(items["item_index"][-1].as_py()) + 1
    network = build_network(plan.train.network, vocabulary_size, plan.tokens, 1, SCHEME, plan.train.second_stage)
    amplify(network)
    loss = build_loss(plan.train.loss, items)
    optimizer = build_optimizer(plan.train.optimizer, network.parameters.trainable, total_steps=1)
    overheard = _Overheard()
    objective = build_objective(plan.train.network, plan.train.augment)
    settings = step_settings(plan, network.parameters, loss, second_stage_loss(network, items))
    step = TrainStep(network, objective, loss, optimizer, overheard, settings)
    reader = BlockReader(plan.files, reader_settings(plan), rank, ranks)
    step(next(reader.epoch(1)), reader.streams, step=1)
    return overheard.given


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.usefixtures("eager")
def test_ranks_together_give_what_one_rank_with_all_streams_gives(tmp_path: Path, model: SmallModel) -> None:
    plan = make_plan(tmp_path, HISTORIES, T, **settings_of(model))
    alone = given_to_others(plan, 0, 1)
    for ranks in (2, 4):
        parts = [given_to_others(plan, rank, ranks) for rank in range(ranks)]
        assert any(np.abs(parts[0][place] - parts[1][place]).max() > 0 for place in range(len(alone)))
        for whole, *own in zip(alone, *parts, strict=True):
            np.testing.assert_allclose(np.sum(own, axis=0), whole, rtol=1e-4, atol=1e-5 * max(1.0, np.abs(whole).max()))


@dataclass(frozen=True)
class Trained:
    """A row of the table after a short run."""

    model: SmallModel
    plan: TrainPlan
    manifest_sha256: str


@pytest.fixture(scope="module", params=MODELS.values(), ids=MODELS)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    plan = make_plan(tmp_path_factory.mktemp("whole"), HISTORIES, T, held_out=True, **settings_of(request.param))
    result = train(plan, OneRank(), on_step=lambda step: None)
    assert result is not None
    return Trained(request.param, plan, result.manifest_sha256)


def test_a_run_that_was_stopped_goes_on_bit_by_bit(tmp_path: Path, trained: Trained) -> None:
    plan = make_plan(tmp_path, HISTORIES, T, held_out=True, **settings_of(trained.model))
    steps: list[int] = []
    with pytest.raises(BusyError, match="stopped after step 3"):
        train(plan, OneRank(), steps.append, wants_stop=lambda: len(steps) == 2)
    result = train(plan, OneRank(), steps.append)
    assert result is not None
    assert result.resumed_from == 3 < result.steps == steps[-1]
    resumed, whole = (read_bundle(each.bundle).weights for each in (plan, trained.plan))
    assert resumed.keys() == whole.keys()
    assert all(resumed[name].tobytes() == whole[name].tobytes() for name in whole)


def test_a_grown_vocabulary_keeps_the_old_rows_bit_by_bit(tmp_path: Path, trained: Trained) -> None:
    """The second day brings five items and histories that teach nothing."""
    settings = settings_of(trained.model)
    plan = make_plan(tmp_path, [np.array([item], np.int32) for item in range(2, 37)], T, **settings)
    parent = ParentModel(
        model_version="parent",
        path=trained.plan.bundle,
        manifest_sha256=trained.manifest_sha256,
        trained_through="2024-04-30",
    )
    train(plan.model_copy(update={"parent": parent}), OneRank(), on_step=lambda step: None)
    before, after = (read_bundle(each.bundle).weights for each in (trained.plan, plan))
    stage = plan.train.second_stage
    parameters = build_network(settings["network"], 37, T, columns=SCHEME, second_stage=stage).parameters
    tables = parameters.item_tables
    for name in parameters.trainable:
        old = before[name]
        kept = after[name][: len(old)] if name in tables else after[name]
        assert kept.tobytes() == old.tobytes(), name
    for name in tables:
        assert after[name].shape[0] == 37 == before[name].shape[0] + 5
        assert after[name][32:].any(axis=1).all()


def stored_network(trained: Trained) -> tuple[ModelCard, Network]:
    stored = read_bundle(trained.plan.bundle)
    card = read_card(stored.config)
    network = network_of(card)
    network.parameters.assign(stored.weights)
    return card, network


def shown(card: ModelCard) -> pa.Table:
    """The histories less their last items."""
    users = described(HISTORIES, card.network.user_attributes)
    return as_histories([history[:-1] for history in HISTORIES], user_attributes=users)


def test_what_is_served_is_what_was_trained(trained: Trained) -> None:
    """The last token of each history's training window is the encoder's answer to that history less its last item.

    Where training is masked, it is the MASK token by which the run was validated.
    """
    card, network = stored_network(trained)
    encoder = load_encoder(trained.plan.bundle, trained.manifest_sha256)
    served = encoder.encode(shown(card))
    masked = card.network.masked
    for vector, history in zip(served, HISTORIES, strict=True):
        users = codes_of(described([history], card.network.user_attributes), card.network)
        columns = pack([history], T, validated=masked, masked=masked, users=users)
        hidden = encode(network, columns)[0, min(len(history) - 1 + masked, T) - 1]
        np.testing.assert_allclose(vector, hidden, atol=1e-5)
    np.testing.assert_array_equal(encoder.item_vectors, network.item_vectors(encoder.item_index))
    assert encoder.item_ids.equals(pa.array([f"item-{item}" for item in encoder.item_index]))


def test_served_lists_are_those_that_the_second_stage_ranks_best(trained: Trained) -> None:
    """Computed anew, history by history, from the blocks of training: the best products, then the best scores."""
    card, network = stored_network(trained)
    stage = network.second_stage
    if stage is None:
        return
    encoder, masked, k = load_encoder(trained.plan.bundle, trained.manifest_sha256), card.network.masked, 3
    shown = [history[:-1] for history in HISTORIES]
    popularity = Popularity(np.empty(0, np.int32), pa.array([], pa.string()), np.empty(0))
    seen = Lists.of_lengths(np.array([len(each) for each in shown]), np.concatenate(shown))
    found = Recommender(encoder, popularity, k, True, ()).suggest(as_histories(shown), seen)
    for user, history in enumerate(HISTORIES):
        columns = {
            name: tf.constant(each) for name, each in pack([history], T, validated=masked, masked=masked).items()
        }
        cell = tf.constant([[0, min(len(history) - 1 + masked, T) - 1]])
        state = tf.gather_nd(network.encode(columns), cell)
        open_items = encoder.item_index[~np.isin(encoder.item_index, shown[user])]
        products = tf.linalg.matvec(network.item_vectors(open_items), state[0]).numpy()
        asked = open_items[np.argsort(-products)[: stage.config.candidates]]
        items = last_items(columns["item"], columns["segment"], cell, stage.looks_back)
        vectors = network.item_vectors(tf.reshape(items, [-1]))[None]
        scores = stage.score(Moments(state, vectors, items > 0), network.item_vectors(asked)[None]).numpy()[0]
        best = np.argsort(-scores)[:k]
        np.testing.assert_array_equal(encoder.item_index[found.choices[user]], asked[best])
        np.testing.assert_allclose(found.scores[user], scores[best], rtol=1e-4, atol=1e-4)
