"""Configuration errors name the key, the nearest known one and the value."""

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import ValidationError

from interest_spark.config.explain import explain
from interest_spark.config.file import load_config
from interest_spark.config.kinds import Kinds
from interest_spark.config.section import Section
from interest_spark.config.training.losses import FullLossConfig, SampledLossConfig
from interest_spark.config.training.networks import SasRecConfig
from interest_spark.config.training.optimizers import AdamConfig
from interest_spark.config.training.samplers import PopularitySamplerConfig, UniformSamplerConfig
from interest_spark.config.training.train import TrainConfig
from interest_spark.foundation.errors import ConfigError
from interest_spark.schemas.tokens import ColumnScheme

MINIMAL = "warehouse: w\nsources:\n  events: {path: 'logs/dt={day}/*'}\n"
CONF = Path(__file__).parents[3] / "conf"


def load(tmp_path: Path, text: str, *overrides: str) -> object:
    path = tmp_path / "shop.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path, overrides)


@pytest.mark.parametrize(
    ("text", "overrides", "message"),
    [
        (MINIMAL + "trian: {}\n", (), "unknown key 'trian'; did you mean 'train'?"),
        (MINIMAL + "train: {epoch: 3}\n", (), "unknown key 'train.epoch'; did you mean 'epochs'?"),
        (MINIMAL + "train: {network: {dims: 3}}\n", (), "unknown key 'train.network.dims'; did you mean 'dim'?"),
        (MINIMAL, ("train.network.kind=sasrek",), "unknown kind 'sasrek' of train.network; did you mean 'sasrec'?"),
        (
            MINIMAL,
            ("train.network.kind=word2vec",),
            "unknown kind 'word2vec' of train.network; .*known kinds: sasrec, ",
        ),
        (MINIMAL, ("train.network.kind=null",), "unknown kind 'None' of train.network; known kinds: sasrec"),
        (MINIMAL, ("train.network=sasrec",), r"train.network: .*valid dictionary.* \(got 'sasrec'\)"),
        (MINIMAL, ("train.network.dim=x",), r"train.network.dim: .*got 'x'"),
        (MINIMAL, ("train.network.heads=3",), "train.network: .*dim 64 is not a multiple of heads 3"),
        (MINIMAL, ("train.network.dropout.embeding=0",), "'train.network.dropout.embeding'; did you mean 'embedding'?"),
        (MINIMAL, ("train.optimizer.kind=adan",), "unknown kind 'adan' of train.optimizer; did you mean 'adam'?"),
        (
            MINIMAL,
            ("train.loss.kind=sample",),
            "unknown kind 'sample' of train.loss; did you mean 'sampled'\\? known kinds: full, sampled",
        ),
        (MINIMAL, ("train.loss.chunks=3",), "unknown key 'train.loss.chunks'; did you mean 'chunk'?"),
        (
            MINIMAL,
            ("train.loss.sampler={}",),
            "unknown key 'train.loss.sampler'; .*: set train.loss.kind to sampled or infonce or bce or bpr$",
        ),
        (
            MINIMAL,
            ("train.loss={kind: sampled, sampler: {powr: 1}}",),
            "unknown key 'train.loss.sampler.powr'; did you mean 'power'?",
        ),
        (
            MINIMAL,
            ("train.loss={kind: sampled, sampler: {kind: uniform, power: 1}}",),
            "unknown key 'train.loss.sampler.power'; .* set train.loss.sampler.kind to popularity or mixed$",
        ),
        (
            MINIMAL,
            ("train.loss={kind: sampled, sampler: {kind: uniform, negative: 9}}",),
            "unknown key 'train.loss.sampler.negative'; did you mean 'negatives'?",
        ),
        (
            MINIMAL,
            ("train.loss={kind: sampled, sampler: {kind: unifrom}}",),
            "unknown kind 'unifrom' of train.loss.sampler; did you mean 'uniform'\\? known kinds: popularity, uniform",
        ),
        (
            MINIMAL,
            ("train.loss={kind: sampled, sampler: {negatives: 0}}",),
            r"train.loss.sampler.negatives: .*got 0",
        ),
        (
            MINIMAL,
            ("evaluate.metrics=[recall, ngcd]",),
            "evaluate.metrics: .*'ngcd'; did you mean 'ndcg'\\? known metrics: recall, ndcg, hit_rate, mrr",
        ),
        (MINIMAL, ("evaluate.metrics=[mrr, mrr]",), "evaluate.metrics: .*metric 'mrr' is named twice"),
        (MINIMAL, ("evaluate.metrics=[]",), "evaluate.metrics: .*at least 1 item"),
        (MINIMAL, ("evaluate.target_behaviors=[bought]",), "evaluate.target_behaviors: .*known behaviors: view"),
        (MINIMAL, ("sequences.behaviors=[vieww]",), "sequences.behaviors: .*did you mean 'view'"),
        (MINIMAL, ("sequences.behaviors=[]",), "sequences.behaviors: .*at least 1 item"),
        (MINIMAL, ("ingest.tolerated_reasons=[mising_user]",), "tolerated_reasons: .*did you mean 'missing_user'"),
        (
            MINIMAL,
            ("evaluate.baselines=[popular]",),
            "unknown baseline 'popular'; did you mean 'popularity'\\? known baselines: popularity, own_frequency",
        ),
        (MINIMAL.replace("path", "paths"), (), "did you mean 'path'?"),
        (MINIMAL, ("train.epochs=0",), r"train.epochs: .*got 0"),
        (MINIMAL, ("train.epochs",), "write --set section.key=value"),
        (MINIMAL, ("warehouse.x=1",), "is a value, not a section"),
        (MINIMAL, ("train.ranks=3",), "streams 2 is not a multiple of ranks 3"),
        (MINIMAL, ("train.patience=3",), "set blocks.held_out, for example to {kind: period}"),
        (
            MINIMAL,
            ("blocks.held_out={kind: period, dayz: 2}",),
            "unknown key 'blocks.held_out.dayz'; did you mean 'days'",
        ),
        (MINIMAL, ("blocks.held_out={kind: last_event, days: 2}",), "set blocks.held_out.kind to period"),
        (MINIMAL, ("blocks.held_out={kind: lastevent}",), "did you mean 'last_event'"),
        (MINIMAL, ("blocks.held_out={kind: period, share: 0}",), "blocks.held_out.share: .*greater than 0"),
        (MINIMAL, ("blocks.held_out={kind: period, days: 0}",), "blocks.held_out.days: .*got 0"),
        (MINIMAL, ("train.target_weights={stare: 1}",), r"\['stare'\]: name some of view"),
        (MINIMAL, ("train.target_weights={view: 0}",), "one of them is more than 0"),
        (MINIMAL, ("shop.time_zone=Nowhere",), "shop.time_zone: .*'Nowhere' is unknown; use an IANA name"),
        (MINIMAL, ("spark.master=nonsense",), r"spark.master: .*a master is local\[n\].*got 'nonsense'"),
        (MINIMAL, ("spark.driver_memory=2gb",), "spark.driver_memory: .*512m, 2g .got '2gb'"),
        (MINIMAL, ("sequences.behaviors=[view, stare]",), "stare"),
        (MINIMAL, ("train.network.inputs=[hour, color]",), r"\['color'\]: name some of behavior, .*, weekday"),
        (MINIMAL, ("train.network.inputs=[hour, hour]",), "named twice"),
        (
            MINIMAL,
            ("train.network={kind: bert4rec}", "blocks.target=next_session"),
            "bert4rec learns hidden items; set blocks.target to next_event",
        ),
        (MINIMAL, ("blocks.category_buckets=0",), "blocks.category_buckets: .*got 0"),
        (MINIMAL, ("blocks.category_codes=0",), "blocks.category_codes: .*got 0"),
        (MINIMAL, ("sources.events.reader=movie_lens",), "unknown reader 'movie_lens'; did you mean 'movielens'"),
        (
            MINIMAL,
            ("sources.items={path: x, reader: own}",),
            "sources.items.reader: .*known readers: mapped, .*gowalla",
        ),
        ("- a list\n", (), "holds no keys"),
        ("warehouse: [1\n", (), "not valid YAML"),
        ("warehouse: !!python/object/apply:os.system ['true']\n", (), "not valid YAML"),
        ("sources: {events: {path: x}}\n", (), "key 'warehouse' is missing"),
        (MINIMAL, ("warehouse=gs://bucket/shop",), "warehouse: .*use a folder, hdfs:// or s3://"),
        (
            MINIMAL,
            ("warehouse=s3://joe:pw@bucket/shop",),
            "warehouse: .*@bucket/shop' holds a user or a",
        ),
        (MINIMAL, ("warehouse=s3:///shop",), "warehouse: .*names no bucket"),
        (MINIMAL, ("warehouse=s3://bucket/a?b",), "warehouse: .*name a folder without them"),
        (MINIMAL, ("warehouse=7",), "warehouse: .*name a folder, or a URL"),
    ],
)
def test_each_mistake_has_its_message(tmp_path: Path, text: str, overrides: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, text, *overrides)


