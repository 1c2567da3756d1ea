from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from nuage_chain.cni import result, versions
from nuage_chain.errors import DecodeFailure

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


@pytest.mark.parametrize("there", versions.SUPPORTED)
@pytest.mark.parametrize("here", versions.SUPPORTED)
def test_a_result_of_any_version_is_told_in_any_other(here: str, there: str) -> None:
    told = result.render(result.parse(result.render(result.parse(NEWEST), here)), there)
    expected = result.render(result.parse(NEWEST), min(here, there))
    for ip in expected["ips"]:
        ip.pop("version", None)
    for ip in told["ips"]:
        assert ip.pop("version", None) == (None if there >= "1.0.0" else "6" if ":" in ip["address"] else "4")
    assert told == expected | {"cniVersion": there}


def test_a_route_without_gateway_has_none_in_any_version() -> None:
    raw = {"routes": [{"dst": "10.0.0.0/8"}, {"dst": "::/0", "gw": ""}, {"dst": "2001:db8::/32", "gw": None}]}
    for version in versions.SUPPORTED:
        assert result.render(result.parse(raw), version)["routes"] == [
            {"dst": "10.0.0.0/8"}, {"dst": "::/0"}, {"dst": "2001:db8::/32"},
        ]  # fmt: skip


def test_table_and_scope_of_a_route_may_be_zero() -> None:
    raw = {"routes": [{"dst": "10.0.0.0/8", "table": 0, "scope": 0, "mtu": 1400}]}
    assert result.render(result.parse(raw), "1.1.0")["routes"] == raw["routes"]


def test_fields_that_no_version_has_are_left_out_as_libcni_does() -> None:
    raw = {
        "cniVersion": "1.1.0",
        "vendor": {"a": 1},
        "interfaces": [{"name": "eth0", "vendor": 1}],
        "ips": [{"address": "10.0.0.5/24", "vendor": 1}],
        "routes": [{"dst": "0.0.0.0/0", "vendor": 1}],
        "dns": {"vendor": 1},
    }
    assert result.render(result.parse(raw), "1.1.0") == {
        "cniVersion": "1.1.0",
        "interfaces": [{"name": "eth0"}],
        "ips": [{"address": "10.0.0.5/24"}],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dns": {},
    }


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ({"cniVersion": "0.2.0", "ip4": {"ip": "1.2.3.30/24"}}, "'0.2.0'"),
        ({"cniVersion": "5678.456"}, "'5678.456'"),
        ({"cniVersion": 1}, "cniVersion"),
        ({"interfaces": {}}, "`interfaces`"),
        ({"interfaces": [None]}, "`interfaces`"),
        ({"interfaces": [{"name": ""}]}, "without a name"),
        ({"interfaces": [{"name": 1}]}, "`name`"),
        ({"interfaces": [{"name": "eth0", "mac": 1}]}, "`mac`"),
        ({"interfaces": [{"name": "eth0", "sandbox": {}}]}, "`sandbox`"),
        ({"interfaces": [{"name": "eth0", "mtu": "1500"}]}, "`mtu`"),
        ({"interfaces": [{"name": "eth0", "mtu": True}]}, "`mtu`"),
        ({"interfaces": [{"name": "eth0", "mtu": 10**30}]}, "`mtu`"),
        ({"interfaces": [{"name": "eth0", "socketPath": 1}]}, "`socketPath`"),
        ({"ips": [{}]}, "prefix"),
        ({"ips": [{"address": "10.0.0.5"}]}, "prefix"),
        ({"ips": [{"address": "10.0.0.5/255.255.255.0"}]}, "prefix"),
        ({"ips": [{"address": "10.0.0.5/33"}]}, "cannot be read"),
        ({"ips": [{"address": "fe80::1%eth0/64"}]}, "prefix"),
        ({"ips": [{"address": 5}]}, "`address`"),
        ({"ips": [{"address": "10.0.0.5/24", "gateway": "10.0.0.1/24"}]}, "cannot be read"),
        ({"ips": [{"address": "10.0.0.5/24", "gateway": 7}]}, "`gateway`"),
        ({"ips": [{"address": "10.0.0.5/24", "interface": "0"}]}, "`interface`"),
        ({"ips": [{"address": "10.0.0.5/24", "interface": 0.5}]}, "`interface`"),
        ({"routes": [{}]}, "prefix"),
        ({"routes": [{"dst": "default"}]}, "prefix"),
        ({"routes": [{"dst": "0.0.0.0/0", "gw": "nowhere"}]}, "cannot be read"),
        ({"routes": [{"dst": "0.0.0.0/0", "mtu": []}]}, "`mtu`"),
        ({"dns": []}, "`dns`"),
        ({"dns": {"nameservers": "10.0.0.2"}}, "`nameservers`"),
        ({"dns": {"search": [1]}}, "`search`"),
        ({"dns": {"domain": 1}}, "`domain`"),
    ],
)
def test_what_is_not_as_the_specification_says_is_named(raw: dict[str, Any], says: str) -> None:
    with pytest.raises(DecodeFailure) as caught:
        result.parse(raw)
    assert says in caught.value.message


def test_null_is_the_same_as_not_given_anywhere() -> None:
    raw = {
        "cniVersion": None,
        "interfaces": [{"name": "eth0", "mac": None, "sandbox": None, "mtu": None, "socketPath": None}],
        "ips": [{"address": "10.0.0.5/24", "gateway": None, "interface": None, "version": None}],
        "routes": [{"dst": "0.0.0.0/0", "gw": None, "mtu": None}],
        "dns": {"nameservers": None, "domain": None},
    }
    assert result.render(result.parse(raw), "1.1.0") == {
        "cniVersion": "1.1.0",
        "interfaces": [{"name": "eth0"}],
        "ips": [{"address": "10.0.0.5/24"}],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dns": {},
    }
