"""How what the settings say comes up: the namespace, then the daemons as each needs the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nuage_chain.deadline import Deadline
from nuage_chain.errors import NotAvailable
from nuage_chain.vsp import daemons, place, switch
from nuage_chain.vsp.databases import create_databases, run_tool
from nuage_chain.vsp.layout import Layout
from nuage_chain.vsp.processes import Daemon, start
from nuage_chain.vsp.settings import SOUTHBOUND_PORT, Settings
from nuage_chain.vsp.vsd.tls import create_ca, issue_server

PROBE_MILLISECONDS = 30_000

Ready = Callable[[], None]


def make_place(settings: Settings, environment: Mapping[str, str], deadline: Deadline) -> None:
    """Make the namespace when it is not there."""
    if settings.netns is not None and not place.exists(settings.netns):
        place.make(settings.netns, environment, deadline)


def check_ports(settings: Settings, deadline: Deadline) -> None:
    """Raises NotAvailable that names the port of the centre that somebody else has."""
    if not settings.controller:
        return
    ports = {settings.vsd_port: "VSD", settings.cert_port: "VSD"}
    if settings.takes_nodes:
        ports[SOUTHBOUND_PORT] = "OVN's southbound database"
    for port, who in ports.items():
        seconds = deadline.left("looking at the ports of VSD")
        if not place.port_is_free(settings.netns, port, seconds, settings.vsd_host):
            raise NotAvailable(
                f"{settings.vsd_host}:{port}, which {who} is to use, is taken.", hint=f"Choose other ports for {who}."
            )


def start_all(layout: Layout, settings: Settings, environment: Mapping[str, str], deadline: Deadline) -> None:
    """Start all that runs here; return when all of it works. Raises StartFailed, NotAvailable, DeadlineExceeded."""
    before = place.prefix(settings.netns)

    def begin(*parts: Daemon) -> list[Ready]:
        return [start(part, environment, before, deadline) for part in parts]

    # Python takes longest to start, and these wait for the databases.
    slow = begin(*_in_python(layout, settings))
    if settings.takes_nodes:
        create_ca(layout.tls, "nuage-chain embedded OVN CA")
        issue_server(layout.tls, [settings.vsd_host])
    create_databases(layout, settings, environment, deadline)
    _wait(begin(*daemons.databases(layout, settings)))
    if settings.controller:
        _wait(begin(daemons.northd(layout)))
        _open_southbound(layout, settings, environment, deadline)
    if settings.switch:
        switch.configure(layout, settings, environment, deadline)
        _wait(begin(daemons.switch(layout, settings)))
        switch.set_addresses(settings, environment, deadline)
        _wait(begin(daemons.controller(layout, settings)))
        switch.wait_forwarding(layout, environment, deadline)
    _wait(slow)


def _in_python(layout: Layout, settings: Settings) -> list[Daemon]:
    return [
        *([daemons.vsd(layout, settings), daemons.engine(layout)] if settings.controller else []),
        *([daemons.resolver(layout)] if settings.switch else []),
        *([daemons.agent(layout)] if settings.agent else []),
    ]


def _open_southbound(layout: Layout, settings: Settings, environment: Mapping[str, str], deadline: Deadline) -> None:
    """Let nodes in, each to its own rows, and see that northd works: a node waits for the number that this counts."""
    left = max(1, int(deadline.left("ovn-northd")))
    run_tool(
        ["ovn-nbctl", f"--db=unix:{layout.nb_socket}", f"--timeout={left}", "--wait=sb", "sync"], environment, deadline
    )
    southbound = ["ovn-sbctl", f"--db=unix:{layout.sb_socket}", f"--timeout={left}"]
    if not settings.takes_nodes:
        run_tool([*southbound, "del-connection"], environment, deadline)
        return
    target = f"pssl:{SOUTHBOUND_PORT}:{settings.vsd_host}"
    probe = f"--inactivity-probe={PROBE_MILLISECONDS}"
    run_tool([*southbound, probe, "set-connection", "role=ovn-controller", target], environment, deadline)


def _wait(pending: list[Ready]) -> None:
    for ready in pending:
        ready()
