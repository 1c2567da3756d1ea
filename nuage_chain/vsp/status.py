"""What an embedded VSP looks like now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from nuage_chain.deadline import Deadline
from nuage_chain.errors import NuageChainError
from nuage_chain.vsd.session import Session
from nuage_chain.vsp import cluster, daemons, place
from nuage_chain.vsp.access import access_of
from nuage_chain.vsp.databases import run_tool
from nuage_chain.vsp.layout import BRIDGE, Layout, layout_of
from nuage_chain.vsp.processes import pid_of
from nuage_chain.vsp.settings import Settings, load_settings

ANSWER_SECONDS = 2.0


@dataclass(frozen=True)
class ProcessStatus:
    """One daemon; pid is None when it does not run."""

    name: str
    pid: int | None


@dataclass(frozen=True)
class Status:
    """What `status` found.

    vsd_answers: VSD let csproot in, over a connection that its CA vouches for; the centre, and from where this is.
    bridge: the bridge's name when the switch's database holds it.
    ports: links that are ports of the bridge; None when the switch's database does not answer.
    role: what vswitchd reports of its controller; VRS counts as functional on "master".
    name, address: of a node, in OVN and for other nodes.
    nodes: those that are namespaces of this machine, by their numbers.
    """

    state: Path
    processes: tuple[ProcessStatus, ...]
    netns: str | None = None
    vsd_url: str | None = None
    vsd_answers: bool = False
    bridge: str | None = None
    datapath: str | None = None
    ports: int | None = None
    role: str | None = None
    name: str | None = None
    address: str | None = None
    switch: bool = True
    nodes: Mapping[int, Status] = field(default_factory=dict)

    @property
    def running(self) -> bool:
        """Whether every process runs."""
        return bool(self.processes) and all(p.pid is not None for p in self.processes)

    @property
    def healthy(self) -> bool:
        """Whether containers can be attached now, on every node."""
        forwards = not self.switch or (self.bridge is not None and self.role == "master")
        return self.running and self.vsd_answers and forwards and all(node.healthy for node in self.nodes.values())


def status(state: Path, *, environment: Mapping[str, str], deadline: Callable[[], Deadline]) -> Status:
    """Look at the embedded VSP in `state`; a directory where none was started gives a Status without processes.

    deadline: makes the budget of one node, or of the centre: who is looked at last has as much time as who comes first.
    Raises BadConfig when the directory's settings are damaged.
    """
    layout = layout_of(state)
    centre = _part(layout, environment, deadline(), ask=True)
    if not centre.processes:
        return centre
    # Where VSD gives the centre no answer, the nodes need not wait for it one after the other.
    ask = centre.vsd_answers
    nodes = {
        number: _part(cluster.layout_of_node(layout, number), environment, deadline(), ask=ask)
        for number in cluster.numbers_of(layout)
    }
    return replace(centre, nodes=nodes)


def _part(layout: Layout, environment: Mapping[str, str], deadline: Deadline, *, ask: bool) -> Status:
    """One node, or the centre. ask: whether VSD is asked."""
    settings = load_settings(layout)
    if settings is None:
        return Status(layout.state, ())
    processes = tuple(ProcessStatus(d.name, pid_of(d)) for d in reversed(daemons.all_of(layout, settings)))
    up = {p.name for p in processes if p.pid is not None}
    ports, role = _switch(layout, environment, deadline) if "ovsdb-server" in up else (None, None)
    return Status(
        layout.state,
        processes,
        netns=settings.netns,
        vsd_url=settings.vsd_url,
        vsd_answers=ask and (not settings.controller or "vsd" in up) and _answers(layout, settings, deadline),
        bridge=BRIDGE if ports is not None else None,
        datapath=settings.datapath,
        ports=ports,
        role=role,
        name=settings.system_id,
        address=settings.address,
        switch=settings.switch,
    )


def _switch(layout: Layout, environment: Mapping[str, str], deadline: Deadline) -> tuple[int | None, str | None]:
    vsctl = ["ovs-vsctl", f"--db=unix:{layout.ovsdb_socket}", "--timeout=2"]
    own = layout.environment(dict(environment))
    try:
        ports = set(run_tool([*vsctl, "list-ports", BRIDGE], own, deadline).split())
        # Without tunnels and the way to other bridges.
        named = [*vsctl, "--bare", "--columns=name"]
        links = set(run_tool([*named, "find", "Interface", 'type=""'], own, deadline).split())
        role = run_tool([*vsctl, "--bare", "--columns=role", "list", "Controller"], own, deadline).strip()
    except NuageChainError:
        return None, None
    return len(ports & links), role or None


def _answers(layout: Layout, settings: Settings, deadline: Deadline) -> bool:
    def ask() -> bool:
        session = Session(access_of(layout, settings))
        try:
            return bool(session.get("me", Deadline(ANSWER_SECONDS)))
        finally:
            session.close()

    try:
        return place.inside(settings.netns, ask, deadline.left("asking VSD", ANSWER_SECONDS + 1.0))
    except (OSError, NuageChainError):
        return False
