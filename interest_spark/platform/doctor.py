"""The examination behind `interest doctor`: versions first, then every part is tried, Spark last."""

import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from interest_spark.foundation.credentials import is_secret, without_credentials
from interest_spark.foundation.locations import Location
from interest_spark.foundation.versions import Finding, inspect_versions
from interest_spark.platform.listeners import find_listeners
from interest_spark.platform.masters import is_on_this_machine

if TYPE_CHECKING:
    from interest_spark.config.deployment import Config

_EVERYWHERE = ("0.0.0.0", "::", "*")


def examine(config_path: str | None, overrides: Sequence[str] = ()) -> list[Finding]:
    """Every finding, in the order in which the parts depend on each other.

    While a version or Java is unsupported nothing is tried that stands on it: importing a wrong
    pyarrow may crash, and Spark would only hide the cause. Raises ConfigError for a wrong configuration.
    """
    findings = inspect_versions()
    if _any_unsupported(findings):
        return [*findings, Finding("everything else", "skipped", "not tried before the versions are right")]
    # Only now: these import what was just checked.
    from interest_spark.config.file import load_config
    from interest_spark.platform.scratch import check_temporary_folder

    config = load_config(config_path, overrides) if config_path else None
    if config and config_path:
        findings.extend(find_readable_secrets(Path(config_path), config))
    check_temporary_folder()
    with TemporaryDirectory(prefix="interest-doctor-") as empty:
        warehouse: Location = config.warehouse.absolute() if config else Path(empty)
        return [*findings, *_try_parts(config, warehouse)]


def _try_parts(config: "Config | None", warehouse: Location) -> list[Finding]:
    from interest_spark.config.spark import SparkConfig
    from interest_spark.platform import probes

    findings = [probes.try_java(), probes.try_warehouse(warehouse), probes.try_petastorm()]
    findings.extend(probes.try_training(config.train.ranks if config else 1))
    if config:
        findings.extend(Finding(f"listens: {each.who}", "ok", str(each)) for each in find_listeners(config))
        findings.extend(find_exposures(config))
    if _any_unsupported(findings):
        return [*findings, Finding("spark runs", "skipped", "not tried before the rest is right")]
    return [*findings, *probes.try_spark(config.spark if config else SparkConfig(master="local[1]"), warehouse)]


def find_exposures(config: "Config") -> list[Finding]:
    """Warnings about settings under which strangers on the network could reach the run.

    Horovod's elastic and `horovod.run` servers execute what anybody sends them (CVE-2024-10190,
    CVE-2026-31234). Ranks here are started without either; while they meet, Gloo takes whoever connects first.
    """
    exposures = _bound_everywhere(config)
    if not is_on_this_machine(config.spark.master):
        exposures += _unauthenticated(config)
    if config.train.ranks > 1:
        exposures += [*_elastic(), *_open_ranks(config)]
    return [Finding("network", "warning", found, "", remedy) for found, remedy in exposures]


def find_readable_secrets(path: Path, config: "Config") -> list[Finding]:
    """A warning where the configuration's file holds secrets and others than its owner may read it."""
    from interest_spark.config.sources import SOURCES  # needs libraries whose lack the doctor is to tell

    own = [f"spark.conf {key}" for key, value in config.spark.conf.items() if is_secret(key) and "${" not in value]
    sources = {config.sources.key_of(place): each for place, each in enumerate(config.sources.of_events)}
    sources |= {f"sources.{kind}": each for kind in SOURCES[1:] if (each := getattr(config.sources, kind))}
    own += [f"{key}.path" for key, each in sources.items() if _has_credentials(each.path)]
    if not own or not path.stat().st_mode & 0o077:
        return []
    return [Finding("secrets", "warning", f"others can read {', '.join(own)} in {path}", "", f"`chmod 600 {path}`")]


def _has_credentials(address: str) -> bool:
    return without_credentials(address) != address


def _bound_everywhere(config: "Config") -> list[tuple[str, str]]:
    address = config.spark.conf.get("spark.driver.bindAddress", os.environ.get("SPARK_LOCAL_IP", ""))
    if address not in _EVERYWHERE:
        return []
    return [(f"the Spark driver binds {address}", "set spark.conf spark.driver.bindAddress to one private address")]


def _unauthenticated(config: "Config") -> list[tuple[str, str]]:
    if config.spark.conf.get("spark.authenticate") == "true":
        return []
    remedy = "set spark.authenticate to true on cluster and driver, or isolate the cluster's network"
    return [(f"{config.spark.master} without spark.authenticate takes jobs from anybody who reaches it", remedy)]


def _elastic() -> list[tuple[str, str]]:
    if os.environ.get("HOROVOD_ELASTIC", "0") in ("", "0"):
        return []
    return [("HOROVOD_ELASTIC is set: its server executes what anybody sends it", "unset HOROVOD_ELASTIC")]


def _open_ranks(config: "Config") -> list[tuple[str, str]]:
    if config.train.launcher not in ("auto", "spark") or is_on_this_machine(config.spark.master):
        return []
    found = f"Horovod's ports are open to the network of {config.spark.master} while its ranks meet"
    remedy = (
        "let nothing but the cluster's own nodes reach its network: what ranks send is neither signed nor encrypted"
    )
    return [(found, remedy), *_public_addresses()]


def _public_addresses() -> list[tuple[str, str]]:
    import psutil

    found = [entry.address.partition("%")[0] for entries in psutil.net_if_addrs().values() for entry in entries]
    public = sorted(filter(_is_public, found))
    if not public:
        return []
    remedy = "close all ports but your own at a firewall while training, or train on a private network"
    return [(f"train.ranks above 1 may open Horovod's ports on the public address {', '.join(public)}", remedy)]


def _is_public(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return False


def _any_unsupported(findings: Sequence[Finding]) -> bool:
    return any(finding.status == "unsupported" for finding in findings)
