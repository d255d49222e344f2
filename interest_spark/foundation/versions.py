"""The supported matrix: which releases were verified together, and whether the installed ones are among them.

Nothing here imports what it looks at, so a job can ask before Spark or TensorFlow cost it seconds.
"""

import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Literal

from packaging.specifiers import SpecifierSet

from interest_spark.foundation.errors import ConfigError

Status = Literal["ok", "warning", "unsupported", "skipped"]


@dataclass(frozen=True)
class Finding:
    """What was found of one part of the stack, and what to do about it unless that is `ok`."""

    part: str
    status: Status
    found: str
    supported: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Supported:
    """One row of the matrix: any of `distributions` at a release within `releases`; `why` names the limit's cause."""

    distributions: tuple[str, ...]
    releases: str
    why: str = ""
    optional: bool = False
    install: str = ""


PYTHON = "==3.11.*"
MATRIX = (
    Supported(("pyspark",), ">=3.5,<3.6"),
    Supported(("pyarrow",), ">=14.0.2,<15", "petastorm reads with no newer one, older ones have CVE-2023-47248"),
    Supported(("numpy",), ">=1.26,<2", "pyarrow 14 is built against NumPy 1"),
    Supported(("pandas",), ">=2.2,<3"),
    Supported(("deltalake",), ">=1.6,<2"),
    Supported(("setuptools",), "<70", "petastorm imports pkg_resources"),
    Supported(("petastorm",), "==0.13.1"),
    Supported(("tensorflow-cpu", "tensorflow"), ">=2.18,<2.19", "Horovod 0.28.1 builds with no newer one"),
    Supported(("keras",), ">=3.5,<4"),
    Supported(
        ("horovod",), "==0.28.1", "needed for train.ranks above 1", True, "install g++, then `make install RANKS=2`"
    ),
)


def inspect_versions(matrix: Sequence[Supported] = MATRIX) -> list[Finding]:
    """One finding for Python and for each row of the matrix."""
    return [_inspect_python(), *(_inspect(row) for row in matrix)]


def check_versions(parts: Collection[str] = ()) -> None:
    """Raise ConfigError naming every unsupported release; of the named parts, or of all."""
    wrong = [finding for finding in inspect_versions() if finding.status == "unsupported"]
    if parts:
        wrong = [finding for finding in wrong if finding.part in parts]
    if wrong:
        raise ConfigError("; ".join(explain(finding) for finding in wrong))


def explain(finding: Finding) -> str:
    """The finding as one line: what is wrong, the rule, the remedy."""
    rule = f", supported is {finding.supported}" if finding.supported else ""
    return f"{finding.part}: {finding.found}{rule}" + (f"; {finding.remedy}" if finding.remedy else "")


def _inspect_python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    if SpecifierSet(PYTHON).contains(found):
        return Finding("python", "ok", found, PYTHON)
    return Finding("python", "unsupported", found, PYTHON, "install Python 3.11, then `make clean install`")


def _inspect(row: Supported) -> Finding:
    part = row.distributions[0]
    supported = f"{row.releases} ({row.why})" if row.why else row.releases
    remedy = row.install or f"`pip install '{part}{row.releases}'`, or `make install`"
    found = next(filter(None, map(_installed, row.distributions)), None)
    if found is None:
        return Finding(part, "warning" if row.optional else "unsupported", "not installed", supported, remedy)
    if SpecifierSet(row.releases).contains(found, prereleases=True):
        return Finding(part, "ok", found, supported)
    return Finding(part, "unsupported", found, supported, remedy)


def _installed(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
