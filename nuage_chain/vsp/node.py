"""The embedded VSP as a whole: up and down. Everything is under one state directory."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, NotAvailable, NuageChainError
from nuage_chain.vsp import daemons, place
from nuage_chain.vsp.databases import create_databases, run_tool
from nuage_chain.vsp.layout import (
    BRIDGE,
    OUTSIDE,
    OUTSIDE_BRIDGE,
    OUTSIDE_NETWORK,
    Layout,
    Settings,
    layout_of,
    load_settings,
    prepare,
    save_settings,
)
from nuage_chain.vsp.processes import Daemon, pid_of, start, stop

OWN_NAMES = ("run", "log", "db", "vsd", "csproot.password", "config.yaml", "vsp.json", "lock")
"""What the project puts into a state directory; `down` with `purge` removes nothing else."""


@dataclass(frozen=True)
class Up:
    """The outcome of `up`. already: whether it ran before and nothing was done; seconds: what it took."""

    layout: Layout
    settings: Settings
    already: bool
    seconds: float


def up(
    state: Path,
    *,
    environment: Mapping[str, str],
    deadline: Deadline,
    netns: str | None = None,
    vsd_port: int = 8443,
    cert_port: int = 7443,
    without_policy: str | None = None,
    outside: bool | None = None,
) -> Up:
    """Start the embedded VSP in `state`; return when its bridge forwards, VSD answers and the resolver resolves.

    netns: the network namespace to run in, made when it does not exist; None for the caller's.
    without_policy, outside: see Settings; None leaves them as they were.

    What is left of a run that was killed is ended first. When a part does not start, what was started is stopped.
    Raises BadConfig, IOFailure, NotAvailable (StartFailed with the end of the part's log), DeadlineExceeded.
    """
    begin = time.monotonic()
    layout = layout_of(state)
    prepare(layout)
    with _locked(layout, deadline):
        previous = load_settings(layout)
        if previous and all(pid_of(d) for d in daemons.all_of(layout, previous)):
            _same_place(previous, netns, layout)
            return Up(layout, previous, already=True, seconds=time.monotonic() - begin)
        _end_all(layout, previous, environment, deadline, leave_netns=netns)
        chosen = _choose(previous, netns, vsd_port, cert_port, deadline)
        settings = replace(
            chosen,
            without_policy=chosen.without_policy if without_policy is None else without_policy,
            outside=chosen.outside if outside is None else outside,
        )
        save_settings(layout, settings)
        try:
            _make_place(settings, environment, deadline)
            _start_all(layout, settings, layout.environment(dict(environment)), deadline)
        except BaseException:
            _end_all(layout, settings, environment, deadline.extended(10.0))
            raise
        return Up(layout, settings, already=False, seconds=time.monotonic() - begin)


def down(state: Path, *, environment: Mapping[str, str], deadline: Deadline, purge: bool = False) -> bool:
    """Stop the embedded VSP in `state` and remove what it made: links, and the namespace if it is its own.

    purge: remove its databases, logs and passwords as well, and the directory when nothing else is in it.

    Returns whether anything ran. What is not up is fine. Raises BadConfig, DeadlineExceeded.
    """
    layout = layout_of(state)
    if not layout.state.is_dir():
        return False
    with _locked(layout, deadline):
        try:
            settings = load_settings(layout)
        except BadConfig:
            settings = None
        ran = _end_all(layout, settings, environment, deadline)
        if purge:
            _purge(layout)
        return ran


def _choose(
    previous: Settings | None, netns: str | None, vsd_port: int, cert_port: int, deadline: Deadline
) -> Settings:
    """The settings to start with; nothing is made yet, so that what we make is on record before it is made."""
    there = netns is None or place.exists(netns)
    found = place.links(netns, deadline.left("looking at the network namespace")) if there else set()
    ours = previous is not None and previous.netns_made and previous.netns == netns
    system_id = previous.system_id if previous else str(uuid.uuid4())
    chosen = Settings(netns, not there or ours, place.choose_datapath(found), system_id, vsd_port, cert_port)
    return replace(chosen, without_policy=previous.without_policy, outside=previous.outside) if previous else chosen


def _make_place(settings: Settings, environment: Mapping[str, str], deadline: Deadline) -> None:
    if settings.netns is not None and not place.exists(settings.netns):
        place.make(settings.netns, environment, deadline)
    for port in (settings.vsd_port, settings.cert_port):
        if not place.port_is_free(settings.netns, port, deadline.left("looking at the ports of VSD")):
            raise NotAvailable(f"127.0.0.1:{port}, which VSD is to use, is taken.", hint="Choose other ports for VSD.")


def _start_all(layout: Layout, settings: Settings, environment: Mapping[str, str], deadline: Deadline) -> None:
    before = place.prefix(settings.netns)

    def begin(parts: list[Daemon]) -> list[Daemon]:
        for ready in [start(part, environment, before, deadline) for part in parts]:
            ready()
        return parts

    vsd_ready = start(daemons.vsd(layout, settings), environment, before, deadline)
    resolver_ready = start(daemons.resolver(layout), environment, before, deadline)
    engine_ready = start(daemons.engine(layout), environment, before, deadline)
    create_databases(layout, environment, deadline)
    begin(daemons.databases(layout))
    run_tool(_configure_switch(layout, settings), environment, deadline)
    begin([daemons.switch(layout, settings), daemons.northd(layout), daemons.controller(layout)])
    _wait_forwarding(layout, settings, environment, deadline)
    if settings.outside:
        place.set_address(settings.netns, OUTSIDE_BRIDGE, f"{OUTSIDE[1]}/{OUTSIDE.prefixlen}", environment, deadline)
    vsd_ready()
    engine_ready()
    resolver_ready()


def _configure_switch(layout: Layout, settings: Settings) -> list[str]:
    """The ovs-vsctl command that says who this node is and makes its bridge."""
    facts = {
        "system-id": settings.system_id,
        "ovn-remote": f"unix:{layout.sb_socket}",
        "ovn-encap-type": "geneve",
        "ovn-encap-ip": settings.address,
        "ovn-bridge": BRIDGE,
        "ovn-bridge-datapath-type": settings.datapath,
        "ovn-bridge-mappings": f"{OUTSIDE_NETWORK}:{OUTSIDE_BRIDGE}" if settings.outside else "",
    }
    return [
        *("ovs-vsctl", f"--db=unix:{layout.ovsdb_socket}", "--timeout=5", "--no-wait", "init"),
        *("--", "set", "Open_vSwitch", ".", *(f'external_ids:{key}="{value}"' for key, value in facts.items())),
        *("--", "--may-exist", "add-br", BRIDGE),
        *("--", "set", "Bridge", BRIDGE, f"datapath_type={settings.datapath}", "fail_mode=secure"),
        *(_outside(settings) if settings.outside else ("--", "--if-exists", "del-br", OUTSIDE_BRIDGE)),
    ]


def _outside(settings: Settings) -> list[str]:
    return [
        *("--", "--may-exist", "add-br", OUTSIDE_BRIDGE),
        *("--", "set", "Bridge", OUTSIDE_BRIDGE, f"datapath_type={settings.datapath}"),
    ]


def _wait_forwarding(layout: Layout, settings: Settings, environment: Mapping[str, str], deadline: Deadline) -> None:
    """Wait until OVN knows this node and the node has installed all that OVN knows."""
    left = max(1, int(deadline.left("OVN to program the bridge")))
    southbound = ["ovn-sbctl", f"--db=unix:{layout.sb_socket}", f"--timeout={left}"]
    run_tool([*southbound, "wait-until", "Chassis", settings.system_id], environment, deadline)
    northbound = ["ovn-nbctl", f"--db=unix:{layout.nb_socket}", f"--timeout={left}"]
    run_tool([*northbound, "--wait=hv", "sync"], environment, deadline)


def _end_all(
    layout: Layout,
    settings: Settings | None,
    environment: Mapping[str, str],
    deadline: Deadline,
    leave_netns: str | None = None,
) -> bool:
    """Stop every daemon, remove the links they left, and the namespace when it is ours. Returns whether any ran.

    leave_netns: a namespace to keep although it is ours: it holds the containers' ports.
    """
    known = settings or Settings(None, False, "netdev", "", 0, 0)
    own = layout.environment(dict(environment))
    ran = [stop(part, own, deadline) for part in daemons.all_of(layout, known)]
    for path in layout.run.iterdir() if layout.run.is_dir() else ():
        path.unlink()
    if settings is None:
        return any(ran)
    if settings.netns is not None and settings.netns_made and settings.netns != leave_netns:
        place.remove(settings.netns, environment, deadline.extended(2.0))
    elif any(ran) or settings.netns is not None:
        place.remove_leftovers(settings.netns, settings.datapath, own, deadline.extended(2.0))
    return any(ran)


def _same_place(running: Settings, netns: str | None, layout: Layout) -> None:
    if running.netns != netns:
        where = f"the network namespace {running.netns}" if running.netns else "the network namespace of the machine"
        raise BadConfig(
            f"The VSP in {layout.state} already runs, in {where}.", hint="Take it down first, or use another directory."
        )


@contextlib.contextmanager
def _locked(layout: Layout, deadline: Deadline) -> Iterator[None]:
    with layout.lock_file.open("a") as f:
        while True:
            try:
                fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                try:
                    time.sleep(deadline.left("the lock", 0.05))
                except NuageChainError as e:
                    raise NotAvailable(f"Another `vsp up` or `vsp down` is at work on {layout.state}.") from e
        yield


def _purge(layout: Layout) -> None:
    for name in OWN_NAMES:
        path = layout.state / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        layout.state.rmdir()
