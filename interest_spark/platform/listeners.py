"""What a run listens on, by its settings: said by `interest doctor`, so that nobody has to search for it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from interest_spark.platform.masters import is_on_this_machine, network_defaults

if TYPE_CHECKING:
    from interest_spark.config.deployment import Config

_ANY_PORT = "a port that the system chooses"
_SECRET = "with a secret of the run"


@dataclass(frozen=True)
class Listener:
    """Who listens, on which address and port, and who is let in."""

    who: str
    address: str
    port: str
    access: str

    def __str__(self) -> str:
        return f"{self.address}, {self.port}, {self.access}"


def find_listeners(config: "Config") -> list[Listener]:
    """Every listening socket of a run under this configuration, if it is started with `interest`."""
    return [*_of_spark(config), *(_of_ranks(config) if config.train.ranks > 1 else ())]


def _of_spark(config: "Config") -> Iterator[Listener]:
    master = config.spark.master
    settings = {**network_defaults(master), **config.spark.conf}
    signed = "with Spark's shared secret" if settings.get("spark.authenticate") == "true" else "for whoever reaches it"
    driver = _driver_address(settings)
    yield Listener("Spark's driver", driver, settings.get("spark.driver.port", _ANY_PORT), signed)
    block_port = settings.get("spark.blockManager.port", _ANY_PORT)
    yield Listener(
        "blocks of Spark's driver", driver, settings.get("spark.driver.blockManager.port", block_port), signed
    )
    yield Listener("Spark's bridge to Python", "127.0.0.1", _ANY_PORT, _SECRET)
    if settings.get("spark.ui.enabled", "true") == "true":
        local = "127.0.0.1" if is_on_this_machine(master) else "every address"
        address = os.environ.get("SPARK_LOCAL_IP", local)
        yield Listener("Spark's UI", address, settings.get("spark.ui.port", "4040"), "for whoever reaches it")
    if not master.startswith("local"):
        yield Listener("Spark's executors", "the address of each worker", block_port, signed)


def _of_ranks(config: "Config") -> Iterator[Listener]:
    alone = is_on_this_machine(config.spark.master) or config.train.launcher == "horovodrun"
    settings = {**network_defaults(config.spark.master), **config.spark.conf}
    meeting = "127.0.0.1" if alone else _driver_address(settings)
    yield Listener("the ranks' rendezvous", meeting, _ANY_PORT, f"{_SECRET}, until all ranks have met")
    ranks = "127.0.0.1" if alone else "each rank's address towards the driver"
    yield Listener("Horovod's ranks", ranks, _ANY_PORT, "for whoever comes first, until all ranks have met")


def _driver_address(settings: dict[str, str]) -> str:
    named = settings.get("spark.driver.bindAddress") or settings.get("spark.driver.host")
    return named or os.environ.get("SPARK_LOCAL_IP") or "this machine's first address"
