"""Configuration errors name the key, the nearest known one and the value."""

from pathlib import Path

import pytest

from interest_spark.config.file import load_config
from interest_spark.foundation.errors import ConfigError

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
        (MINIMAL.replace("path", "paths"), (), "did you mean 'path'?"),
        (MINIMAL, ("train.epochs=0",), r"train.epochs: .*got 0"),
        (MINIMAL, ("train.epochs",), "write --set section.key=value"),
        (MINIMAL, ("warehouse.x=1",), "is a value, not a section"),
        (MINIMAL, ("train.ranks=3",), "streams 2 is not a multiple of ranks 3"),
        (MINIMAL, ("train.patience=3",), "set blocks.held_out_share, for example to 0.05"),
        (MINIMAL, ("train.target_weights={stare: 1}",), r"\['stare'\]: name some of view"),
        (MINIMAL, ("train.target_weights={view: 0}",), "one of them is more than 0"),
        (MINIMAL, ("shop.time_zone=Nowhere",), "Nowhere"),
        (MINIMAL, ("sequences.behaviors=[view, stare]",), "stare"),
        (MINIMAL, ("train.network.inputs=[hour, color]",), r"\['color'\]: name some of behavior, .*, weekday"),
        (MINIMAL, ("train.network.inputs=[hour, hour]",), "named twice"),
        (MINIMAL, ("blocks.category_buckets=0",), "blocks.category_buckets: .*got 0"),
        ("- a list\n", (), "holds no keys"),
        ("warehouse: [1\n", (), "not valid YAML"),
        ("warehouse: !!python/object/apply:os.system ['true']\n", (), "not valid YAML"),
        ("sources: {events: {path: x}}\n", (), "key 'warehouse' is missing"),
        (MINIMAL, ("warehouse=s3://bucket/shop",), "warehouse: .*not a URL"),
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


def test_the_order_of_inputs_is_no_other_network(tmp_path: Path) -> None:
    config = load(tmp_path, MINIMAL, "train.network.inputs=[hour, behavior]", "shop.time_zone=Asia/Shanghai")
    assert config.train.network.inputs == ("behavior", "hour")
    assert (config.columns.category_buckets, config.columns.time_zone) == (1024, "Asia/Shanghai")


def test_paths_lie_below_the_root_unless_absolute(tmp_path: Path) -> None:
    text = "warehouse: w\nsources:\n  root: data/\n  events: {path: a.csv}\n  items: {path: /b.csv}\n"
    config = load(tmp_path, text)
    assert (config.sources.events.path, config.sources.items.path) == ("data/a.csv", "/b.csv")


@pytest.mark.parametrize("path", sorted(CONF.glob("*.yaml")), ids=lambda path: path.name)
def test_every_shipped_configuration_is_valid(path: Path) -> None:
    load_config(path)
