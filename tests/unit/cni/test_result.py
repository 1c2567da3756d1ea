from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from nuage_chain.cni import result, versions

NEWEST: dict[str, Any] = {
    "cniVersion": "1.1.0",
    "interfaces": [
        {"name": "cni0", "mac": "aa:aa:aa:aa:aa:aa"},
        {"name": "eth0", "mac": "bb:bb:bb:bb:bb:bb", "sandbox": "/run/netns/c1", "mtu": 1400, "socketPath": "/s"},
    ],
    "ips": [
        {"address": "10.0.0.5/24", "gateway": "10.0.0.1", "interface": 1},
        {"address": "2001:db8::5/64", "interface": 1},
    ],
    "routes": [{"dst": "0.0.0.0/0", "gw": "10.0.0.1", "priority": 5}],
    "dns": {"nameservers": ["10.0.0.2"]},
}


def test_a_result_of_the_newest_version_comes_back_as_it_was() -> None:
    assert result.render(result.parse(NEWEST), "1.1.0") == NEWEST


@pytest.mark.parametrize("version", versions.SUPPORTED)
def test_a_result_goes_through_every_version_and_keeps_what_that_version_has(version: str) -> None:
    there = result.render(result.parse(NEWEST), version)
    back = result.parse(there)
    assert there["cniVersion"] == version
    assert [str(ip.address) for ip in back.ips] == ["10.0.0.5/24", "2001:db8::5/64"]
    assert ("mtu" in there["interfaces"][1]) == (version == "1.1.0")
    assert [ip.get("version") for ip in there["ips"]] == (["4", "6"] if version < "1.0.0" else [None, None])


def test_absent_and_null_lists_are_empty() -> None:
    assert result.parse({"ips": None, "interfaces": None, "dns": None}) == result.Result()


def test_the_containers_interface_is_found_by_sandbox_and_else_by_name() -> None:
    parsed = result.parse(NEWEST)
    assert parsed.container_interface("eth0", "/run/netns/c1") == (1, parsed.interfaces[1])
    assert parsed.container_interface("eth0", "/proc/7/ns/net") == (1, parsed.interfaces[1])
    assert parsed.container_interface("cni0", "/run/netns/c1") is None


def test_a_route_keeps_its_host_bits_out() -> None:
    parsed = result.parse({"routes": [{"dst": "10.0.0.7/24"}]})
    assert parsed.routes[0].dst == ipaddress.ip_network("10.0.0.0/24")
