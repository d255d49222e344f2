"""What a bundle was made from: the versions of data, code and configuration."""

from typing import TYPE_CHECKING

from pydantic import Field

from interest_spark import __version__
from interest_spark.config.section import Section
from interest_spark.foundation.code_digest import code_digest
from interest_spark.foundation.digest import digest
from interest_spark.storage.run_record import MadeFrom

if TYPE_CHECKING:
    from interest_spark.pipeline.step import Inputs


class Origin(Section):
    """`data`: by input the run that made what was read, or a digest of all runs where there are several. `release` and
    `code`: of this package, a version and a digest of its sources. `configuration`: a digest of all settings that the
    training follows, which the record of the run beside the table `models` has in full, with the versions of tables.
    """

    data: dict[str, str] = Field(default={})
    release: str
    code: str
    configuration: str


def origin_of(made_from: MadeFrom, inputs: "Inputs") -> Origin:
    """The origin of what a step makes from these inputs."""
    data = {name: _version(name, inputs, made_from) for name in made_from.inputs if name in inputs}
    return Origin(data=data, release=__version__, code=code_digest(), configuration=digest(dict(made_from.settings)))


def _version(name: str, inputs: "Inputs", made_from: MadeFrom) -> str:
    slices = inputs[name].slices()
    return inputs[name].snapshot.content(slices[0]) if len(slices) == 1 else made_from.inputs[name]
