from __future__ import annotations

import json
from typing import Any

import pytest

from nuage_chain.cni import request
from nuage_chain.errors import NuageChainError

ENVIRONMENT = {
    "CNI_COMMAND": "ADD",
    "CNI_CONTAINERID": "c1",
    "CNI_NETNS": "/run/netns/c1",
    "CNI_IFNAME": "eth0",
    "CNI_PATH": "/opt/cni/bin",
}
CONFIG = {"cniVersion": "1.0.0", "name": "net", "type": "nuage-chain"}


def read(environ: dict[str, str] | None = None, **config: Any) -> request.Request:
    return request.read(ENVIRONMENT | (environ or {}), json.dumps(CONFIG | config).encode())


@pytest.mark.parametrize(
    ("environ", "config", "code", "says"),
    [
        ({"CNI_COMMAND": ""}, {}, 4, "CNI_COMMAND is missing"),
        ({"CNI_COMMAND": "FLY"}, {}, 4, "'FLY'"),
        ({"CNI_COMMAND": "add"}, {}, 4, "'add'"),
        ({"CNI_CONTAINERID": ""}, {}, 4, "ADD needs CNI_CONTAINERID"),
        ({"CNI_NETNS": "", "CNI_IFNAME": "", "CNI_PATH": ""}, {}, 4, "CNI_NETNS, CNI_IFNAME, CNI_PATH"),
        ({"CNI_COMMAND": "DEL", "CNI_IFNAME": "", "CNI_PATH": ""}, {}, 4, "DEL needs CNI_IFNAME, CNI_PATH"),
        ({"CNI_COMMAND": "STATUS", "CNI_PATH": ""}, {"cniVersion": "1.1.0"}, 4, "STATUS needs CNI_PATH"),
        ({"CNI_COMMAND": "CHECK", "CNI_NETNS": ""}, {}, 4, "CHECK needs CNI_NETNS"),
        ({"CNI_COMMAND": "GC", "CNI_PATH": ""}, {"cniVersion": "1.1.0"}, 4, "GC needs CNI_PATH"),
        ({"CNI_CONTAINERID": "../../etc"}, {}, 4, "CNI_CONTAINERID"),
        ({"CNI_CONTAINERID": "some-%%container-id"}, {}, 4, "CNI_CONTAINERID"),
        ({"CNI_CONTAINERID": "-c1"}, {}, 4, "CNI_CONTAINERID"),
        ({"CNI_CONTAINERID": "c1\n"}, {}, 4, "CNI_CONTAINERID"),
        ({"CNI_CONTAINERID": "c\udcff"}, {}, 4, "CNI_CONTAINERID"),
        ({"CNI_IFNAME": "a" * 16}, {}, 4, "CNI_IFNAME"),
        ({"CNI_IFNAME": "é" * 8}, {}, 4, "CNI_IFNAME"),
        ({"CNI_IFNAME": "test:test"}, {}, 4, "CNI_IFNAME"),
        ({"CNI_IFNAME": "test test"}, {}, 4, "CNI_IFNAME"),
        ({"CNI_IFNAME": "."}, {}, 4, "CNI_IFNAME"),
        ({"CNI_IFNAME": "../eth0"}, {}, 4, "CNI_IFNAME"),
        ({"CNI_IFNAME": ".."}, {}, 4, "CNI_IFNAME"),
        ({}, {"cniVersion": "0.2.0"}, 1, "no plugin lists"),
        ({}, {"cniVersion": None}, 1, "0.1.0"),
        ({}, {"cniVersion": "9.0.0"}, 1, "'9.0.0'"),
        ({}, {"cniVersion": ""}, 1, "0.1.0"),
        ({}, {"cniVersion": "adsfsadf"}, 1, "'adsfsadf'"),
        ({"CNI_COMMAND": "CHECK"}, {"cniVersion": "adsfsadf"}, 6, "not a version"),
        ({"CNI_COMMAND": "GC"}, {"cniVersion": "1.2.3.4"}, 6, "not a version"),
        ({"CNI_COMMAND": "GC"}, {"cniVersion": "1.0.0"}, 1, "GC exists since cniVersion 1.1.0"),
        ({"CNI_COMMAND": "CHECK"}, {"cniVersion": "0.2.0"}, 1, "no plugin lists"),
        ({}, {"cniVersion": 1}, 6, "cniVersion"),
        ({}, {"cniVersion": False}, 6, "cniVersion"),
        ({}, {"cniVersion": None, "cniVersions": "1.0.0"}, 6, "cniVersions"),
        ({}, {"cniVersion": None, "cniVersions": ["0.1.0", "2.0.0"]}, 1, "2.0.0"),
        ({"CNI_COMMAND": "CHECK"}, {"cniVersion": "0.3.1"}, 1, "CHECK exists since cniVersion 0.4.0"),
        ({"CNI_COMMAND": "STATUS"}, {"cniVersion": "1.0.0"}, 1, "STATUS exists since cniVersion 1.1.0"),
        ({}, {"name": "", "cniVersion": "0.2.0"}, 7, "no `name`"),
        ({}, {"name": None}, 7, "no `name`"),
        ({}, {"name": 5}, 6, "`name`"),
        ({}, {"name": "te%%st"}, 7, "name"),
        ({}, {"name": "a\0b"}, 7, "name"),
        ({}, {"name": "../x"}, 7, "name"),
        ({}, {"prevResult": 3}, 6, "prevResult"),
        ({}, {"prevResult": {"ips": [{"address": "nonsense"}]}}, 6, "address"),
        ({}, {"prevResult": {"interfaces": "eth0"}}, 6, "interfaces"),
    ],
)
def test_a_bad_call_gets_the_code_of_the_specification(
    environ: dict[str, str], config: dict[str, Any], code: int, says: str
) -> None:
    with pytest.raises(NuageChainError) as caught:
        read(environ, **config)
    assert (caught.value.code, says in caught.value.message) == (code, True), caught.value.message


