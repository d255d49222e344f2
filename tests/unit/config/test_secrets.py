"""A mistake in a configuration is told without what else stands in it, above all without its secrets."""

import random
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.config.file import load_config
from interest_spark.foundation.errors import ConfigError
from interest_spark.foundation.shown import shown_error

SECRET = "PlantedS3cretValue"
DOCUMENT = {
    "warehouse": "w",
    "shop": {"time_zone": "UTC"},
    "spark": {
        "conf": {
            "spark.hadoop.fs.s3a.secret.key": SECRET,
            "spark.authenticate.secret": f"*{SECRET}",
            "spark.hadoop.some.option": SECRET,
        }
    },
    "sources": {"events": {"path": f"s3://joe:{SECRET}@bucket/dt={{day}}/*"}},
    "train": {"epochs": 3},
}
MISTAKES = [
    "ingest: [1]",
    "train: {epochs: 3",
    "- x",
    "trian: {}",
    "train: 5",
    "train: {patience: 3}",
    "spark: 7",
    f"spark: {SECRET}",
    f"spark: [{SECRET}]",
    f"spark: {{conf: {SECRET}}}",
    f"spark: {{conf: [{SECRET}]}}",
    f"spark: {{conf: {{fs.s3a.secret.key: {{a: {SECRET}}}}}}}",
    f"spark: {{conf: {{spark: {{hadoop: {{fs.s3a.secret.key: {SECRET}}}}}}}}}",
    "spark: {conf: {fs.s3a.secret.key: 5, x: y}, shuffle_partitions: x}",
    f"spark: {{conf: {{fs.s3a.secret.key: *{SECRET}}}}}",
    f"spark: {{conf: {{fs.s3a.secret.key: !{SECRET} x}}}}",
    f"spark: {{conf: {{fs.s3a.secret.key: '{SECRET}}}}}",
    f"spark: {{conf: {{fs.s3a.secret.key: %{SECRET}}}}}",
    f"spark: {{conf: {{fs.s3a.secret.key: @{SECRET}}}}}",
    f"spark: {{conf: {{fs.s3a.secret.key: {SECRET}: {SECRET}}}}}",
    f"spark: {{conf: {{fs.s3a.secret.key: !!int {SECRET}}}}}",
    f'spark: {{conf: {{fs.s3a.secret.key: "{SECRET}\\0"}}}}',
    f"spark: {{conf: {{fs.s3a.secret.key: {SECRET}, fs.s3a.secret.key: x}}}}",
    f"spark: {{access_token: {SECRET}}}",
    f"secret: {SECRET}",
    f"sources: {{events: {{path: x, password: {SECRET}}}}}",
    f"sources: {{events: {{path: [s3://joe:{SECRET}@bucket]}}}}",
    f"sources: {{events: {{path: x, reader: s3://joe:{SECRET}@bucket}}}}",
    f"sources: {{events: {{path: x, constants: {{api_key: {{a: {SECRET}}}}}}}}}",
    f"warehouse: s3://joe:{SECRET}@bucket/w",
    f"warehouse: https://host/w?X-Amz-Signature={SECRET}",
]
OVERRIDES = [
    f"warehouse=s3://joe:{SECRET}@bucket/w",
    f"spark.conf.fs.s3a.secret.key=[{SECRET}]",
    f"spark.conf={SECRET}",
    f"spark.conf={{fs.s3a.secret.key: [{SECRET}]}}",
    f"spark.conf={{fs.s3a.secret.key: {SECRET}",
    f"spark.conf={{fs.s3a.secret.key: *{SECRET}}}",
    f"spark.conf.fs.s3a.secret.key {SECRET}",
    f"spark.conf.fs.s3a.secret.key=!!int {SECRET}",
    f"spark={SECRET}",
    f"train.token={SECRET}",
    f"train.epochs.password={SECRET}",
    "train.epochs=x",
]


def message(path: Path, text: str, *overrides: str) -> str:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load_config(path, overrides)
    return shown_error(raised.value)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_elsewhere_or_there_tells_no_secret(tmp_path: Path, mistake: str) -> None:
    """The mistake replaces its section, or stands below a document that is right."""
    section = mistake.partition(":")[0]
    rest = yaml.safe_dump({key: value for key, value in DOCUMENT.items() if key != section})
    assert SECRET not in message(tmp_path / "shop.yaml", f"{rest}\n{mistake}\n")


@pytest.mark.parametrize("override", OVERRIDES)
def test_a_mistake_in_an_override_tells_no_secret(tmp_path: Path, override: str) -> None:
    assert SECRET not in message(tmp_path / "shop.yaml", yaml.safe_dump(DOCUMENT), override)


def test_the_faulty_value_alone_is_quoted(tmp_path: Path) -> None:
    text = yaml.safe_dump(DOCUMENT)
    told = message(tmp_path / "shop.yaml", text, "train.epochs=many", "spark.conf={a: 5}")
    assert "train.epochs: Input should be a valid integer" in told and "got 'many'" in told
    assert "spark.conf.a: Input should be a valid string (got a value that is not shown)" in told
    assert "(got keys and values)" in message(tmp_path / "shop.yaml", text, "train.patience=3")


@given(st.integers(0, 2**32))
def test_no_single_broken_value_tells_a_secret(seed: int) -> None:
    """Any one place of the document holds something else, also under an alias, a tag or a bracket too many."""
    from tempfile import TemporaryDirectory

    chance = random.Random(seed)
    lines = yaml.safe_dump(DOCUMENT).splitlines()
    place = chance.randrange(len(lines))
    head, colon, tail = lines[place].partition(":")
    broken = chance.choice(["*", "!", "&", "%", "@", "[", "{", "'", '"', "- ", "!!int ", "? ", "\\0", "5: "])
    lines[place] = chance.choice(
        [f"{head}{colon} {broken}{tail.strip()}", f"{head}x{colon}{tail}", f"  {lines[place]}"]
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "shop.yaml"
        path.write_text("\n".join(lines), encoding="utf-8")
        try:
            load_config(path)
        except ConfigError as error:
            assert SECRET not in shown_error(error)


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("between", ["", "  # a comment\n", "  streams: 4\n\n"])
@pytest.mark.parametrize(
    "after", ["spark.hadoop.fs.s3a.secret.key: {}", "spark.hadoop.some.option: {}", "a=b secret={}"]
)
def test_a_forgotten_quote_tells_nothing_of_what_follows(tmp_path: Path, quote: str, between: str, after: str) -> None:
    path = tmp_path / "shop.yaml"
    text = f"train:\n  epochs: {quote}3\n{between}spark:\n  conf:\n    {after.format(SECRET)}\nwarehouse: {quote}\n"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="is a quote missing") as failed:
        load_config(path)
    assert SECRET not in str(failed.value)
    assert "train.epochs" in str(failed.value)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text", ["x" * 900_000, "x " * 450_000, "x-.y" * 200_000 + " :", ": " * 400_000, "a=" * 400_000]
)
def test_a_long_value_is_quoted_at_once(tmp_path: Path, text: str) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(yaml.safe_dump({"warehouse": "w", "train": {"epochs": text}}), encoding="utf-8")
    with pytest.raises(ConfigError) as failed:
        load_config(path)
    assert len(str(failed.value)) < 1_000
