"""Who is compared: models by the configurations that they are trained by, as often as asked, and baselines."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from interest_spark.config.collaborative import AlsConfig, CollaborativeConfig
from interest_spark.config.deployment import Config
from interest_spark.config.evaluate import BASELINES
from interest_spark.config.file import load_config, with_settings
from interest_spark.config.kinds import sections_by_kind
from interest_spark.config.names import known_name
from interest_spark.config.training.networks import NetworkConfig
from interest_spark.foundation.errors import ConfigError
from interest_spark.pipeline.context import RunContext
from interest_spark.steps.evaluate import cutoff_of

_MODEL = ("train", "blocks", "collaborative")
"""The sections that say how a model is made."""

_SEEDS = 2**31  # those of TensorFlow and of Spark


@dataclass(frozen=True)
class Contender:
    """Who is compared: a model with the configuration that it is trained by, or a baseline, which has none.

    `seeds`: how many times it is trained; a model that draws no numbers is trained once.
    """

    name: str
    config: Config | None
    seeds: int = 1

    @property
    def trainings(self) -> tuple["Contender", ...]:
        """One for each seed, from the configuration's own on; the first has the model's name, whatever comes after."""
        if self.config is None:
            return ()
        seeds = self.seeds if _draws(self.config) else 1
        further = [Contender(f"{self.name}-seed{more}", _reseeded(self.config, more)) for more in range(1, seeds)]
        return Contender(self.name, self.config), *further

    def context(self, context: RunContext) -> RunContext:
        """The run that trains and scores it at the cutoff, as a backtest: what it makes was never shown to anybody."""
        assert self.config is not None
        train = self.config.train.model_copy(update={"mode": "full"})
        config = self.config.model_copy(update={"train": train})
        at_cutoff = context.on(date.fromisoformat(cutoff_of(context)), backtest=True)
        return replace(at_cutoff, config=config, compared_as=self.name)


def _draws(config: Config) -> bool:
    return config.collaborative is None or isinstance(config.collaborative, AlsConfig)


def _reseeded(config: Config, more: int) -> Config:
    """With the seed that comes so many after its own."""
    section = "train" if config.collaborative is None else "collaborative"
    settings = getattr(config, section)
    return config.model_copy(update={section: settings.model_copy(update={"seed": (settings.seed + more) % _SEEDS})})


def find_contenders(config: Config, names: Sequence[str], seeds: int = 1) -> list[Contender]:
    """Who is meant: a variant of the section `compare`, a kind of network or of collaborative model, a baseline, or a
    file ending in .yaml.

    Of a kind that is the deployment's own, its configuration; of others their defaults, of networks with the
    deployment's training. Of a file, such as `interest tune` writes, what says how a model is made. The first must be
    a model: it says whom all are judged for. Models are trained with so many `seeds`.
    """
    found = [replace(_find(config, name), seeds=seeds) for name in names]
    known = [each.name for one in found for each in (one.trainings or (one,))]
    twice = sorted({name for name in known if known.count(name) > 1})
    if twice:
        raise ConfigError(f"model {twice[0]!r} is named twice in --models; name it once")
    if len(found) < 2:
        raise ConfigError("there is nothing to compare with; name two models or more: --models sasrec,popularity")
    if found[0].config is None:
        raise ConfigError(f"{found[0].name!r} is a baseline; name a model first in --models, and baselines after it")
    return found


def _find(config: Config, name: str) -> Contender:
    if name.endswith(".yaml"):
        other = load_config(name)
        return Contender(Path(name).stem, config.model_copy(update={each: getattr(other, each) for each in _MODEL}))
    variants, networks = config.compare.models, sections_by_kind(NetworkConfig)
    collaborative = sections_by_kind(CollaborativeConfig)
    try:
        known_name("model", name, list(dict.fromkeys([*variants, *networks, *collaborative, *BASELINES])))
    except ValueError as error:
        raise ConfigError(f"{error}, those of compare.models, or a file that ends in .yaml") from None
    if name in variants:
        return Contender(name, with_settings(config, variants[name], f"of compare.models.{name}"))
    if name in networks:
        network = config.model_copy(update={"collaborative": None})
        own = name == config.train.network.kind
        return Contender(name, network if own else with_settings(network, {"train.network": {"kind": name}}, name))
    if name in collaborative:
        own = config.collaborative is not None and name == config.collaborative.kind
        return Contender(name, config if own else with_settings(config, {"collaborative": {"kind": name}}, name))
    return Contender(name, None)
