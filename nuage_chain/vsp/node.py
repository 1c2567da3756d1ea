"""One state directory, up and down: a whole embedded VSP, its centre alone, or a node of one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig
from nuage_chain.link.kernel import boot_id
from nuage_chain.vsp import daemons, directory, place, underlay
from nuage_chain.vsp.layout import Layout, layout_of, prepare
from nuage_chain.vsp.processes import pid_of, stop
from nuage_chain.vsp.settings import LOOPBACK, SOUTHBOUND_PORT, Settings, load_settings, save_settings, sound_settings
from nuage_chain.vsp.starting import check_ports, make_place, start_all

T = TypeVar("T")


@dataclass(frozen=True)
class Up:
    """The outcome of `up`. already: whether it ran before and nothing was done; seconds: what it took."""

    layout: Layout
    settings: Settings
    already: bool
    seconds: float


@dataclass(frozen=True)
class Wishes:
    """What a VSP is to be like; None leaves it as it was, or where there was none, as `Settings` has it.

    listen: the address at which other hosts may join; this one is their centre then, without a switch.
    The rest: see Settings.
    """

    vsd_port: int | None = None
    cert_port: int | None = None
    without_policy: str | None = None
    outside: bool | None = None
    listen: str | None = None

    def apply(self, to: Settings) -> Settings:
        """`to` as these wishes want it. Raises BadConfig for what cannot be."""
        if not to.controller:
            self._refuse_what_a_centre_decides(to)
        found = replace(
            to,
            vsd_port=_or(self.vsd_port, to.vsd_port),
            cert_port=_or(self.cert_port, to.cert_port),
            without_policy=_or(self.without_policy, to.without_policy),
            outside=_or(self.outside, to.outside),
            vsd_host=_or(self.listen, to.vsd_host),
            address=_or(self.listen, to.address),
            switch=to.switch and self.listen is None,
        )
        if found.vsd_port == found.cert_port:
            raise BadConfig(
                f"VSD cannot have {found.vsd_port} for both of its ports.", hint="Choose another --port or --cert-port."
            )
        if found.takes_nodes and SOUTHBOUND_PORT in (found.vsd_port, found.cert_port):
            raise BadConfig(
                f"VSD cannot have {SOUTHBOUND_PORT}: other nodes find OVN's southbound database there.",
                hint="Choose another --port or --cert-port.",
            )
        return found

    def _refuse_what_a_centre_decides(self, node: Settings) -> None:
        theirs = {
            "--listen": self.listen,
            "--port": self.vsd_port,
            "--cert-port": self.cert_port,
            "--without-policy": self.without_policy,
        }
        given = [option for option, wish in theirs.items() if wish is not None]
        if given:
            raise BadConfig(
                f"This host has joined the VSP at {node.vsd_host}, which decides {' and '.join(given)}.",
                hint="Say it there; for a VSP of this host's own use another --state.",
            )


Choose = Callable[[Settings], Settings]


def up(
    state: Path,
    *,
    environment: Mapping[str, str],
    deadline: Deadline,
    netns: str | None = None,
    wishes: Wishes | None = None,
) -> Up:
    """Start the embedded VSP in `state`; return when its bridge forwards, VSD answers and the resolver resolves.

    netns: the network namespace to run in, made when it does not exist; None for the caller's.

    What is left of a run that was killed is ended first. When a part does not start, what was started is stopped.
    Raises BadConfig, IOFailure, NotAvailable (StartFailed with the end of the part's log), DeadlineExceeded.
    """
    layout = layout_of(state)
    prepare(layout)
    with directory.locked(layout, deadline):
        return bring_up(layout, (wishes or Wishes()).apply, netns, environment, deadline)


def down(state: Path, *, environment: Mapping[str, str], deadline: Deadline, purge: bool = False) -> bool:
    """Stop what runs of `state` and remove what it made: links, and the namespace if it is its own.

    purge: remove its databases, logs and passwords as well, and the directory when nothing else is in it.

    Returns whether anything ran. What is not up is fine. Raises BadConfig, DeadlineExceeded.
    """
    layout = layout_of(state)
    if not layout.used:
        return False
    with directory.locked(layout, deadline):
        return bring_down(layout, environment, deadline, purge=purge)


def runs(layout: Layout) -> bool:
    """Whether everything runs that was started in this directory."""
    settings = load_settings(layout)
    parts = daemons.all_of(layout, settings) if settings is not None else []
    return bool(parts) and all(pid_of(part) for part in parts)


def bring_up(
    layout: Layout,
    choose: Choose,
    netns: str | None,
    environment: Mapping[str, str],
    deadline: Deadline,
    connect: Callable[[], None] = lambda: None,
) -> Up:
    """As `up`, for a directory that is prepared and locked.

    choose: what to start with, made of what it was before, or of a new node's settings in `netns`.
    connect: called once the namespace is there, before anything that needs its links; may find all done.
    """
    begin = time.monotonic()
    previous = load_settings(layout)
    if previous and runs(layout):
        _same(previous, choose(replace(previous, netns=netns)), layout)
        connect()
        return Up(layout, previous, already=True, seconds=time.monotonic() - begin)
    found = place.chosen(previous, netns)
    settings = choose(found)
    end_all(layout, previous, environment, deadline, leave_netns=netns)
    settings = place.with_datapath(settings, deadline)
    # On record before anything of it is made.
    save_settings(layout, settings)
    try:
        make_place(settings, environment, deadline)
        connect()
        settings = place.surveyed(settings, deadline)
        save_settings(layout, settings)
        check_ports(settings, deadline)
        start_all(layout, settings, layout.environment(dict(environment)), deadline)
    except BaseException:
        end_all(layout, settings, environment, deadline.extended(10.0))
        _forget(layout, settings, previous, found)
        raise
    return Up(layout, settings, already=False, seconds=time.monotonic() - begin)


def bring_down(layout: Layout, environment: Mapping[str, str], deadline: Deadline, *, purge: bool) -> bool:
    """As `down`, for a directory that is locked."""
    settings = sound_settings(layout)
    ran = end_all(layout, settings, environment, deadline)
    if settings is not None:
        save_settings(layout, settings.taken_down())
    if purge:
        directory.purge(layout)
    return ran


def end_all(
    layout: Layout,
    settings: Settings | None,
    environment: Mapping[str, str],
    deadline: Deadline,
    leave_netns: str | None = None,
) -> bool:
    """Stop every daemon, remove the links they left, and the namespace when it is ours. Returns whether any ran.

    leave_netns: a namespace to keep although it is ours: it holds the containers' ports.
    """
    known = settings or Settings(None, False, "netdev", "", 0, 0, agent=True)
    own = layout.environment(dict(environment))
    ran = [stop(part, own, deadline) for part in daemons.all_of(layout, known)]
    for path in layout.run.iterdir() if layout.run.is_dir() else ():
        path.unlink()
    if settings is None:
        return any(ran)
    if settings.netns is not None and settings.netns != leave_netns and place.is_ours(settings, settings.netns):
        place.remove(settings.netns, environment, deadline.extended(2.0))
    elif any(ran) or settings.boot == boot_id():
        place.remove_leftovers(settings, own, deadline.extended(2.0))
        if settings.netns is not None and settings.nodes and settings.netns != leave_netns:
            underlay.remove(settings.netns, environment, deadline.extended(2.0))
    return any(ran)


def _forget(layout: Layout, failed: Settings, previous: Settings | None, found: Settings) -> None:
    """Have the next `up` begin where this one did, not with wishes that could not be met."""
    if previous is None and failed.controller and failed.switch:
        # OVN may know the node by its name already, and gives nobody else its address.
        previous = found
    if previous is None:
        layout.settings_file.unlink(missing_ok=True)
    else:
        save_settings(layout, previous.taken_down())


def _same(running: Settings, wanted: Settings, layout: Layout) -> None:
    if running.netns != wanted.netns:
        where = f"in the network namespace {running.netns}" if running.netns else "in the machine's network namespace"
    elif (running.vsd_host, running.switch, running.controller) != (wanted.vsd_host, wanted.switch, wanted.controller):
        where = "for nodes to join" if running.takes_nodes else "by itself"
        where = f"{where}, with VSD at {running.vsd_host}" if running.vsd_host != LOOPBACK else where
    elif other := [option for option, value in _options(running).items() if _options(wanted)[option] != value]:
        where = f"with another {' and '.join(other)}"
    else:
        return
    raise BadConfig(
        f"The VSP in {layout.state} already runs, {where}.", hint="Take it down first, or use another directory."
    )


def _options(settings: Settings) -> dict[str, object]:
    """What its processes were started with, by the option that chooses it."""
    return {
        "--port": settings.vsd_port,
        "--cert-port": settings.cert_port,
        "--without-policy": settings.without_policy,
        # Without a switch there is no bridge that could lead out.
        "--outside": settings.outside and settings.switch,
    }


def _or(wish: T | None, otherwise: T) -> T:
    return otherwise if wish is None else wish
