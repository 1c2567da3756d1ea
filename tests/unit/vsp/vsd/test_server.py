from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from nuage_chain.errors import BadConfig, IOFailure
from nuage_chain.vsp.vsd.server import VsdServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.vsp.vsd.conftest import Rest, Topology


def test_free_ports_are_found_and_told(server: VsdServer) -> None:
    ports = {urlsplit(server.url).port, urlsplit(server.cert_url).port}
    assert len(ports) == 2
    assert 0 not in ports


def test_the_store_and_its_log_are_for_the_owner_only(server: VsdServer, tmp_path: Path) -> None:
    assert server.url
    for path in tmp_path.glob("vsd.db*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_new_store_needs_a_password(tmp_path: Path, tls_dir: Path) -> None:
    server = VsdServer(tmp_path / "new.db", tls_dir, port=0, cert_port=0)
    with pytest.raises(BadConfig, match="first password"):
        server.start()


def test_a_port_that_is_taken_is_said_so_and_nothing_stays_open(
    server: VsdServer, tmp_path: Path, tls_dir: Path
) -> None:
    taken = urlsplit(server.url).port
    assert taken is not None
    second = VsdServer(tmp_path / "vsd.db", tls_dir, port=0, cert_port=taken)
    with pytest.raises(IOFailure, match=f"port {taken}"):
        second.start()
    assert second.url.endswith(":0")


def test_a_store_that_is_no_database_is_said_so(tmp_path: Path, tls_dir: Path) -> None:
    (tmp_path / "bad.db").write_text("this is no database, and never was one; " * 50)
    with pytest.raises(IOFailure, match=r"bad\.db"):
        VsdServer(tmp_path / "bad.db", tls_dir, port=0, cert_port=0, password="x").start()


def test_stopping_twice_and_starting_again_is_fine(server: VsdServer, rest: Rest) -> None:
    rest.make("enterprises", name="Acme")
    server.stop()
    server.stop()
    server.start()
    assert type(rest)(server.url, server.ca).names("enterprises") == ["Acme"]


def test_everything_is_there_again_after_a_restart(
    make_server: Callable[..., VsdServer], rest: Rest, server: VsdServer, topology: Topology
) -> None:
    vport = topology.make_vport("v")
    container = topology.make_container("a" * 64, VPortID=vport)
    server.stop()
    again = make_server(password=None)
    rest = type(rest)(again.url, again.ca)
    assert rest.one(f"containers/{container['ID']}") == container
    assert rest.names(f"zones/{topology.zone}/containers") == [container["name"]]
    body = {"MAC": "7a:42:11:22:33:45", "attachedNetworkID": topology.subnet}
    second = rest.make("containers", name="c", UUID="2", interfaces=[body])
    assert second["interfaces"][0]["IPAddress"] == "10.10.1.3"


def test_a_fault_of_the_server_is_answered_and_logged(
    rest: Rest, server: VsdServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("nuage_chain.vsp.vsd.api.list_page", lambda *_: 1 / 0)
    status, _, description = rest.refused("GET", "enterprises")
    assert (status, description) == (500, "This is a fault of the VSD server: see its log.")
    assert "ZeroDivisionError" in caplog.text
    assert server.url
