"""What README.md states as fact is what the code has: tables, keys and defaults, reasons, codes, commands, files."""

import re
import subprocess
from collections.abc import Iterable
from typing import Any, get_args

import pytest
import yaml
from pydantic_core import PydanticUndefined

from interest_spark.config.deployment import Config
from interest_spark.config.evaluate import BASELINES
from interest_spark.config.kinds import Kinds, sections_by_kind
from interest_spark.config.mapping import OPTIONAL_NUMBERS
from interest_spark.config.section import Section
from interest_spark.config.source import READERS
from interest_spark.config.sources import SOURCES
from interest_spark.config.training.networks import NetworkConfig
from interest_spark.foundation import errors
from interest_spark.metrics.metric import METRICS
from interest_spark.schemas.behaviors import BEHAVIORS
from interest_spark.schemas.figures import FIGURES
from interest_spark.schemas.reasons import REASONS
from interest_spark.schemas.tables import TABLES
from interest_spark.schemas.tokens import INPUTS
from jobs.cli import COMMANDS
from tests.readme import README, ROOT, RUN_ON_CLUSTERS, blocks, code, commands, files, table

TEXT = README.read_text(encoding="utf-8")


def test_the_tables() -> None:
    assert [code(name)[0] for name, _ in table(TEXT, "table")] == list(TABLES)


def defaults(model: type[Section], prefix: str = "") -> dict[str, Any]:
    """Every key with its default, or "required"; all other sources have the keys of events, a union all kinds'."""
    keys: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        choices = next((each for each in get_args(field.annotation) if hasattr(each, "__metadata__")), None)
        if choices is not None and any(isinstance(mark, Kinds) for mark in choices.__metadata__):  # or None
            keys |= {
                prefix + name: field.default,
                **defaults_of_kinds(sections_by_kind(choices).values(), f"{prefix}{name}."),
            }
            continue
        if any(isinstance(mark, Kinds) for mark in field.metadata):
            keys |= defaults_of_kinds(sections_by_kind(field.annotation).values(), f"{prefix}{name}.")
            continue
        kinds = (field.annotation, *getattr(field.annotation, "__args__", ()))
        section = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Section)), None)
        default = field.get_default(call_default_factory=True)
        if section is None or prefix == "sources.":
            keys[prefix + name] = "required" if default is PydanticUndefined else default
        if section is not None and name not in SOURCES[1:]:
            keys |= defaults(section, f"{prefix}{name}.")
    return keys


def defaults_of_kinds(sections: Iterable[type[Section]], prefix: str) -> dict[str, Any]:
    """The keys of all kinds, each with the default of the first kind that has it.

    A key of several kinds must have one default, but for networks: those of their own stand in a further table.
    """
    keys: dict[str, Any] = {}
    for section in sections:
        own = defaults(section, prefix)
        one_default = all(keys.get(key, value) == value for key, value in own.items() if key != f"{prefix}kind")
        assert one_default or prefix == "train.network."
        keys = {**own, **keys}
    return keys


def test_the_networks_and_the_defaults_of_their_own() -> None:
    stated = {
        code(kind)[0]: yaml.safe_load(f"{{{', '.join(code(own))}}}") for kind, _, own, *_ in table(TEXT, "network")
    }
    general = defaults(Config)
    expected = {
        kind: {
            key: value
            for key, value in defaults(section).items()
            if key != "kind" and general[f"train.network.{key}"] != value
        }
        for kind, section in sections_by_kind(NetworkConfig).items()
    }
    assert stated == expected


def test_the_configuration_keys_and_their_defaults() -> None:
    stated = {code(key)[0]: cell if cell == "required" else code(cell)[0] for key, cell, _ in table(TEXT, "key")}
    read = {key: value if value == "required" else yaml.safe_load(value) for key, value in stated.items()}
    expected = {key: list(value) if isinstance(value, tuple) else value for key, value in defaults(Config).items()}
    assert read == expected


