from __future__ import annotations

from collections.abc import Iterator

import pytest

from nuage_chain.vrs.connection import Connection
from nuage_chain.vrs.switch import Switch
from tests.integration.vrs.ovsdb_server import Ovsdb


@pytest.fixture
def ovsdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ovsdb]:
    server = Ovsdb(tmp_path_factory.mktemp("o"))
    try:
        server.start()
        server.transact(
            {"op": "insert", "table": "Bridge", "uuid-name": "b",
             "row": {"name": "alubr0", "datapath_type": "netdev"}},
            {"op": "insert", "table": "Open_vSwitch", "row": {"bridges": ["set", [["named-uuid", "b"]]]}},
        )  # fmt: skip
        yield server
    finally:
        server.stop()


@pytest.fixture
def switch(ovsdb: Ovsdb) -> Iterator[Switch]:
    opened = Switch(Connection(ovsdb.remote), "alubr0")
    yield opened
    opened.close()
