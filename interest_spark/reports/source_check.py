"""What was found in the first lines of a log, for people to read."""

import re
import sys
from collections.abc import Iterator

import yaml

from interest_spark.config.mapping import ANY_OTHER, fields_of
from interest_spark.config.source import SourceConfig
from interest_spark.foundation.shown import shown
from interest_spark.foundation.streams import print_line
from interest_spark.sources.check.head import Head
from interest_spark.sources.check.trial import GOOD, Trial
from interest_spark.sources.check.words import behavior_of


def print_trial(key: str, head: Head, source: SourceConfig, trial: Trial) -> None:
    """The mapped columns with their first values, and the rows by their fate."""
    written = {"parquet": "Parquet", "orc": "ORC"}.get(head.table or "", "JSON Lines" if head.is_json else "CSV")
    print_line(f"{key}: {shown(head.path, 300)} ({written}, {head.encoding}, {len(head.lines)} lines)", sys.stdout)
    for text in (*_columns(source, trial), *_fates(trial)):
        print_line(f"  {text}", sys.stdout)


def print_proposal(key: str, source: SourceConfig, trial: Trial) -> None:
    """A source as YAML, to be pasted into a configuration."""
    asked = trial.reasons.total() - trial.reasons["ignored"]
    print_line(f"  a mapping of which {trial.reasons[GOOD]} of {asked} rows are good:", sys.stdout)
    keys = source.model_dump(mode="json", exclude_unset=True)
    name = key.removeprefix("sources.").partition(".")[0]
    for line in yaml.safe_dump({name: keys}, allow_unicode=True, sort_keys=False).splitlines():
        print_line(f"    {line}", sys.stdout)
    for text in _guesses(source):
        print_line(f"  {text}", sys.stdout)


def _guesses(source: SourceConfig) -> Iterator[str]:
    """What no name in the log has said, and its author has to look at."""
    unknown = [word for word in source.behaviors if word != ANY_OTHER and behavior_of(word) is None]
    if unknown:
        yield f"what {shown(', '.join(unknown), 100)} stands for is a guess; correct behaviors"
    if "behavior" in source.constants and "behavior" not in source.columns:
        yield f"every line counts as {source.constants['behavior']!r}; correct constants, or map behavior to a field"
    if any(re.fullmatch("column_[0-9]+", name) for name in source.header or ()):
        yield "the file does not name its columns: correct their names in header, and which of them are mapped"
    if source.time_year is not None:
        yield f"times have no year, and {source.time_year} is that of the day; correct time_year"


def _columns(source: SourceConfig, trial: Trial) -> Iterator[str]:
    for name, value in source.columns.items():
        fields = ", ".join(fields_of(value))
        yield f"{name:<12}{shown(fields, 40):<24}{', '.join(shown(each, 40) for each in trial.values.get(name, ()))}"
    for name, constant in source.constants.items():
        yield f"{name:<12}always {shown(constant, 40)}"


def _fates(trial: Trial) -> Iterator[str]:
    if trial.fault:
        yield f"the file cannot be read so: {shown(trial.fault, 1_000)}"
        return
    yield f"{trial.reasons[GOOD]} rows are good"
    for reason, count in trial.reasons.most_common():
        if reason != GOOD:
            line, text = trial.examples[reason]
            yield f"{count} {reason}, for example line {line}: {shown(text, 160)}"
