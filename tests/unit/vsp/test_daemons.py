from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nuage_chain.vsp import daemons
from nuage_chain.vsp.layout import Layout
from nuage_chain.vsp.settings import Settings

LAYOUT = Layout(Path("/s"))
NETDEV = Settings(None, False, "netdev", "id", 18443, 17443)
KERNEL = replace(NETDEV, datapath="system")
CENTRE = replace(NETDEV, switch=False, vsd_host="192.0.2.1")
NODE = replace(NETDEV, controller=False, southbound="ssl:192.0.2.1:6642", agent=True)


def names(settings: Settings) -> list[str]:
    return [part.name for part in daemons.all_of(LAYOUT, settings)]


def test_every_daemon_carries_its_own_pidfile_so_that_it_is_known_again() -> None:
    parts = daemons.all_of(LAYOUT, replace(NETDEV, agent=True))
    assert len({part.name for part in parts}) == len(parts) == 10
    for part in parts:
        assert str(part.pidfile) in part.argv or f"--pidfile={part.pidfile}" in part.argv


def test_every_path_on_a_command_line_is_absolute_and_below_the_state_directory() -> None:
    for settings in (NETDEV, CENTRE, NODE):
        for part in daemons.all_of(LAYOUT, settings):
            words = [word for argument in part.argv[1:] for word in argument.replace("=", ":").split(":")]
            paths = [word for word in words if "/" in word]
            assert paths
            assert all(path.startswith("/s/") or path == "/s" for path in paths), part.argv


def test_a_datapath_in_the_kernel_is_taken_along_when_the_switch_leaves() -> None:
    assert daemons.switch(LAYOUT, NETDEV).leave == ()
    assert "--cleanup" in daemons.switch(LAYOUT, KERNEL).leave


def test_vsd_gets_its_address_its_ports_and_its_password_only_as_a_file() -> None:
    argv = daemons.vsd(LAYOUT, CENTRE).argv
    assert argv[argv.index("--host") + 1] == argv[argv.index("--name") + 1] == "192.0.2.1"
    assert argv[argv.index("--port") + 1] == "18443"
    assert argv[argv.index("--cert-port") + 1] == "17443"
    assert argv[argv.index("--password-file") + 1] == "/s/csproot.password"


def test_what_depends_on_others_is_stopped_first() -> None:
    order = names(NETDEV)
    for first, later in [("resolver", "ovsdb-server"), ("ovn-controller", "ovs-vswitchd"), ("ovn-northd", "ovnnb")]:
        assert order.index(first) < order.index(later)


def test_the_centre_and_a_node_have_all_parts_between_them_and_none_twice() -> None:
    assert sorted(names(CENTRE) + names(NODE)) == sorted([*names(NETDEV), "agent"])


def test_a_southbound_database_is_open_to_others_only_where_nodes_may_join_and_with_certificates() -> None:
    [alone] = [part for part in daemons.databases(LAYOUT, NETDEV) if part.name == "ovnsb"]
    [opened] = [part for part in daemons.databases(LAYOUT, CENTRE) if part.name == "ovnsb"]
    assert not any("connections" in word or "certificate" in word for word in alone.argv)
    assert {"--ca-cert=/s/tls/ca.pem", "--certificate=/s/tls/server.pem"} <= set(opened.argv)
    assert "--certificate=/s/tls/node.pem" in daemons.controller(LAYOUT, NODE).argv
