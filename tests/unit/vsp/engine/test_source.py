"""The engine's reading of the embedded VSD itself, over HTTPS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nuage_chain.deadline import Deadline
from nuage_chain.vsp.engine import source

if TYPE_CHECKING:
    import pytest

    from tests.unit.vsp.conftest import World

UUID = "ab" * 32
MANY = 130


def test_what_is_deleted_while_vsd_is_read_hides_nothing_else(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    web = world.subnet("Shop", "web")["ID"]
    interfaces = [
        {"name": f"nu{n:03}", "MAC": f"7a:42:00:00:00:{n:02x}", "attachedNetworkID": web} for n in range(MANY)
    ]
    body = {"name": "c", "UUID": UUID, "interfaces": interfaces}
    world.session.create("containers", body, Deadline(30))
    session = world.sessions.own()
    send, asked = session._call, []

    def delete_one_after_the_first_page(method: str, path: str, deadline: Deadline, **how: Any) -> Any:
        reply = send(method, path, deadline, **how)
        if path == "containerinterfaces":
            asked.append(path)
            if len(asked) == 1:
                first = world.get(path, 'name == "nu000"')[0]["ID"]
                world.session.delete(f"{path}/{first}", deadline)
        return reply

    monkeypatch.setattr(session, "_call", delete_one_after_the_first_page)
    read = source.load(session, Deadline(30)).objects["containerinterface"]
    left = {entity["ID"] for entity in world.get("containerinterfaces")}
    assert len(left) == MANY - 1
    assert left <= read.keys()
