from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nuage_chain.attachment import settings
from nuage_chain.attachment.record import ADD, Record
from nuage_chain.attachment.sources import Layer
from nuage_chain.attachment.state import World
from nuage_chain.audit.networks import Networks
from nuage_chain.errors import NotAvailable
from nuage_chain.installation.occupied import refuse_while_used, refuse_while_vsp_runs
from nuage_chain.vsp.layout import Layout, layout_of, prepare
from nuage_chain.vsp.settings import Settings, save_settings


def networks(tmp_path: Path, ovsdb: Path) -> Networks:
    """Those of a node with its folders below `tmp_path`."""
    values = {"ovsdb": f"unix:{ovsdb}", "stateDir": str(tmp_path / "state"), "runDir": str(tmp_path / "run")}
    return Networks(settings.merge([Layer("config.yaml", values)], "node"))


@contextmanager
def daemon(layout: Layout, name: str) -> Iterator[None]:
    """Something that is known for a daemon of the VSP, as it has its pidfile on its command line."""
    prepare(layout)
    save_settings(layout, Settings(None, False, "netdev", "node", 8443, 7443))
    pidfile = layout.pidfile(name)
    work = "import time; print('runs', flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", work, pidfile], stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        # Before that it may have no command line.
        process.stdout.readline()
        pidfile.write_text(f"{process.pid}\n")
        yield
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("where", ["", "nodes/1"])
def test_a_vsp_of_which_anything_runs_is_in_the_way(tmp_path: Path, where: str) -> None:
    state = tmp_path / "vsp"
    refuse_while_vsp_runs(state)
    prepare(layout_of(state))
    with daemon(layout_of(state / where), "vsd"):
        with pytest.raises(NotAvailable, match=f"An embedded VSP runs in {state}") as caught:
            refuse_while_vsp_runs(state)
        assert "nuage-chain vsp down" in caught.value.hint
    refuse_while_vsp_runs(state)


def test_a_switch_that_was_purged_with_its_vsp_is_not_asked(tmp_path: Path) -> None:
    layout = layout_of(tmp_path / "vsp")
    found = networks(tmp_path, layout.ovsdb_socket)
    refuse_while_used(found, World("node"), layout.state)
    prepare(layout)
    # It is down, and its ports are there when it is up again.
    with pytest.raises(NotAvailable, match="Whether containers are attached cannot be told"):
        refuse_while_used(found, World("node"), layout.state)


def test_a_switch_that_does_not_answer_may_have_containers(tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match="Whether containers are attached cannot be told"):
        refuse_while_used(networks(tmp_path, tmp_path / "db.sock"), World("node"), tmp_path / "vsp")


def test_a_call_that_is_under_way_or_was_killed_is_not_left_to_nobody(tmp_path: Path) -> None:
    vsp = tmp_path / "vsp"
    found, world = networks(tmp_path, layout_of(vsp).ovsdb_socket), World("node")
    journal = world.journal(found.node)
    record = Record(ADD, "c1", "eth0", "nuage", "u" * 64, "web", "c1:node", "c1-eth0:node", since=1.0)
    for leave in (journal.write, journal.owe):
        leave(record)
        with pytest.raises(NotAvailable, match=r"^1 attachment\(s\) are being made, or are not gone everywhere yet"):
            refuse_while_used(found, world, vsp)
    journal.paid(record)
    refuse_while_used(found, world, vsp)


def test_a_network_that_cannot_be_read_may_have_containers(tmp_path: Path) -> None:
    vsp = tmp_path / "vsp"
    found = networks(tmp_path, layout_of(vsp).ovsdb_socket)
    unread = dataclasses.replace(found, unread=("20-other.conflist is not JSON.",))
    with pytest.raises(NotAvailable, match=r"cannot be told: 20-other\.conflist is not JSON\."):
        refuse_while_used(unread, World("node"), vsp)