def test_del_needs_neither_namespace_nor_prev_result() -> None:
    asked = read({"CNI_COMMAND": "DEL", "CNI_NETNS": ""})
    assert (asked.netns, asked.previous, asked.network) == ("", None, "net")


def test_args_may_be_empty_and_may_hold_equal_signs() -> None:
    assert request.parse_args("IgnoreUnknown=1;A=;B=x=y;") == {"IgnoreUnknown": "1", "A": "", "B": "x=y"}


def test_the_variables_come_before_the_configuration() -> None:
    with pytest.raises(NuageChainError) as caught:
        request.read(ENVIRONMENT | {"CNI_NETNS": ""}, b"{")
    assert caught.value.code == 4


@pytest.mark.parametrize("args", ["some;extra;args", ";;=;", "=x", "a\udcff=b", "K=\udcff\udcfe", "K8S_POD_NAME"])
def test_arguments_that_are_not_ours_never_fail(args: str) -> None:
    assert read({"CNI_ARGS": f"{args};OURS=1"}).args["OURS"] == "1"


def test_arguments_that_are_no_utf8_are_text_all_the_same() -> None:
    assert read({"CNI_ARGS": "K8S_POD_NAME=a\udcff"}).args == {"K8S_POD_NAME": "a\ufffd"}


@pytest.mark.parametrize("verb", ["STATUS", "GC"])
def test_a_verb_does_not_look_at_variables_that_it_does_not_take(verb: str) -> None:
    asked = read(
        {"CNI_COMMAND": verb, "CNI_CONTAINERID": "../x", "CNI_IFNAME": "a/b", "CNI_NETNS": "/proc/self/ns/net"},
        cniVersion="1.1.0",
    )
    assert (asked.container_id, asked.ifname, asked.netns) == ("", "", "")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1", True), ("true", True), ("TRUE", True), ("True", True), ("0", False), ("yes", False), ("", False)],
)
def test_the_override_is_1_or_true_in_any_case_as_with_skel(value: str, expected: bool) -> None:
    assert read({"CNI_NETNS_OVERRIDE": value}).netns_override is expected


