"""The command lines of the nine daemons that make one embedded VSP."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from nuage_chain.vsp.layout import Layout, Settings
from nuage_chain.vsp.processes import Daemon


def databases(layout: Layout) -> list[Daemon]:
    """The three ovsdb-servers: the switch's, OVN northbound, OVN southbound."""
    return [
        _database(layout, "ovsdb-server", layout.db / "conf.db", layout.ovsdb_socket),
        _database(layout, "ovnnb", layout.db / "ovnnb.db", layout.nb_socket),
        _database(layout, "ovnsb", layout.db / "ovnsb.db", layout.sb_socket),
    ]


def switch(layout: Layout, settings: Settings) -> Daemon:
    """ovs-vswitchd. A datapath in the kernel outlives its process, so it is asked to take that along."""
    leave = ("ovs-appctl", "-t", "ovs-vswitchd", "exit", "--cleanup") if settings.datapath == "system" else ()
    return _open_vswitch(layout, "ovs-vswitchd", [f"unix:{layout.ovsdb_socket}"], leave=leave)


def northd(layout: Layout) -> Daemon:
    """ovn-northd, which turns the northbound database into logical flows."""
    return _open_vswitch(
        layout, "ovn-northd", [f"--ovnnb-db=unix:{layout.nb_socket}", f"--ovnsb-db=unix:{layout.sb_socket}"]
    )


def controller(layout: Layout) -> Daemon:
    """ovn-controller, which makes the switch do what the southbound database says."""
    return _open_vswitch(layout, "ovn-controller", [f"unix:{layout.ovsdb_socket}"])


def vsd(layout: Layout, settings: Settings) -> Daemon:
    """The VSD server."""
    return _python(
        layout,
        "vsd",
        "nuage_chain.vsp.vsd",
        [
            *("--state", str(layout.vsd), "--host", "127.0.0.1", "--port", str(settings.vsd_port)),
            *("--cert-port", str(settings.cert_port), "--password-file", str(layout.password_file)),
        ],
    )


def resolver(layout: Layout) -> Daemon:
    """The stand-in for VRS and VSC."""
    return _python(layout, "resolver", "nuage_chain.vsp.resolver", ["--state", str(layout.state)])


def engine(layout: Layout) -> Daemon:
    """What carries VSD into OVN's northbound database."""
    return _python(layout, "engine", "nuage_chain.vsp.engine", ["--state", str(layout.state)])


def all_of(layout: Layout, settings: Settings) -> list[Daemon]:
    """Every daemon, in an order in which they can be stopped."""
    return [
        resolver(layout),
        engine(layout),
        vsd(layout, settings),
        controller(layout),
        northd(layout),
        switch(layout, settings),
        *reversed(databases(layout)),
    ]


def _database(layout: Layout, name: str, database: Path, socket: Path) -> Daemon:
    return _open_vswitch(
        layout, name, [str(database), f"--remote=punix:{socket}", f"--unixctl={layout.run / name}.ctl"]
    )


def _open_vswitch(layout: Layout, name: str, more: Sequence[str], leave: tuple[str, ...] = ()) -> Daemon:
    program = "ovsdb-server" if name in ("ovnnb", "ovnsb") else name
    own = [f"--pidfile={layout.pidfile(name)}", f"--log-file={layout.log_of(name)}", "-vconsole:err", "-vsyslog:off"]
    return Daemon(
        name, (program, *more, *own, "--detach"), layout.pidfile(name), layout.log_of(name), detaches=True, leave=leave
    )


def _python(layout: Layout, name: str, module: str, more: Sequence[str]) -> Daemon:
    # -P would be better than -I (which drops PYTHONPATH too) but needs 3.11
    argv = (sys.executable, "-I", "-m", module, *more, "--pidfile", str(layout.pidfile(name)))
    return Daemon(name, argv, layout.pidfile(name), layout.log_of(name), detaches=False)
