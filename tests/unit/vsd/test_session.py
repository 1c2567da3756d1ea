from __future__ import annotations

import base64
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, VsdRefused, VsdReplyLost
from nuage_chain.vsd.session import Session

if TYPE_CHECKING:
    from tests.unit.vsd.conftest import Answer, Clock, Handler, ScriptedVsd

VPORT = {"name": "nu1", "externalID": "c1/eth0@node"}


@pytest.mark.parametrize("empty", ["empty body", "no content", "empty list"])
def test_every_way_to_say_none_is_an_empty_list(session: Session, vsd: ScriptedVsd, empty: str) -> None:
    answers = {"empty body": vsd.page([], 0), "no content": vsd.reply(204), "empty list": vsd.reply(200, [])}
    vsd.on("GET", "enterprises", answers[empty])
    assert session.get("enterprises", Deadline(5)) == []


def test_pages_are_read_until_the_count_is_reached(session: Session, vsd: ScriptedVsd) -> None:
    pages = [[{"ID": "1"}, {"ID": "2"}], [{"ID": "3"}, {"ID": "4"}], [{"ID": "5"}]]
    vsd.on("GET", "zones", *(vsd.page(page, 5) for page in pages))
    assert [zone["ID"] for zone in session.get("zones", Deadline(5))] == ["1", "2", "3", "4", "5"]
    assert [asked.headers["X-Nuage-Page"] for asked in vsd.asks("GET", "zones")] == ["0", "1", "2"]


def test_a_server_that_gives_the_same_page_for_ever_is_not_read_for_ever(session: Session, vsd: ScriptedVsd) -> None:
    vsd.on("GET", "zones", vsd.page([{"ID": "1"}], 5))
    assert session.get("zones", Deadline(5)) == [{"ID": "1"}]
    assert len(vsd.asks("GET", "zones")) == 2


def test_a_single_object_comes_without_a_count_and_is_asked_for_once(session: Session, vsd: ScriptedVsd) -> None:
    vsd.on("GET", "zones/1", vsd.reply(200, [{"ID": "1"}]))
    assert session.get("zones/1", Deadline(5)) == [{"ID": "1"}]
    assert len(vsd.asks("GET", "zones/1")) == 1


def test_an_object_that_moves_to_the_next_page_meanwhile_is_listed_once(session: Session, vsd: ScriptedVsd) -> None:
    vsd.on("GET", "zones", vsd.page([{"ID": "1"}, {"ID": "2"}], 3), vsd.page([{"ID": "2"}, {"ID": "3"}], 3))
    assert [zone["ID"] for zone in session.get("zones", Deadline(5))] == ["1", "2", "3"]


def test_at_most_so_many_are_asked_for_in_one_page(session: Session, vsd: ScriptedVsd) -> None:
    vsd.on("GET", "zones", vsd.page([{"ID": str(n)} for n in range(50)], 900))
    assert len(session.get("zones", Deadline(5), at_most=5)) == 5
    assert len(vsd.asks("GET", "zones")) == 1


def test_a_filter_is_sent_as_a_predicate_in_utf_8(session: Session, vsd: ScriptedVsd) -> None:
    vsd.on("GET", "zones", vsd.page([], 0))
    session.get("zones", Deadline(5), filter='name == "Zürich-東京"')
    headers = vsd.asks("GET", "zones")[0].headers
    assert headers["X-Nuage-Filter"].encode("latin-1").decode() == 'name == "Zürich-東京"'
    assert headers["X-Nuage-FilterType"] == "predicate"


def test_a_filter_with_a_line_break_is_never_sent(session: Session, vsd: ScriptedVsd) -> None:
    with pytest.raises(BadConfig):
        session.get("zones", Deadline(5), filter='name == "a\r\nX-Nuage-ProxyUser: root@csp"')
    assert not vsd.asks("GET", "zones")


def lost_in(vsd: ScriptedVsd, how: str) -> Answer:
    return {
        "dropped": vsd.drop(),
        "garbage": vsd.raw(b"<html/>", 201),
        "empty": vsd.reply(201),
        "gateway": vsd.reply(502, {"errors": "bad gateway"}),
        "fault": vsd.reply(500, {"errors": "fault"}),
        "late": vsd.trickle(b"", b""),
    }[how]


@pytest.mark.parametrize("how", ["dropped", "garbage", "empty", "gateway", "fault"])
def test_a_lost_answer_to_a_post_is_looked_up_and_never_sent_twice(
    session: Session, vsd: ScriptedVsd, how: str
) -> None:
    made = {"ID": "7", **VPORT}
    vsd.on("POST", "vports", lost_in(vsd, how))
    vsd.on("GET", "vports", vsd.page([{"ID": "6", "externalID": "other"}, made], 2))
    assert session.create("vports", VPORT, Deadline(5)) == made
    assert len(vsd.asks("POST", "vports")) == 1
    assert vsd.asks("GET", "vports")[0].headers["X-Nuage-Filter"] == 'externalID == "c1/eth0@node"'


@pytest.mark.parametrize("how", ["dropped", "gateway"])
@pytest.mark.parametrize(
    ("body", "found"),
    [
        (VPORT, []),
        (VPORT, [{"ID": "7", **VPORT, "name": "another"}]),
        ({"name": "nu1"}, [{"ID": "7", "name": "nu1"}]),
    ],
    ids=["not there", "differs", "no externalID"],
)
def test_a_lost_answer_that_cannot_be_settled_fails_clearly(
    session: Session, vsd: ScriptedVsd, how: str, body: dict[str, Any], found: list[dict[str, Any]]
) -> None:
    vsd.on("POST", "vports", lost_in(vsd, how))
    vsd.on("GET", "vports", vsd.page(found, len(found)))
    with pytest.raises(VsdReplyLost, match="Whether the object was made is not known"):
        session.create("vports", body, Deadline(5))
    assert len(vsd.asks("POST", "vports")) == 1


