from __future__ import annotations

import contextlib
import os
import socket
from dataclasses import replace
from ipaddress import IPv4Interface
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, NotAvailable
from nuage_chain.vsp import node, place
from nuage_chain.vsp.invitation import invite_host
from nuage_chain.vsp.joining import Host, join
from nuage_chain.vsp.processes import StartFailed
from nuage_chain.vsp.settings import save_settings
from tests.integration.cli.vsp import DAEMONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.vsp.conftest import Lab

pytestmark = pytest.mark.root


@contextlib.contextmanager
def somebodys_namespace(lab: Lab) -> Iterator[None]:
    """The namespace that this VSP would make is there before, or made by another."""
    lab.run("ip", "netns", "add", lab.netns)
    try:
        lab.run("ip", "-n", lab.netns, "link", "set", "lo", "up")
        yield
    finally:
        lab.run("ip", "netns", "delete", lab.netns)


def assert_nothing_left(lab: Lab) -> None:
    assert lab.processes_left() == []
    assert not place.exists(lab.netns)
    assert not lab.state.exists()


def test_up_makes_a_vsp_that_is_healthy_and_down_leaves_nothing(fresh: Lab) -> None:
    up = fresh.up()
    found = fresh.status()
    assert not up.already
    assert found.healthy, found
    assert [p.name for p in found.processes] != []
    assert {p.name for p in found.processes} == set(DAEMONS)
    assert (found.bridge, found.ports, found.role) == ("alubr0", 0, "master")
    assert fresh.down(purge=True)
    assert_nothing_left(fresh)


def test_a_second_up_says_that_it_runs_and_changes_nothing(fresh: Lab) -> None:
    fresh.up()
    before = fresh.status()
    again = fresh.up()
    assert again.already
    assert fresh.status() == before


@pytest.mark.parametrize(
    ("wishes", "option"),
    [
        (node.Wishes(vsd_port=8444), "--port"),
        (node.Wishes(cert_port=7444), "--cert-port"),
        (node.Wishes(without_policy="allow"), "--without-policy"),
    ],
)
def test_an_up_that_wants_what_runs_to_be_otherwise_is_refused(fresh: Lab, wishes: node.Wishes, option: str) -> None:
    fresh.up()
    with pytest.raises(BadConfig, match=f"already runs, with another {option}"):
        node.up(fresh.state, environment=fresh.environment, deadline=Deadline(5), netns=fresh.netns, wishes=wishes)
    assert fresh.status().healthy


def test_up_in_another_place_while_it_runs_is_refused(fresh: Lab) -> None:
    fresh.up()
    with pytest.raises(BadConfig, match=fresh.netns):
        node.up(fresh.state, environment=fresh.environment, deadline=Deadline(5), netns=None)
    assert fresh.status().healthy


def test_down_of_what_is_not_up_is_fine(fresh: Lab) -> None:
    assert not fresh.down()
    fresh.up()
    assert fresh.down()
    assert not fresh.down(purge=True)
    assert_nothing_left(fresh)


def test_a_state_directory_is_used_again_after_down(fresh: Lab) -> None:
    fresh.up()
    made = fresh.seed()
    fresh.down()
    assert not place.exists(fresh.netns)
    fresh.up()
    assert made
    assert fresh.seed() == []
    assert fresh.status().healthy


def test_a_killed_daemon_is_seen_and_up_mends_it(fresh: Lab) -> None:
    fresh.up()
    for name in DAEMONS:
        fresh.kill(name)
        assert [p.name for p in fresh.status().processes if p.pid is None] == [name]
        assert not fresh.status().healthy
        assert not fresh.up().already
        assert fresh.status().healthy


@pytest.mark.parametrize("name", ["ovsdb-server", "ovs-vswitchd", "vsd"])
def test_down_with_a_dead_daemon_leaves_nothing(fresh: Lab, name: str) -> None:
    fresh.up()
    fresh.kill(name)
    fresh.down(purge=True)
    assert_nothing_left(fresh)


def test_down_after_everything_was_killed_leaves_nothing(fresh: Lab) -> None:
    fresh.up()
    for name in DAEMONS:
        fresh.kill(name)
    fresh.down(purge=True)
    assert_nothing_left(fresh)


def test_after_a_reboot_up_does_what_was_done_before(fresh: Lab) -> None:
    fresh.up()
    made = fresh.seed()
    for name in DAEMONS:
        fresh.kill(name)
    fresh.hang_up()
    fresh.run("ip", "netns", "delete", fresh.netns)
    save_settings(fresh.layout, replace(fresh.settings, boot="of yesterday"))
    assert list(fresh.layout.run.iterdir()), "what is on disk is still there"
    fresh.up()
    assert fresh.status().healthy
    assert made
    assert fresh.seed() == []
    assert fresh.down(purge=True)
    assert_nothing_left(fresh)


def test_a_daemon_that_cannot_start_is_named_and_the_others_are_stopped(fresh: Lab) -> None:
    fresh.up()
    fresh.down()
    (fresh.layout.db / "ovnnb.db").write_text("no database")
    with pytest.raises(StartFailed, match="ovnnb") as failure:
        fresh.up()
    assert "no database" in failure.value.message or "ovnnb.db" in failure.value.message
    assert fresh.processes_left() == []
    assert not place.exists(fresh.netns)


