from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import VsdReplyLost
from nuage_chain.vsd.made import Made

if TYPE_CHECKING:
    from nuage_chain.vsd.session import Session
    from tests.unit.vsd.conftest import ScriptedVsd

BODY = {"name": "web", "externalID": "c1/eth0@node", "active": True, "interfaces": [{"VPortID": "v1"}]}


def in_doubt(session: Session, vsd: ScriptedVsd, body: dict[str, Any], later: list[dict[str, Any]]) -> list[str]:
    """The paths deleted when the answer to the POST of `body` was lost and VSD shows `later` afterwards."""
    made = Made(session)
    vsd.on("POST", "zones/1/subnets", vsd.reply(502, {"errors": "proxy timeout"}))
    vsd.on("GET", "zones/1/subnets", vsd.page([], 0), vsd.page(later, len(later)))
    with pytest.raises(VsdReplyLost):
        made.create("zones/1/subnets", body, Deadline(5))
    made.remove_all(Deadline(5))
    return [asked.path for asked in vsd.asked if asked.method == "DELETE"]


def test_what_was_made_is_removed_the_last_first(session: Session, vsd: ScriptedVsd) -> None:
    made = Made(session)
    vsd.on("POST", "zones", vsd.reply(201, [{"ID": "1"}]))
    vsd.on("POST", "zones/1/subnets", vsd.reply(201, [{"ID": "2"}]))
    made.create("zones", {}, Deadline(5))
    made.create("zones/1/subnets", {}, Deadline(5))
    assert made.remove_all(Deadline(5)) == []
    assert [asked.path for asked in vsd.asked if asked.method == "DELETE"] == ["subnets/2", "zones/1"]


def test_what_stays_behind_is_told_and_the_rest_is_removed(session: Session, vsd: ScriptedVsd) -> None:
    made = Made(session)
    vsd.on("POST", "zones", vsd.reply(201, [{"ID": "1"}]), vsd.reply(201, [{"ID": "2"}]))
    vsd.on("DELETE", "zones/2", vsd.error(403, None, "not permitted"))
    made.create("zones", {}, Deadline(5))
    made.create("zones", {}, Deadline(5))
    [problem] = made.remove_all(Deadline(5))
    assert len(vsd.asks("DELETE", "zones/1")) == 1
    assert problem.startswith("Besides, zones 2 could not be removed from VSD: ")
    assert "not permitted" in problem


def test_what_turns_up_after_its_answer_was_lost_is_removed(session: Session, vsd: ScriptedVsd) -> None:
    made = {"ID": "7", **BODY, "interfaces": [{"VPortID": "V1", "ID": "8"}], "description": None}
    assert in_doubt(session, vsd, BODY, [made]) == ["subnets/7"]


def test_what_was_in_doubt_has_gone_with_what_it_was_under(session: Session, vsd: ScriptedVsd) -> None:
    made = Made(session)
    vsd.on("POST", "zones/1/subnets", vsd.reply(502, {"errors": "proxy timeout"}))
    vsd.on("GET", "zones/1/subnets", vsd.page([], 0), vsd.error(404, None, "Cannot find zone with ID 1"))
    with pytest.raises(VsdReplyLost):
        made.create("zones/1/subnets", BODY, Deadline(5))
    assert (made.remove_all(Deadline(5)), bool(made)) == ([], False)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"active": False},
        {"interfaces": []},
        {"interfaces": [{"VPortID": "v0"}]},
        {"interfaces": None},
    ],
)
def test_what_is_not_as_it_was_sent_is_somebody_elses(
    session: Session, vsd: ScriptedVsd, change: dict[str, Any]
) -> None:
    assert in_doubt(session, vsd, BODY, [{"ID": "7", **BODY, **change}]) == []


def test_what_has_no_external_id_is_not_looked_for(session: Session, vsd: ScriptedVsd) -> None:
    assert in_doubt(session, vsd, {"name": "web"}, [{"ID": "7", "name": "web"}]) == []


def test_what_a_signal_left_in_doubt_is_looked_for_as_well(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    made = Made(session)
    with monkeypatch.context() as patched:
        patched.setattr(session, "create", interrupted)
        with pytest.raises(KeyboardInterrupt):
            made.create("zones/1/subnets", BODY, Deadline(5))
    deleted: list[str] = []
    monkeypatch.setattr(session, "get", lambda *_, **__: [{"ID": "7", **BODY}])
    monkeypatch.setattr(session, "delete", lambda path, _: deleted.append(path))
    assert (made.remove_all(Deadline(5)), deleted) == ([], ["subnets/7"])
