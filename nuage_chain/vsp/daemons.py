"""The command lines of the daemons that make one embedded VSP: nine on a node of its own, more or fewer on others."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from nuage_chain.vsp.layout import Layout
from nuage_chain.vsp.processes import Daemon
from nuage_chain.vsp.settings import Settings


def databases(layout: Layout, settings: Settings) -> list[Daemon]:
    """The ovsdb-servers: the switch's, OVN northbound, OVN southbound, as far as they run here."""
    own = [_database(layout, "ovsdb-server", layout.db / "conf.db", layout.ovsdb_socket)] if settings.switch else []
    if not settings.controller:
        return own
    north = _database(layout, "ovnnb", layout.db / "ovnnb.db", layout.nb_socket)
    more = _open_to_nodes(layout) if settings.takes_nodes else ()
    return [*own, north, _database(layout, "ovnsb", layout.db / "ovnsb.db", layout.sb_socket, more)]


def switch(layout: Layout, settings: Settings) -> Daemon:
    """ovs-vswitchd. A datapath in the kernel outlives its process, so it is asked to take that along."""
    leave = ("ovs-appctl", "-t", "ovs-vswitchd", "exit", "--cleanup") if settings.datapath == "system" else ()
    return _open_vswitch(layout, "ovs-vswitchd", [f"unix:{layout.ovsdb_socket}"], leave=leave)


def northd(layout: Layout) -> Daemon:
    """ovn-northd, which turns the northbound database into logical flows."""
    return _open_vswitch(
        layout, "ovn-northd", [f"--ovnnb-db=unix:{layout.nb_socket}", f"--ovnsb-db=unix:{layout.sb_socket}"]
    )


def controller(layout: Layout, settings: Settings) -> Daemon:
    """ovn-controller, which makes the switch do what the southbound database says.

    Where other nodes have tunnels to this one, it is asked to take its rows out of there before it ends.
    """
    keys = _keys(layout, "node") if settings.southbound else []
    leave = ("ovn-appctl", "-t", "ovn-controller", "exit") if settings.southbound else ()
    return _open_vswitch(layout, "ovn-controller", [f"unix:{layout.ovsdb_socket}", *keys], leave=leave)


def vsd(layout: Layout, settings: Settings) -> Daemon:
    """The VSD server."""
    return _python(
        layout,
        "vsd",
        "nuage_chain.vsp.vsd",
        [
            *("--state", str(layout.vsd), "--host", settings.vsd_host, "--name", settings.vsd_host),
            *("--port", str(settings.vsd_port), "--cert-port", str(settings.cert_port)),
            *("--password-file", str(layout.password_file)),
        ],
    )


def resolver(layout: Layout) -> Daemon:
    """The stand-in for VRS and VSC."""
    return _python(layout, "resolver", "nuage_chain.vsp.resolver", ["--state", str(layout.state)])


def engine(layout: Layout) -> Daemon:
    """What carries VSD into OVN's northbound database."""
    return _python(layout, "engine", "nuage_chain.vsp.engine", ["--state", str(layout.state)])


def agent(layout: Layout) -> Daemon:
    """The warm process behind the CNI executable of a node that is one of several on this machine."""
    return _python(layout, "agent", "nuage_chain.cli.main", ["agent", "run", "--socket", str(layout.agent_socket)])


def all_of(layout: Layout, settings: Settings) -> list[Daemon]:
    """Every daemon that runs here, in an order in which they can be stopped."""
    node = [resolver(layout), controller(layout, settings)]
    centre = [engine(layout), vsd(layout, settings), northd(layout)]
    return [
        *([agent(layout)] if settings.agent else []),
        *(node if settings.switch else []),
        *(centre if settings.controller else []),
        *([switch(layout, settings)] if settings.switch else []),
        *reversed(databases(layout, settings)),
    ]


def _open_to_nodes(layout: Layout) -> list[str]:
    return ["--remote=db:OVN_Southbound,SB_Global,connections", *_keys(layout, "server")]


def _keys(layout: Layout, name: str) -> list[str]:
    return [
        f"--private-key={layout.tls / name}-key.pem",
        f"--certificate={layout.tls / name}.pem",
        f"--ca-cert={layout.tls / 'ca.pem'}",
    ]


def _database(layout: Layout, name: str, database: Path, socket: Path, more: Sequence[str] = ()) -> Daemon:
    own = [str(database), f"--remote=punix:{socket}", f"--unixctl={layout.run / name}.ctl"]
    return _open_vswitch(layout, name, [*own, *more])


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
