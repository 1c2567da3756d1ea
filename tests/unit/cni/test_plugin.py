from __future__ import annotations

import json
from typing import Any

import pytest

from nuage_chain.cni import plugin, versions
from nuage_chain.cni.request import Request
from nuage_chain.cni.result import IP, Result, parse
from nuage_chain.errors import BadConfig

ENVIRONMENT = {
    "CNI_COMMAND": "ADD",
    "CNI_CONTAINERID": "c1",
    "CNI_NETNS": "/run/netns/c1",
    "CNI_IFNAME": "eth0",
    "CNI_PATH": "/opt/cni/bin",
}


def call(handler: Any, stdin: Any, **environ: str) -> tuple[Any, int, list[BaseException]]:
    reported: list[BaseException] = []
    handlers = {verb: handler for verb in versions.VERBS if verb != "VERSION"}
    text = stdin if isinstance(stdin, bytes) else json.dumps(stdin).encode()
    reply = plugin.answer(ENVIRONMENT | environ, text, handlers, reported.append)
    return json.loads(reply.stdout) if reply.stdout else None, reply.status, reported


def never(request: Request) -> None:
    raise AssertionError(request)


@pytest.mark.parametrize("stdin", [b"", b" \n", {}, {"cniVersion": "1.0.0"}, {"cniVersion": "0.1.0"}])
def test_version_answers_with_or_without_a_configuration(stdin: Any) -> None:
    document, status, _ = call(never, stdin, CNI_COMMAND="VERSION")
    assert (status, document["supportedVersions"]) == (0, list(versions.SUPPORTED))


def test_the_result_is_of_the_version_asked_for() -> None:
    def handler(request: Request) -> Result:
        return parse({"ips": [{"address": "10.0.0.5/24"}]})

    document, status, _ = call(handler, {"cniVersion": "0.4.0", "name": "net"})
    assert (status, document["cniVersion"], document["ips"]) == (
        0, "0.4.0", [{"address": "10.0.0.5/24", "version": "4"}],
    )  # fmt: skip


def test_an_error_of_ours_becomes_the_error_document_with_what_to_do() -> None:
    def handler(request: Request) -> None:
        raise BadConfig("No subnet.", hint="Name one.")

    document, status, reported = call(handler, {"cniVersion": "0.4.0", "name": "net"})
    assert document == {"cniVersion": "0.4.0", "code": 7, "msg": "No subnet.", "details": "Name one."}
    assert (status, reported) == (1, [])


def test_a_fault_of_ours_is_an_error_document_too_and_is_reported() -> None:
    def handler(request: Request) -> Result:
        return Result(ips=[IP(None)]) if request.ifname == "never" else [].pop()  # type: ignore[arg-type]

    document, status, reported = call(handler, {"cniVersion": "1.0.0", "name": "net"})
    assert (document["code"], status, [type(e) for e in reported]) == (199, 1, [IndexError])


def test_a_verb_without_result_prints_nothing() -> None:
    assert call(lambda request: None, {"cniVersion": "1.0.0", "name": "net"}, CNI_COMMAND="DEL")[:2] == (None, 0)


def test_an_error_about_an_unreadable_configuration_is_in_the_latest_version() -> None:
    document, status, _ = call(never, b"{")
    assert (document["cniVersion"], document["code"], status) == (versions.LATEST, 6, 1)
