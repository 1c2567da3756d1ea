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
        ({"CNI_CONTAINERID": ""}, {}, 4, "ADD needs CNI_CONTAINERID"),
        ({"CNI_NETNS": "", "CNI_IFNAME": ""}, {}, 4, "CNI_NETNS, CNI_IFNAME"),
        ({"CNI_COMMAND": "CHECK", "CNI_NETNS": ""}, {}, 4, "CHECK needs CNI_NETNS"),
        ({"CNI_COMMAND": "GC", "CNI_PATH": ""}, {"cniVersion": "1.1.0"}, 4, "GC needs CNI_PATH"),
        ({"CNI_CONTAINERID": "../../etc"}, {}, 4, "CNI_CONTAINERID"),
        ({"CNI_IFNAME": "a" * 16}, {}, 4, "CNI_IFNAME"),
        ({"CNI_IFNAME": "../eth0"}, {}, 4, "CNI_IFNAME"),
        ({"CNI_IFNAME": ".."}, {}, 4, "CNI_IFNAME"),
        ({"CNI_ARGS": "K8S_POD_NAME"}, {}, 4, "not KEY=value"),
        ({}, {"cniVersion": "0.2.0"}, 1, "no plugin lists"),
        ({}, {"cniVersion": None}, 1, "0.1.0"),
        ({}, {"cniVersion": "9.0.0"}, 1, "'9.0.0'"),
        ({}, {"cniVersion": 1}, 6, "cniVersion"),
        ({"CNI_COMMAND": "CHECK"}, {"cniVersion": "0.3.1"}, 1, "CHECK exists since cniVersion 0.4.0"),
        ({"CNI_COMMAND": "STATUS"}, {"cniVersion": "1.0.0"}, 1, "STATUS exists since cniVersion 1.1.0"),
        ({}, {"name": ""}, 7, "no `name`"),
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


@pytest.mark.parametrize("stdin", [b"", b"{", b"[]", b'"x"', b"null", b"\xff\xfe", b"[" * 100_000])
def test_standard_input_that_is_no_json_object_is_a_decode_failure(stdin: bytes) -> None:
    with pytest.raises(NuageChainError) as caught:
        request.read(ENVIRONMENT, stdin)
    assert caught.value.code == 6


def test_del_needs_neither_namespace_nor_prev_result() -> None:
    asked = read({"CNI_COMMAND": "DEL", "CNI_NETNS": ""})
    assert (asked.netns, asked.previous, asked.network) == ("", None, "net")


def test_args_may_be_empty_and_may_hold_equal_signs() -> None:
    assert request.parse_args("IgnoreUnknown=1;A=;B=x=y;") == {"IgnoreUnknown": "1", "A": "", "B": "x=y"}
