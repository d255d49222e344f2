"""Which rank runs where, as Horovod reads it from a rank's environment."""

import socket
from collections.abc import Sequence

from interest_spark.foundation.errors import ConfigError

LOOPBACK = "127.0.0.1"
_INTERFACE = "HOROVOD_GLOO_IFACE"


def places(hosts: Sequence[str]) -> list[dict[str, str]]:
    """The place of each process, given the host of each: ranks of one host follow each other, hosts as they appear."""
    order = sorted(range(len(hosts)), key=lambda process: hosts.index(hosts[process]))  # stable within a host
    names = list(dict.fromkeys(hosts))
    found: list[dict[str, str]] = [{} for _ in hosts]
    for rank, process in enumerate(order):
        host = hosts[process]
        local_rank = sum(hosts[each] == host for each in order[:rank])
        alike = [name for name in names if hosts.count(name) > local_rank]  # hosts that have a rank of this place
        found[process] = {
            "HOROVOD_HOSTNAME": host,
            "HOROVOD_RANK": str(rank),
            "HOROVOD_SIZE": str(len(hosts)),
            "HOROVOD_LOCAL_RANK": str(local_rank),
            "HOROVOD_LOCAL_SIZE": str(hosts.count(host)),
            "HOROVOD_CROSS_RANK": str(alike.index(host)),
            "HOROVOD_CROSS_SIZE": str(len(alike)),
        }
    return found


def gloo_environment(address: str, chosen: str | None = None) -> dict[str, str]:
    """Gloo as the only way to talk, over the interface `chosen` or the one that leads to `address`."""
    interface = chosen or interface_towards(address)
    return {
        "HOROVOD_CONTROLLER": "gloo",
        "HOROVOD_CPU_OPERATIONS": "gloo",
        _INTERFACE: interface,
        "NCCL_SOCKET_IFNAME": interface,
    }


def interface_towards(address: str) -> str:
    """The name of the network interface by which this machine reaches the address.

    Raises ConfigError where no interface has the address that the system would send from.
    """
    import psutil  # Horovod's own dependency

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((address, 9))  # sends nothing
        own = probe.getsockname()[0]
    for name, addresses in psutil.net_if_addrs().items():
        if any(each.address == own for each in addresses):
            return name
    raise ConfigError(f"no network interface has the address {own}; name one: export {_INTERFACE}=eth0")
