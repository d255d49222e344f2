"""Where a Spark master runs, by its address, and what follows from that."""

_HERE = ("127.0.0.1", "localhost", "[::1]")
_LOOPBACK = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1", "spark.ui.enabled": "false"}


def is_on_this_machine(master: str) -> bool:
    """Whether all of the application runs here: a local master, or standalone ones on the loopback interface."""
    if master.startswith("local"):
        return True
    scheme, _, addresses = master.partition("://")
    return scheme == "spark" and all(_host(address) in _HERE for address in addresses.split(","))


def network_defaults(master: str) -> dict[str, str]:
    """Settings of Spark that hold unless others are given: on one machine nothing listens to the network."""
    return dict(_LOOPBACK) if is_on_this_machine(master) else {}


def _host(address: str) -> str:
    host, colon, port = address.rpartition(":")
    return host if colon and port.isdecimal() else address
