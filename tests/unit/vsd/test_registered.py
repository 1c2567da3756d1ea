from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import VsdRefused
from nuage_chain.vsd.registered import Registered, look

if TYPE_CHECKING:
    from nuage_chain.vsd.session import Session
    from tests.unit.vsd.conftest import ScriptedVsd

INTERFACE = {
    "ID": "i1", "parentID": "k1", "VPortID": "v1", "MAC": "7A:42:11:22:33:44", "IPAddress": "10.10.1.7",
    "IPv6Address": "2001:db8::7/64",
}  # fmt: skip
BOTH = frozenset({"10.10.1.7", "2001:db8::7"})


def seen(session: Session) -> Registered:
    return look(session, container_id="k1", interface_id="i1", vport_id="v1", deadline=Deadline(5))


@pytest.mark.parametrize(
    ("gone", "interface", "expected"),
    [
        ((), INTERFACE, Registered(True, True, "7a:42:11:22:33:44", BOTH)),
        (("containers/k1",), INTERFACE, Registered(False, True, "7a:42:11:22:33:44", BOTH)),
        (("vports/v1",), INTERFACE, Registered(True, False, "7a:42:11:22:33:44", BOTH)),
        (("containerinterfaces/i1",), INTERFACE, Registered(True, True, None, frozenset())),
        ((), INTERFACE | {"VPortID": "v2"}, Registered(True, True, None, frozenset())),
        ((), INTERFACE | {"parentID": "k2"}, Registered(True, True, None, frozenset())),
        ((), INTERFACE | {"IPv6Address": None},
         Registered(True, True, "7a:42:11:22:33:44", frozenset({"10.10.1.7"}))),
    ],
)  # fmt: skip
def test_what_vsd_has_of_an_attachment_is_seen(
    vsd: ScriptedVsd, session: Session, gone: tuple[str, ...], interface: dict[str, object], expected: Registered
) -> None:
    objects = {"containers/k1": {"ID": "k1"}, "vports/v1": {"ID": "v1"}, "containerinterfaces/i1": interface}
    for path, body in objects.items():
        vsd.on("GET", path, vsd.reply(404) if path in gone else vsd.reply(200, [body]))
    assert seen(session) == expected


def test_a_refusal_is_not_taken_for_an_absence(vsd: ScriptedVsd, session: Session) -> None:
    vsd.on("GET", "containerinterfaces/i1", vsd.reply(403))
    with pytest.raises(VsdRefused):
        seen(session)
