from __future__ import annotations

import errno
import json
import os
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


@pytest.mark.parametrize(
    ("stdin", "version"),
    [
        (b"", "1.1.0"), (b" \n", "1.1.0"), (b"null", "1.1.0"), (b"{", "1.1.0"), (b"\xff\0", "1.1.0"), (b"[1]", "1.1.0"),
        ({}, "1.1.0"), ({"name": "x"}, "1.1.0"), ({"cniVersion": None}, "1.1.0"), ({"cniVersion": 5}, "1.1.0"),
        ({"cniVersion": "1.0.0"}, "1.0.0"), ({"cniVersion": "0.1.0"}, "0.1.0"), ({"CNIVersion": "0.4.0"}, "0.4.0"),
        ({"cniVersion": "9.9.9", "name": "../x"}, "9.9.9"), ({"cniVersion": "nonsense"}, "1.1.0"),
    ],
)  # fmt: skip
def test_version_answers_whatever_the_configuration_is(stdin: Any, version: str) -> None:
    document, status, _ = call(never, stdin, CNI_COMMAND="VERSION", CNI_CONTAINERID="../x", CNI_PATH="")
    assert (status, document) == (0, {"cniVersion": version, "supportedVersions": list(versions.SUPPORTED)})


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


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC])
def test_what_the_machine_is_short_of_is_worth_trying_again_and_no_fault_of_ours(number: int) -> None:
    def handler(request: Request) -> None:
        raise OSError(number, "whatever")

    document, status, reported = call(handler, {"cniVersion": "1.0.0", "name": "net"})
    assert (document["code"], status, reported) == (11, 1, [])
    assert os.strerror(number) in document["msg"]


def test_a_message_is_never_longer_than_a_log_line_may_be() -> None:
    def handler(request: Request) -> None:
        raise BadConfig("x" * 1_000_000)

    document, _, _ = call(handler, {"cniVersion": "1.0.0", "name": "net"})
    assert len(document["msg"]) < 5000


def test_a_message_of_any_text_is_utf8() -> None:
    def handler(request: Request) -> None:
        raise BadConfig("no subnet \udcff, caf\u00e9")

    document, _, _ = call(handler, {"cniVersion": "1.0.0", "name": "net"})
    assert document["msg"] == "no subnet \ufffd, caf\u00e9"


@pytest.mark.parametrize("version", ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"])
def test_an_error_is_in_the_version_of_the_configuration_whatever_else_is_wrong(version: str) -> None:
    document, _, _ = call(never, {"CNIVersion": version, "name": "../x"})
    assert (document["cniVersion"], document["code"]) == (version, 7)