def test_an_up_that_fails_as_a_centre_leaves_the_vsp_as_it_was(fresh: Lab) -> None:
    fresh.up()
    made = fresh.seed()
    fresh.down()
    with pytest.raises(NotAvailable, match=r"192\.0\.2\.99:\d+ cannot be bound"):
        centre(fresh, "192.0.2.99")
    assert not place.exists(fresh.netns)
    fresh.up()
    assert fresh.status().healthy
    assert fresh.status().switch
    assert made
    assert fresh.seed() == []


def test_a_taken_port_of_vsd_is_named(fresh: Lab) -> None:
    with somebodys_namespace(fresh):
        with (
            place.inside(fresh.netns, lambda: socket.create_server(("127.0.0.1", 8443)), 5),
            pytest.raises(NotAvailable, match="8443"),
        ):
            fresh.up()
        assert fresh.processes_left() == []
        assert place.exists(fresh.netns), "a namespace that was there before is not ours to remove"


def test_a_namespace_that_was_there_before_stays(fresh: Lab) -> None:
    with somebodys_namespace(fresh):
        fresh.up()
        fresh.down(purge=True)
        assert place.exists(fresh.netns)
        assert place.links(fresh.netns, 5) == {"lo"}


def test_a_namespace_that_somebody_makes_after_down_is_theirs(fresh: Lab) -> None:
    fresh.up()
    fresh.down()
    with somebodys_namespace(fresh):
        assert not fresh.down()
        assert place.exists(fresh.netns)
        fresh.up()
        assert fresh.down(purge=True)
        assert place.exists(fresh.netns)


def test_a_namespace_that_somebody_put_in_the_place_of_a_dead_vsps_is_theirs(fresh: Lab) -> None:
    fresh.up()
    for name in DAEMONS:
        fresh.kill(name)
    fresh.run("ip", "netns", "delete", fresh.netns)
    with somebodys_namespace(fresh):
        fresh.down(purge=True)
        assert place.exists(fresh.netns)


def test_links_of_another_switch_stay(fresh: Lab) -> None:
    with somebodys_namespace(fresh):
        fresh.up()
        # A starting Open vSwitch looks at a link of that name itself, and wants a tunnel.
        fresh.run("ip", "-n", fresh.netns, "link", "add", "genev_sys_6081", "type", "bridge")
        fresh.down(purge=True)
        assert place.links(fresh.netns, 5) == {"lo", "genev_sys_6081"}


def test_a_centre_beside_a_node_leaves_its_links_alone(fresh: Lab, another: Lab) -> None:
    """One host, two directories, as docs/nodes.md has it."""
    with somebodys_namespace(fresh):
        fresh.run("ip", "-n", fresh.netns, "address", "add", "192.0.2.1/24", "dev", "lo")
        try:
            centre(fresh)
            invited = invite_host(fresh.layout, "host-1", Deadline(5))
            on = Host(IPv4Interface("192.0.2.1"), fresh.netns)
            join(another.state, invited, on, environment=fresh.environment, deadline=Deadline(20))
            links = place.links(fresh.netns, 5)
            assert "alubr0" in links
            for daemons in (CENTRE[:1], CENTRE):
                for name in daemons:
                    fresh.kill(name)
                centre(fresh)
                assert place.links(fresh.netns, 5) == links
            fresh.wait_for(lambda: another.status().healthy)
            assert fresh.down(purge=True)
            assert place.links(fresh.netns, 5) == links
            assert another.status().running
        finally:
            fresh.down()
            another.down()


CENTRE = [name for name in DAEMONS if name not in ("ovsdb-server", "ovs-vswitchd", "ovn-controller", "resolver")]


def centre(lab: Lab, address: str = "192.0.2.1") -> None:
    wishes = node.Wishes(listen=address)
    node.up(lab.state, environment=lab.environment, deadline=Deadline(20), netns=lab.netns, wishes=wishes)


def test_two_run_beside_each_other_in_namespaces_of_their_own(fresh: Lab, another: Lab) -> None:
    fresh.up()
    another.up()
    assert fresh.status().healthy
    assert another.status().healthy
    another.down(purge=True)
    assert fresh.status().healthy


def test_a_namespace_where_another_switch_is_at_work_is_refused(fresh: Lab, another: Lab) -> None:
    fresh.up()
    with pytest.raises(NotAvailable, match="Another Open vSwitch"):
        node.up(another.state, environment=another.environment, deadline=Deadline(5), netns=fresh.netns)
    assert another.processes_left() == []
    assert fresh.status().healthy


def test_secrets_are_for_root_alone(fresh: Lab) -> None:
    fresh.up()
    assert fresh.state.stat().st_mode & 0o777 == 0o700
    assert fresh.layout.password_file.stat().st_mode & 0o777 == 0o600
    word = fresh.layout.password_file.read_text().strip()
    assert all(word not in log.read_text() for log in fresh.layout.log.iterdir())
    assert all(word not in command for command in fresh.processes_left())


def test_nothing_is_written_where_a_system_open_vswitch_has_its_files(fresh: Lab) -> None:
    before = _system_files()
    fresh.up()
    assert _system_files() == before


def _system_files() -> set[Path]:
    return {
        Path(root) / name
        for folder in ("/run/openvswitch", "/run/ovn", "/var/log/openvswitch", "/var/log/ovn", "/etc/openvswitch")
        for root, _, names in os.walk(folder)
        for name in names
    }
