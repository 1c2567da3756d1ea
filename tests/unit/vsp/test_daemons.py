from __future__ import annotations

from pathlib import Path

from nuage_chain.vsp import daemons
from nuage_chain.vsp.layout import Layout, Settings

LAYOUT = Layout(Path("/s"))
NETDEV = Settings(None, False, "netdev", "id", 18443, 17443)
KERNEL = Settings(None, False, "system", "id", 18443, 17443)


def test_every_daemon_carries_its_own_pidfile_so_that_it_is_known_again() -> None:
    parts = daemons.all_of(LAYOUT, NETDEV)
    assert len({part.name for part in parts}) == len(parts) == 9
    for part in parts:
        assert str(part.pidfile) in part.argv or f"--pidfile={part.pidfile}" in part.argv


def test_every_path_on_a_command_line_is_absolute_and_below_the_state_directory() -> None:
    for part in daemons.all_of(LAYOUT, NETDEV):
        paths = [word for argument in part.argv[1:] for word in argument.replace("=", ":").split(":") if "/" in word]
        assert paths
        assert all(path.startswith("/s/") or path == "/s" for path in paths), part.argv


def test_a_datapath_in_the_kernel_is_taken_along_when_the_switch_leaves() -> None:
    assert daemons.switch(LAYOUT, NETDEV).leave == ()
    assert "--cleanup" in daemons.switch(LAYOUT, KERNEL).leave


def test_vsd_gets_its_ports_and_its_password_only_as_a_file() -> None:
    argv = daemons.vsd(LAYOUT, NETDEV).argv
    assert argv[argv.index("--port") + 1] == "18443"
    assert argv[argv.index("--cert-port") + 1] == "17443"
    assert argv[argv.index("--password-file") + 1] == "/s/csproot.password"


def test_what_depends_on_others_is_stopped_first() -> None:
    names = [part.name for part in daemons.all_of(LAYOUT, NETDEV)]
    for first, later in [("resolver", "ovsdb-server"), ("ovn-controller", "ovs-vswitchd"), ("ovn-northd", "ovnnb")]:
        assert names.index(first) < names.index(later)
