from __future__ import annotations

import base64
import dataclasses
import threading
import time
from typing import TYPE_CHECKING

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import DeadlineExceeded, VsdLoginRefused, VsdReplyLost, VsdUnreachable
from nuage_chain.vsd.session import Session

if TYPE_CHECKING:
    from nuage_chain.vsd.session import Access
    from tests.unit.vsd.conftest import Asked, Clock, Handler, ScriptedVsd


def secret_of(asked: Asked) -> str:
    scheme, text = asked.headers["Authorization"].split()
    assert scheme == "XREST"
    return base64.b64decode(text).decode()


def test_the_password_is_sent_once_and_the_key_from_then_on(session: Session, vsd: ScriptedVsd) -> None:
    vsd.on("GET", "zones", vsd.page([], 0))
    session.get("zones", Deadline(5))
    session.get("zones", Deadline(5))
    assert [(asked.path, secret_of(asked)) for asked in vsd.asked] == [
        ("me", "csproot:s3cret-pass"),
        ("zones", "csproot:key-1"),
        ("zones", "csproot:key-1"),
    ]
    assert {asked.headers["X-Nuage-Organization"] for asked in vsd.asked} == {"csp"}


@pytest.mark.parametrize("status", [401, 419])
def test_an_expired_key_is_renewed_once_and_the_retry_carries_the_new_one(
    session: Session, vsd: ScriptedVsd, status: int
) -> None:
    vsd.on("PUT", "zones/1", vsd.reply(status), vsd.reply(204))
    session.update("zones/1", {"name": "a"}, Deadline(5))
    assert [(asked.path, secret_of(asked)) for asked in vsd.asked] == [
        ("me", "csproot:s3cret-pass"),
        ("zones/1", "csproot:key-1"),
        ("me", "csproot:s3cret-pass"),
        ("zones/1", "csproot:key-2"),
    ]
    assert vsd.asked[3].body == {"name": "a"}


def test_a_post_is_sent_again_after_401_since_vsd_did_not_carry_it_out(session: Session, vsd: ScriptedVsd) -> None:
    vsd.on("POST", "zones", vsd.reply(401), vsd.reply(201, [{"ID": "1"}]))
    assert session.create("zones", {"name": "a"}, Deadline(5)) == {"ID": "1"}


def test_a_key_that_vsd_refuses_twice_is_an_error_and_not_a_loop(session: Session, vsd: ScriptedVsd) -> None:
    vsd.on("GET", "zones", vsd.reply(401))
    with pytest.raises(VsdLoginRefused):
        session.get("zones", Deadline(5))
    assert len(vsd.asks("GET", "zones")) == 2
    assert len(vsd.asks("GET", "me")) == 2


@pytest.mark.parametrize("unit", [1000, 1], ids=["milliseconds", "seconds"])
def test_a_key_is_renewed_a_minute_before_it_expires(
    session: Session, vsd: ScriptedVsd, clock: Clock, unit: int
) -> None:
    vsd.expires = lambda: (clock.now + 600) * unit
    vsd.on("GET", "zones", vsd.page([], 0))
    session.get("zones", Deadline(5))
    clock.now += 539
    session.get("zones", Deadline(5))
    assert vsd.keys == 1
    clock.now += 2
    session.get("zones", Deadline(5))
    assert vsd.keys == 2


@pytest.mark.parametrize("expiry", [None, "soon", True, 0, 1_000])
def test_an_expiry_that_says_nothing_leaves_the_key_in_use_until_401(
    session: Session, vsd: ScriptedVsd, expiry: object
) -> None:
    vsd.expires = lambda: expiry
    vsd.on("GET", "zones", vsd.page([], 0))
    for _ in range(3):
        session.get("zones", Deadline(5))
    assert vsd.keys == 1


def test_a_refused_login_names_user_organization_and_url_but_not_the_password(
    session: Session, vsd: ScriptedVsd
) -> None:
    vsd.on("GET", "me", vsd.error(401, None, "Bad credentials"))
    with pytest.raises(VsdLoginRefused) as caught:
        session.get("zones", Deadline(5))
    shown = caught.value.message + caught.value.hint + repr(caught.value)
    assert all(word in shown for word in ("csproot", "csp", vsd.url, "Bad credentials", "vsd.organization"))
    assert "s3cret-pass" not in shown
    assert "Authorization" not in shown


def test_a_login_without_a_key_is_an_error(session: Session, vsd: ScriptedVsd) -> None:
    vsd.on("GET", "me", vsd.reply(200, [{"userName": "csproot"}]))
    with pytest.raises(VsdUnreachable, match="APIKey"):
        session.get("zones", Deadline(5))


def test_a_login_whose_answer_is_lost_leaves_no_doubt_about_the_request_after_it(
    session: Session, vsd: ScriptedVsd
) -> None:
    vsd.on("GET", "me", vsd.raw(b"<html/>"))
    with pytest.raises(VsdUnreachable) as caught:
        session.create("vports", {"name": "a", "externalID": "b"}, Deadline(5))
    assert not isinstance(caught.value, VsdReplyLost)
    assert [asked.path for asked in vsd.asked] == ["me"]


def test_threads_that_all_meet_401_log_in_once(session: Session, vsd: ScriptedVsd) -> None:
    at_once = threading.Barrier(8)

    def expired(handler: Handler) -> None:
        if secret_of_handler(handler) == "csproot:key-1":
            at_once.wait(5)
            handler.give(vsd.reply(401))
        else:
            handler.give(vsd.page([{"ID": "1"}], 1))

    vsd.on("GET", "zones", vsd.act(expired))
    done: list[object] = []
    threads = [threading.Thread(target=lambda: done.append(session.get("zones", Deadline(10)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [[{"ID": "1"}]] * 8
    assert vsd.keys == 2


def secret_of_handler(handler: Handler) -> str:
    return base64.b64decode(handler.headers["Authorization"].removeprefix("XREST ")).decode()


def test_waiting_for_the_login_of_another_thread_keeps_to_the_deadline(session: Session, vsd: ScriptedVsd) -> None:
    release = threading.Event()

    def stall(handler: Handler) -> None:
        release.wait(5)
        handler.give(vsd.reply(200, [{"APIKey": "k"}]))

    vsd.on("GET", "me", vsd.act(stall))
    vsd.on("GET", "zones", vsd.page([], 0))
    first = threading.Thread(target=lambda: session.get("zones", Deadline(10)))
    first.start()
    while not vsd.asks("GET", "me"):
        time.sleep(0.01)
    start = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        session.get("zones", Deadline(0.2))
    assert time.monotonic() - start < 1
    release.set()
    first.join()


def test_the_proxied_user_is_named_in_every_request_but_the_login(access: Access, vsd: ScriptedVsd) -> None:
    session = Session(dataclasses.replace(access, proxy_user="bob@Acme"))
    vsd.on("GET", "zones", vsd.page([], 0))
    session.get("zones", Deadline(5))
    session.close()
    assert {(asked.path == "me", asked.headers.get("X-Nuage-ProxyUser")) for asked in vsd.asked} == {
        (True, None),
        (False, "bob@Acme"),
    }