def test_the_token_columns() -> None:
    assert [code(name)[0] for name, _, _ in table(TEXT, "input")] == list(INPUTS)


def test_the_metrics_and_the_baselines() -> None:
    assert tuple(code(name)[0] for name, _ in table(TEXT, "metric")) == METRICS
    assert tuple(code(name)[0] for name, _ in table(TEXT, "baseline")) == BASELINES


def test_the_figures_of_the_gates() -> None:
    stated = [(code(name)[0].removesuffix(":…"), code(gate)[0]) for name, gate, _, _ in table(TEXT, "figure")]
    assert stated == [(each.name, each.gate) for each in FIGURES]


def test_the_quarantine_reasons() -> None:
    sources = [*(ROOT / "interest_spark/sources").glob("*.py"), ROOT / "interest_spark/features/events/days.py"]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    refused = re.findall(r'RefusedLineError\("(\w+)"\)', text)
    conditions = re.findall(r'^\s+\("([a-z_]+)", (?!lambda)\S', text, re.MULTILINE)
    out_of_range = re.findall(r'^OUT_OF_RANGE = "(\w+)"', text, re.MULTILINE)
    known = {*refused, *conditions, *out_of_range, *(f"bad_{name}" for name in OPTIONAL_NUMBERS)}
    assert {"empty_line", "bad_price", "service_item", "time_out_of_range"} <= known
    assert known == set(REASONS)
    assert [code(reason)[0] for reason, _ in table(TEXT, "reason")] == list(REASONS)


def test_the_exit_codes() -> None:
    stated = [int(code(number)[0]) for number, _, _ in table(TEXT, "exit code")]
    assert stated == sorted(value for name, value in vars(errors).items() if name.startswith("EXIT_"))


def test_every_command_of_interest_is_described() -> None:
    assert {code(name)[0] for name, _ in table(TEXT, "job")} == set(COMMANDS)


def test_the_canonical_behaviors_and_the_readers() -> None:
    (sentence,) = re.findall(r"Canonical are (.*?)\.", TEXT, re.DOTALL)
    assert tuple(code(sentence)) == BEHAVIORS
    (sentence,) = re.findall(r"`reader: (.*?) know those", TEXT, re.DOTALL)
    assert set(code(f"`{sentence}")) == set(READERS) - {"mapped"}


def test_every_configuration_is_mentioned_and_exists() -> None:
    written = {block.title for block in files(TEXT)}
    named = set(re.findall(r"conf/\w+\.yaml", TEXT)) - written
    assert named == {path.relative_to(ROOT).as_posix() for path in ROOT.glob("conf/*.yaml")}


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`make ([a-z-]+)", TEXT))))
def test_every_make_target_named_in_the_text_exists(target: str) -> None:
    done = subprocess.run(["make", "-n", "-t", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_link_within_the_page_has_its_heading() -> None:
    headings = re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= anchors


def test_blocks_that_nobody_runs_say_why() -> None:
    for block in blocks(TEXT):
        assert block.language in ("sh", "text") or block.title, f"line {block.line}: neither run, nor saved, nor text"
        if block.language == "text" and re.search(
            r"^\s*(make|interest|spark-submit|python) ", block.text, re.MULTILINE
        ):
            assert block.text.startswith(("# not run by the tests: ", RUN_ON_CLUSTERS)), f"line {block.line}"
    assert len(commands(TEXT)) > 5


def test_a_reader_sees_under_which_name_to_save_a_file() -> None:
    lines = TEXT.splitlines()
    assert len(files(TEXT)) == 8
    for block in files(TEXT):
        assert lines[block.line - 3].endswith(f"`{block.title}`:"), f"line {block.line}"


def test_no_registry_and_no_absolute_home_is_named() -> None:
    assert re.findall(r"pypi|index-url|registry\.|/root/|/home/|/tmp/", TEXT) == []