def test_a_missing_file_names_itself(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml.*--config"):
        load_config(tmp_path / "nowhere.yaml")


def test_overrides_are_yaml_values_and_win(tmp_path: Path) -> None:
    config = load(tmp_path, MINIMAL, "train.epochs=3", "score.blocked_items=[a, b]", "ingest.first_day=2026-01-01")
    assert (config.train.epochs, config.score.blocked_items) == (3, ("a", "b"))
    assert config.ingest.first_day.isoformat() == "2026-01-01"


@pytest.mark.parametrize(
    ("override", "conf"),
    [
        ("spark.conf.spark.ui.enabled=false", {"spark.ui.enabled": "false"}),
        ("spark.conf.spark.executor.cores=4", {"spark.executor.cores": "4"}),
        ("spark.conf.spark.memory.fraction=0.5", {"spark.memory.fraction": "0.5"}),
        ("spark.conf.spark.hadoop.fs.s3a.endpoint=http://h:1", {"spark.hadoop.fs.s3a.endpoint": "http://h:1"}),
        ("spark.conf={spark.a: b, spark.c: d}", {"spark.a": "b", "spark.c": "d"}),
    ],
)
def test_dots_in_the_name_of_a_spark_setting_are_part_of_it(
    tmp_path: Path, override: str, conf: dict[str, str]
) -> None:
    assert load(tmp_path, MINIMAL, override).spark.conf == conf


def test_dots_in_any_free_name_are_part_of_it(tmp_path: Path) -> None:
    source = load(tmp_path, MINIMAL, "sources.events.behaviors.page.view=view").sources.events
    assert source.behaviors == {"page.view": "view"}
    items = load(tmp_path, MINIMAL, "sources.items={path: x}", "sources.items.attributes.a.b=c").sources.items
    assert items.attributes == {"a.b": "c"}


def test_the_order_of_inputs_is_no_other_network(tmp_path: Path) -> None:
    config = load(tmp_path, MINIMAL, "train.network.inputs=[hour, behavior]")
    assert config.train.network.inputs == ("behavior", "hour")


def test_the_codes_follow_the_configuration(tmp_path: Path) -> None:
    keys = ("blocks.category_codes=70", "blocks.category_buckets=5", "shop.time_zone=Asia/Shanghai")
    expected = ColumnScheme(category_codes=70, category_buckets=5, time_zone="Asia/Shanghai")
    assert load(tmp_path, MINIMAL, *keys).columns == expected
    assert load(tmp_path, MINIMAL).columns == ColumnScheme()


def test_without_a_kind_the_first_one_is_meant(tmp_path: Path) -> None:
    config = load(tmp_path, MINIMAL, "train.network.dim=32", "train.loss.chunk=5", "train.optimizer.learning_rate=1")
    assert config.train.network == SasRecConfig(dim=32)
    assert config.train.loss == FullLossConfig(chunk=5)
    assert config.train.optimizer == AdamConfig(learning_rate=1)
    sampled = load(tmp_path, MINIMAL, "train.loss.kind=sampled", "train.loss.sampler.power=0.5")
    assert sampled.train.loss == SampledLossConfig(sampler=PopularitySamplerConfig(power=0.5))
    uniform = load(tmp_path, MINIMAL, "train.loss={kind: sampled, sampler: {kind: uniform}}")
    assert uniform.train.loss.sampler == UniformSamplerConfig(negatives=1024)


def test_a_section_of_a_kind_travels_as_json(tmp_path: Path) -> None:
    train = load(tmp_path, MINIMAL, "train.loss={kind: sampled, sampler: {kind: uniform, negatives: 7}}").train
    assert TrainConfig.model_validate_json(train.model_dump_json()) == train
    assert TrainConfig.model_validate({"network": train.network, "loss": train.loss}).loss == train.loss


class _Rule(Section):
    kind: Literal["rule"] = "rule"
    limit: int = 1


class _Other(Section):
    kind: Literal["other"] = "other"


class _Rules(Section):
    rules: tuple[Annotated[_Rule | _Other, Kinds()], ...] = ()
    chosen: Annotated[_Rule, Kinds()] | None = None


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"rules": [{}, {"limt": 1}]}, "unknown key 'rules.1.limt'; did you mean 'limit'?"),
        ({"rules": [{"kind": "rul"}]}, "unknown kind 'rul' of rules.0; did you mean 'rule'? known kinds: rule, other"),
        ({"rules": [{"kind": "other", "limit": 1}]}, "'rules.0.limit'; it belongs to another kind: set rules.0.kind"),
        ({"rules": [{"limit": "x"}]}, "rules.0.limit: Input should be a valid integer"),
        ({"chosen": {"limt": 1}}, "unknown key 'chosen.limt'; did you mean 'limit'?"),
        ({"chose": None}, "unknown key 'chose'; did you mean 'chosen'?"),
    ],
)
def test_kinds_in_lists_and_optional_ones_are_explained_too(rules: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as raised:
        _Rules.model_validate(rules)
    (error,) = raised.value.errors()
    assert message in explain(_Rules, error)


def test_patience_is_served_by_any_held_out_targets(tmp_path: Path) -> None:
    for held_out in ("{kind: period}", "{kind: period, days: 7, share: 0.2}", "{kind: last_event}"):
        config = load(tmp_path, MINIMAL, "train.patience=3", f"blocks.held_out={held_out}")
        assert config.blocks.held_out.kind in held_out
    assert load(tmp_path, MINIMAL).blocks.held_out.kind == "none"
    assert load(tmp_path, MINIMAL, "blocks.held_out={kind: period}").blocks.held_out.days == 1


def test_paths_lie_below_the_root_unless_absolute(tmp_path: Path) -> None:
    text = "warehouse: w\nsources:\n  root: data/\n  events: {path: a.csv}\n  items: {path: /b.csv}\n"
    config = load(tmp_path, text)
    assert (config.sources.events.path, config.sources.items.path) == ("data/a.csv", "/b.csv")


@pytest.mark.parametrize(
    "path", sorted([*CONF.glob("*.yaml"), *CONF.glob("examples/*.yaml")]), ids=lambda path: path.name
)
def test_every_shipped_configuration_is_valid(path: Path) -> None:
    load_config(path)


def test_permanent_numbers_have_no_retention(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text("warehouse: w\nsources: {events: {path: e}}\n", encoding="utf-8")
    assert load_config(path, ["maintain.keep_days={events: 30}"]).maintain.keep_days == {"events": 30}
    with pytest.raises(ConfigError, match="numbers and models are kept for ever"):
        load_config(path, ["maintain.keep_days={vocab: 30}"])
    with pytest.raises(ConfigError, match="name some of"):
        load_config(path, ["maintain.keep_days={event: 30}"])