@pytest.mark.parametrize(
    ("config", "version"),
    [
        ({"cniVersions": ["0.3.1", "1.1.0", "0.4.0"]}, "1.1.0"),
        ({"cniVersions": ["0.4.0", "2.0.0"]}, "0.4.0"),
        ({"cniVersion": "0.3.1", "cniVersions": ["0.3.1", "1.1.0"]}, "0.3.1"),
        ({"cniVersion": "0.3.1", "cniVersions": 7}, "0.3.1"),
        ({"CNIVersion": "1.0.0"}, "1.0.0"),
        ({"cniVersion": "0.4.0", "CNIVERSION": "1.0.0"}, "1.0.0"),
        ({"cniVersion": "0.4.0", "CNIVersion": None}, "0.4.0"),
    ],
)
def test_the_version_is_the_runtimes_choice_else_the_best_of_the_list(config: dict[str, Any], version: str) -> None:
    stdin = json.dumps({"name": "net", **config}).encode()
    assert request.read(ENVIRONMENT, stdin).version == version


def test_keys_in_the_case_of_go_are_the_same_keys() -> None:
    stdin = {
        "CNIVersion": "1.1.0",
        "Name": "net",
        "Args": {"cni": {}},
        "RuntimeConfig": {"Mac": "x"},
        "PrevResult": {
            "Interfaces": [{"Name": "eth0", "MAC": "aa:bb", "Sandbox": "/n", "SocketPath": "/s"}],
            "IPs": [{"Version": "4", "Address": "10.0.0.5/24", "Gateway": "10.0.0.1", "Interface": 0}],
            "Routes": [{"Dst": "0.0.0.0/0", "GW": "10.0.0.1", "AdvMSS": 1400}],
            "DNS": {"Nameservers": ["10.0.0.2"], "Domain": "d"},
        },
        "CNI.dev/Valid-Attachments": [{"ContainerID": "c1", "IfName": "eth0"}],
        "bridge": "alubr0",
    }
    asked = request.read(ENVIRONMENT, json.dumps(stdin).encode())
    assert set(asked.config) == {
        "cniVersion", "name", "args", "runtimeConfig", "prevResult", request.VALID_ATTACHMENTS, "bridge",
    }  # fmt: skip
    assert asked.config[request.VALID_ATTACHMENTS] == [{"containerID": "c1", "ifname": "eth0"}]
    assert asked.previous is not None
    interface, ip, route = asked.previous.interfaces[0], asked.previous.ips[0], asked.previous.routes[0]
    assert (interface.name, interface.mac, interface.sandbox, interface.extra) == (
        "eth0", "aa:bb", "/n", {"socketPath": "/s"},
    )  # fmt: skip
    assert (str(ip.address), str(ip.gateway), ip.interface) == ("10.0.0.5/24", "10.0.0.1", 0)
    assert (str(route.dst), str(route.gateway), route.extra) == ("0.0.0.0/0", "10.0.0.1", {"advmss": 1400})
    assert asked.previous.dns == {"nameservers": ["10.0.0.2"], "domain": "d"}


@pytest.mark.parametrize("previous", [3, {"ips": 3}, {"ips": [{"address": "nonsense"}]}, {"cniVersion": "0.2.0"}])
def test_del_does_not_fail_for_a_prev_result_that_cannot_be_read(previous: object) -> None:
    assert read({"CNI_COMMAND": "DEL"}, prevResult=previous).previous is None


@pytest.mark.parametrize("key", ["prevResult", "args", "runtimeConfig", "capabilities", "ipam", "dns", "cniVersions"])
def test_null_is_the_same_as_not_given(key: str) -> None:
    assert read(**{key: None}).previous is None
