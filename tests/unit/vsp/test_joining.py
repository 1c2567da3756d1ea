from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Interface
from pathlib import Path

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig
from nuage_chain.vsp import node, place
from nuage_chain.vsp.invitation import Invitation, unpack
from nuage_chain.vsp.joining import Host, join
from nuage_chain.vsp.layout import Layout, layout_of, password, prepare
from nuage_chain.vsp.settings import Settings, load_settings, save_settings

INVITATION = Invitation("host-2", "192.0.2.1", 8443, 7443, "ssl:192.0.2.1:6642", "pw", "ca", "ca", "pem", "key")
OF_ANOTHER = Settings(None, False, "netdev", "host-3", 8443, 7443, controller=False)


@pytest.mark.parametrize(
    ("settings", "whose"),
    [(OF_ANOTHER, "the node host-3"), (replace(OF_ANOTHER, controller=True), "a VSP of its own")],
)
def test_a_directory_that_is_of_something_else_is_not_made_a_nodes(
    tmp_path: Path, settings: Settings, whose: str
) -> None:
    layout = layout_of(tmp_path / "s")
    prepare(layout)
    save_settings(layout, settings)
    with pytest.raises(BadConfig, match=whose):
        join(layout.state, INVITATION, Host(IPv4Interface("192.0.2.2")), environment={}, deadline=Deadline(5))
    assert load_settings(layout) == settings
    assert not layout.tls.exists(), "nothing of the invitation was unpacked"


RUNNING = Settings(
    *(None, False, "netdev", "host-2", 8443, 7443),
    address="192.0.2.2",
    controller=False,
    vsd_host="192.0.2.1",
    southbound="ssl:192.0.2.1:6642",
)
HOST = Host(IPv4Interface("192.0.2.2"))


@pytest.fixture
def up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """The directory of a node whose daemons run."""
    layout = layout_of(tmp_path / "s")
    prepare(layout)
    save_settings(layout, RUNNING)
    unpack(INVITATION, layout)
    monkeypatch.setattr(node, "runs", lambda _: True)
    monkeypatch.setattr(place, "port_is_free", lambda *_: None)
    return layout


@pytest.mark.parametrize(
    ("invitation", "host", "what"),
    [
        (replace(INVITATION, password="pw2"), HOST, "another invitation."),
        (replace(INVITATION, ovn_ca="ca2"), HOST, "another invitation."),
        (replace(INVITATION, vsd_port=9443), HOST, "another invitation."),
        (INVITATION, Host(IPv4Interface("192.0.2.3")), "another address."),
        (INVITATION, replace(HOST, uplink="eth1"), "another uplink and address."),
        (INVITATION, replace(HOST, outside=True), "another --outside."),
        (INVITATION, replace(HOST, netns="lab"), "another network namespace."),
        (replace(INVITATION, key="key2"), Host(IPv4Interface("192.0.2.3")), "another invitation and address."),
    ],
)
def test_a_node_that_is_up_does_not_become_another_one(
    up: Layout, invitation: Invitation, host: Host, what: str
) -> None:
    with pytest.raises(BadConfig, match=f"is up with {what}"):
        join(up.state, invitation, host, environment={}, deadline=Deadline(5))
    assert password(up) == "pw", "nothing of the invitation was unpacked"
    assert load_settings(up) == RUNNING


@pytest.mark.parametrize("host", [HOST, Host(IPv4Interface("192.0.2.2/24"))], ids=["as it is", "a length without use"])
def test_a_node_that_is_up_may_be_joined_again_as_it_is(up: Layout, host: Host) -> None:
    assert join(up.state, INVITATION, host, environment={}, deadline=Deadline(5)).already