def test_a_post_that_is_not_answered_in_time_says_that_it_may_have_been_carried_out(
    session: Session, vsd: ScriptedVsd
) -> None:
    vsd.on("POST", "vports", lost_in(vsd, "late"))
    vsd.on("GET", "warm", vsd.page([], 0))
    session.get("warm", Deadline(5))
    with pytest.raises(VsdReplyLost, match="c1/eth0@node"):
        session.create("vports", VPORT, Deadline(0.3))


def test_that_nothing_changed_is_a_success(session: Session, vsd: ScriptedVsd) -> None:
    same = vsd.error(409, 2039, "There are no attribute changes to modify the entity.")
    vsd.on("PUT", "vports/1", same)
    vsd.on("PUT", "vports/1/policygroups", same)
    session.update("vports/1", {"name": "a"}, Deadline(5))
    session.assign("vports/1/policygroups", ["g"], Deadline(5))
    assert vsd.asks("PUT", "vports/1/policygroups")[0].body == ["g"]


def test_another_conflict_of_an_update_is_an_error(session: Session, vsd: ScriptedVsd) -> None:
    vsd.on("PUT", "vports/1", vsd.error(409, 2510, "exists"))
    with pytest.raises(VsdRefused, match="exists"):
        session.update("vports/1", {"name": "a"}, Deadline(5))


def test_deleting_what_is_not_there_is_a_success(session: Session, vsd: ScriptedVsd) -> None:
    session.delete("vports/1", Deadline(5))
    assert len(vsd.asks("DELETE", "vports/1")) == 1


def test_a_question_to_a_delete_is_answered_with_yes(session: Session, vsd: ScriptedVsd) -> None:
    vsd.on("DELETE", "zones/1", vsd.error(300, None, "In use. Sure?"))
    vsd.on("DELETE", "zones/1?responseChoice=1", vsd.reply(204))
    session.delete("zones/1", Deadline(5))
    assert len(vsd.asks("DELETE", "zones/1?responseChoice=1")) == 1


def test_a_question_to_anything_else_is_an_error(session: Session, vsd: ScriptedVsd) -> None:
    vsd.on("PUT", "zones/1", vsd.error(300, None, "In use. Sure?"))
    with pytest.raises(VsdRefused, match="Sure") as caught:
        session.update("zones/1", {"name": "a"}, Deadline(5))
    assert caught.value.status == 300
    assert [asked.path for asked in vsd.asked] == ["me", "zones/1"]


def test_a_vport_that_is_still_attached_is_tried_again_with_growing_pauses(
    session: Session, vsd: ScriptedVsd, clock: Clock
) -> None:
    attached = vsd.error(409, 7010, "attached")
    vsd.on("DELETE", "vports/1", attached, attached, attached, vsd.reply(204))
    session.delete("vports/1", Deadline(60, clock))
    assert clock.slept == [0.1, 0.2, 0.4]


def test_a_vport_that_stays_attached_is_an_error_within_the_deadline(
    session: Session, vsd: ScriptedVsd, clock: Clock
) -> None:
    vsd.on("DELETE", "vports/1", vsd.error(409, 7010, "attached"))
    with pytest.raises(VsdRefused, match="attached") as caught:
        session.delete("vports/1", Deadline(10, clock))
    assert caught.value.internal_code == 7010
    assert sum(clock.slept) < 10
    assert max(clock.slept) == 2.0


def test_another_refusal_of_a_delete_is_not_tried_again(session: Session, vsd: ScriptedVsd, clock: Clock) -> None:
    vsd.on("DELETE", "policygroups/1", vsd.error(409, 7097, "in use"))
    with pytest.raises(VsdRefused, match="in use"):
        session.delete("policygroups/1", Deadline(10, clock))
    assert clock.slept == []


def test_many_threads_share_one_session_and_one_login(session: Session, vsd: ScriptedVsd) -> None:
    def slow_login(handler: Handler) -> None:
        time.sleep(0.1)
        handler.give(vsd.reply(200, [{"APIKey": "k", "APIKeyExpiry": 4e12}]))

    vsd.on("GET", "me", vsd.act(slow_login))
    for n in range(16):
        vsd.on("GET", f"zones/{n}", vsd.page([{"ID": str(n)}], 1))
    found: dict[int, Any] = {}

    def look(n: int) -> None:
        found[n] = session.get(f"zones/{n}", Deadline(10))

    threads = [threading.Thread(target=look, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: [{"ID": str(n)}] for n in range(16)}
    assert len(vsd.asks("GET", "me")) == 1


def test_headers_of_the_caller_go_with_every_request(vsd: ScriptedVsd, session: Session) -> None:
    one = Session(session.access, headers={"X-Nuage-Custom": "vsc"})
    vsd.on("GET", "zones", vsd.page([], 0))
    one.get("zones", Deadline(5))
    one.close()
    assert {asked.headers["X-Nuage-Custom"] for asked in vsd.asked} == {"vsc"}
    secret = base64.b64decode(vsd.asks("GET", "me")[0].headers["Authorization"].removeprefix("XREST "))
    assert secret == b"csproot:s3cret-pass"
