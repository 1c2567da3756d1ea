from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import VsdRefused, VsdUnreachable
from nuage_chain.vsd.session import Session

if TYPE_CHECKING:
    from tests.unit.vsd.conftest import ScriptedVsd

VPORT = {"name": "nu1", "externalID": "c1/eth0@node"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            {"errors": [{"property": "name", "descriptions": [{"title": "t", "description": "No zone."}]}]},
            "name: No zone.",
        ),
        ({"errors": [{"property": "", "descriptions": [{"title": "Only a title"}]}]}, "Only a title"),
        ({"errors": "Service\nis down"}, "Service is down"),
        ({"title": "t", "description": "Cannot find it"}, "Cannot find it"),
        ({"errors": []}, "Conflict"),
        ({"errors": [{"descriptions": None}, 3]}, "Conflict"),
        (None, "Conflict"),
        ([1], "Conflict"),
    ],
)
def test_a_refusal_carries_the_request_and_the_words_of_vsd(
    session: Session, vsd: ScriptedVsd, body: object, words: str
) -> None:
    vsd.on("GET", "zones", vsd.reply(409, body))
    with pytest.raises(VsdRefused) as caught:
        session.get("zones", Deadline(5))
    assert caught.value.status == 409
    assert caught.value.message == f"VSD refused GET zones at {vsd.url} with 409: {words}"


@pytest.mark.parametrize(("sent", "read"), [(2510, 2510), ("2510", 2510), (None, None), ("x", None)])
def test_the_internal_code_is_a_number_however_it_is_sent(
    session: Session, vsd: ScriptedVsd, sent: int | str | None, read: int | None
) -> None:
    vsd.on("POST", "zones", vsd.error(409, sent, "no"))
    with pytest.raises(VsdRefused) as caught:
        session.create("zones", VPORT, Deadline(5))
    assert caught.value.internal_code == read


@pytest.mark.parametrize("body", [b"<html>It works!</html>", b'{"a": 1}', b"[1, 2]", b'[{"ID": "1"', b"\xff\xfe"])
def test_garbage_instead_of_a_list_says_that_it_is_not_vsd(session: Session, vsd: ScriptedVsd, body: bytes) -> None:
    vsd.on("GET", "zones", vsd.raw(body))
    with pytest.raises(VsdUnreachable, match="not VSD's JSON") as caught:
        session.get("zones", Deadline(5))
    assert "vsd.url" in caught.value.hint


def test_a_redirection_is_not_followed(session: Session, vsd: ScriptedVsd) -> None:
    vsd.on("GET", "zones", vsd.reply(302, None, Location=f"{vsd.url}/nuage/api/v6/elsewhere"))
    with pytest.raises(VsdRefused, match="redirection") as caught:
        session.get("zones", Deadline(5))
    assert caught.value.status == 302
    assert not vsd.asks("GET", "elsewhere")
