"""An embedded VSD with the demo's topology in it, and rows as OVSDB has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.vsd.session import Access, Session
from nuage_chain.vsp.layout import Layout, layout_of, password, prepare
from nuage_chain.vsp.resolver.networks import Networks
from nuage_chain.vsp.resolver.vsc import EmbeddedVsc
from nuage_chain.vsp.sessions import Sessions
from nuage_chain.vsp.settings import Settings
from nuage_chain.vsp.topology import DEMO, seed
from nuage_chain.vsp.vsd.server import VsdServer

if TYPE_CHECKING:
    from collections.abc import Iterator

NODE = "node-1"


class World:
    """VSD, VSC, and a look into VSD that does not go through VSC."""

    def __init__(self, server: VsdServer, sessions: Sessions, layout: Layout) -> None:
        self.server = server
        self.layout = layout
        self.sessions = sessions
        self.networks = Networks()
        self.vsc = EmbeddedVsc(sessions, self.networks, NODE, "192.0.2.1")
        access: Access = sessions.access()
        self.session = Session(access)

    def get(self, path: str, filter: str | None = None) -> list[dict[str, Any]]:  # noqa: A002 - VSD's word
        return self.session.get(path, Deadline(5), filter=filter)

    def subnet(self, domain: str, name: str) -> dict[str, Any]:
        found = next(d for d in self.get("domains") if d["name"] == domain)
        return next(s for s in self.get(f"domains/{found['ID']}/subnets") if s["name"] == name)


@pytest.fixture
def world(tmp_path: Any) -> Iterator[World]:
    layout = layout_of(tmp_path / "s")
    prepare(layout)
    store, tls = layout.vsd / "vsd.db", layout.vsd / "tls"
    with VsdServer(store, tls, port=0, cert_port=0, password=password(layout), poll_time=0.5) as server:
        port = int(server.url.rpartition(":")[2])
        sessions = Sessions(layout, Settings(None, False, "netdev", NODE, port, 0))
        made = World(server, sessions, layout)
        seed(made.session, DEMO, Deadline(20))
        yield made
        made.session.close()
        sessions.close()
