"""Every rank has one place, and the places fit together as Horovod needs them."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.foundation.errors import ConfigError
from interest_spark.models.launch import places as module
from interest_spark.models.launch.places import gloo_environment, interface_towards, places


def numbers(place: dict[str, str], kind: str) -> tuple[int, int]:
    return int(place[f"HOROVOD_{kind}RANK"]), int(place[f"HOROVOD_{kind}SIZE"])


def test_ranks_of_two_hosts() -> None:
    found = places(["b", "a", "b"])
    assert [numbers(place, "") for place in found] == [(0, 3), (2, 3), (1, 3)]
    assert [numbers(place, "LOCAL_") for place in found] == [(0, 2), (0, 1), (1, 2)]
    assert [numbers(place, "CROSS_") for place in found] == [(0, 2), (1, 2), (0, 1)]


@given(st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=12))
def test_ranks_number_all_processes_and_those_of_each_host(hosts: list[str]) -> None:
    found = places(hosts)
    assert [place["HOROVOD_HOSTNAME"] for place in found] == hosts
    assert sorted(numbers(place, "") for place in found) == [(rank, len(hosts)) for rank in range(len(hosts))]
    sizes = Counter(hosts)
    for host, size in sizes.items():
        mine = [place for place in found if place["HOROVOD_HOSTNAME"] == host]
        assert sorted(numbers(place, "LOCAL_") for place in mine) == [(rank, size) for rank in range(size)]
        ranks = sorted(numbers(place, "")[0] for place in mine)
        assert ranks == list(range(ranks[0], ranks[0] + size))
    for local_rank in range(max(sizes.values())):
        alike = [place for place in found if numbers(place, "LOCAL_")[0] == local_rank]
        assert sorted(numbers(place, "CROSS_") for place in alike) == [(n, len(alike)) for n in range(len(alike))]


def test_loopback_is_reached_over_loopback() -> None:
    name = interface_towards("127.0.0.1")
    assert gloo_environment("127.0.0.1")["HOROVOD_GLOO_IFACE"] == name
    assert gloo_environment("127.0.0.1", "ib0")["HOROVOD_GLOO_IFACE"] == "ib0"


def test_a_machine_that_hides_its_interfaces_is_told_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("psutil.net_if_addrs", dict)
    with pytest.raises(ConfigError, match=r"no network interface has the address .*; name one: export HOROVOD"):
        module.interface_towards("127.0.0.1")
