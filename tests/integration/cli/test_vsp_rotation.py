"""Secrets of an embedded VSP that are replaced while it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.vsd.session import Session
from nuage_chain.vsp import place
from nuage_chain.vsp.access import access_of
from nuage_chain.vsp.layout import layout_of
from nuage_chain.vsp.settings import load_settings
from tests.integration.cli.vsp import Vsp
from tests.integration.cli.wire import Wire

pytestmark = pytest.mark.root


def test_a_password_that_was_changed_reaches_those_who_are_invited_anew_and_the_centre_as_it_runs(
    vsp: Vsp, tmp_path: Path
) -> None:
    wire, host, invitation = (
        Wire(vsp.netns, tmp_path),
        Vsp(tmp_path / "host", f"{vsp.netns}-h"),
        tmp_path / "invitation",
    )
    words = [str(invitation), "--address", "192.0.2.2/24", "--uplink", "wire", "--netns", host.netns]
    try:
        wire.make(["centre", host.netns])
        assert vsp("up", "--netns", wire.name("centre"), "--listen", "192.0.2.1").returncode == 0
        assert vsp("seed").returncode == 0
        assert vsp("invite", "host-2", "--output", str(invitation)).returncode == 0
        assert host("join", *words).returncode == 0
        change_password(vsp, wire.name("centre"), "another")
        assert host("status").returncode == 1, "it has the old one"
        assert vsp("invite", "host-2", "--output", str(invitation)).returncode == 0
        assert "is up with another invitation." in host("join", *words).stderr
        assert host("down").returncode == 0
        assert host("join", *words).returncode == 0
        assert host("status").returncode == vsp("status").returncode == 0
        assert wire.attach(host)[1].startswith("10.10.")
    finally:
        host("down", "--purge")
        vsp("down", "--purge")
        wire.remove()


def change_password(vsp: Vsp, namespace: str, to: str) -> None:
    """As docs/nodes.md has it: in VSD, and in the file."""
    layout = layout_of(vsp.state)
    settings = load_settings(layout)
    assert settings is not None
    session = Session(access_of(layout, settings))

    def work() -> None:
        csproot = session.get("me", Deadline(10))[0]["ID"]
        session.update(f"users/{csproot}", {"password": to}, Deadline(10))

    place.inside(namespace, work, 20)
    session.close()
    layout.password_file.write_text(f"{to}\n")
