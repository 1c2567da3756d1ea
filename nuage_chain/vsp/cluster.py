"""An embedded VSP of several nodes on one machine: its centre in a namespace, and each node in one of its own.

A node is what `joining.join` makes of a host, in a namespace with a link to the underlay. Its state directory is
nodes/<number> below that of the centre.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, NotAvailable
from nuage_chain.vsp import directory, node, place, underlay
from nuage_chain.vsp.invitation import invite
from nuage_chain.vsp.joining import Host, join
from nuage_chain.vsp.layout import Layout, layout_of, prepare
from nuage_chain.vsp.node import Up, Wishes
from nuage_chain.vsp.settings import Settings, load_settings, save_settings

NETNS = "vsp"
"""What the centre's namespace is called unless somebody says otherwise; node 1 is in vsp-1."""

SECONDS_A_NODE = 15.0


@dataclass(frozen=True)
class Cluster:
    """The outcome of `up`: the centre, and its nodes by their numbers."""

    centre: Up
    nodes: Mapping[int, Up]


def numbers_of(layout: Layout) -> list[int]:
    """The numbers of the nodes that were ever made below this centre."""
    if not layout.nodes.is_dir():
        return []
    return sorted(int(path.name) for path in layout.nodes.iterdir() if path.name.isdecimal())


def layout_of_node(layout: Layout, number: int) -> Layout:
    """Where a node of this centre has its files. Raises BadConfig for a path that is too long."""
    return layout_of(layout.nodes / str(number))


def up(
    state: Path,
    count: int | None = None,
    *,
    environment: Mapping[str, str],
    deadline: Deadline,
    netns: str | None = None,
    wishes: Wishes | None = None,
) -> Cluster:
    """Start the centre and `count` nodes, those that do not run; None for as many as there were.

    netns: the centre's namespace; None for the one it was in, at first NETNS.

    When a part does not start, what this call started is stopped. Raises as `node.up` does, and BadConfig where there
    are more nodes already, or the directory is that of a VSP without.
    """
    layout = layout_of(state)
    prepare(layout)
    with directory.locked(layout, deadline):
        before = load_settings(layout)
        known = numbers_of(layout)
        wanted = before.nodes if count is None and before else count or 0
        _check(layout, before, known, wanted)
        home = netns or (before.netns if before else None) or NETNS
        started: list[Layout] = []
        try:
            return _bring_up(layout, home, wanted, wishes or Wishes(), environment, deadline, started.append)
        except BaseException:
            for one in reversed(started):
                node.bring_down(one, environment, deadline.extended(10.0), purge=False)
            for number in set(numbers_of(layout)) - set(known):
                directory.purge(layout_of_node(layout, number))
            raise


def down(state: Path, *, environment: Mapping[str, str], deadline: Deadline, purge: bool = False) -> bool:
    """As `node.down`, with all nodes of it."""
    layout = layout_of(state)
    if not layout.state.is_dir():
        return False
    with directory.locked(layout, deadline):
        nodes = [layout_of_node(layout, number) for number in numbers_of(layout)]
        ran = [node.bring_down(one, environment, deadline, purge=False) for one in nodes]
        if nodes:
            _remove_underlay(layout, environment, deadline)
        return any([node.bring_down(layout, environment, deadline, purge=purge), *ran])


def node_of(state: Path, number: int) -> tuple[Layout, Settings]:
    """A node that was made by `up`. Raises NotAvailable with the numbers there are."""
    layout = layout_of(state)
    known = numbers_of(layout)
    settings = load_settings(layout_of_node(layout, number)) if number in known else None
    if settings is None:
        there = f"it has {', '.join(map(str, known))}" if known else "it has none"
        raise NotAvailable(
            f"The embedded VSP in {layout.state} has no node {number}; {there}.",
            hint="`nuage-chain vsp up --nodes N` makes nodes 1 to N.",
        )
    return layout_of_node(layout, number), settings


def _check(layout: Layout, before: Settings | None, known: list[int], wanted: int) -> None:
    if before is not None and not before.nodes:
        raise BadConfig(
            f"The VSP in {layout.state} is one without nodes of its own.",
            hint="Use another directory for one with --nodes, or remove this one with `nuage-chain vsp down --purge`.",
        )
    if wanted < max(known, default=0):
        raise BadConfig(
            f"The VSP in {layout.state} has {max(known)} nodes already.",
            hint="Say as many or more, or remove it with `nuage-chain vsp down --purge` and begin anew.",
        )


def _bring_up(
    layout: Layout,
    home: str,
    count: int,
    wishes: Wishes,
    environment: Mapping[str, str],
    deadline: Deadline,
    starting: Callable[[Layout], None],
) -> Cluster:
    def noted(layout: Layout, made: Up) -> Up:
        if not made.already:
            starting(layout)
        return made

    address = str(underlay.address().ip)
    centre = node.bring_up(
        layout,
        lambda found: replace(wishes.apply(found), switch=False, vsd_host=address, address=address, nodes=count),
        home,
        environment,
        deadline,
        lambda: underlay.make(home, environment, deadline),
    )
    noted(layout, centre)
    save_settings(layout, replace(centre.settings, nodes=count))
    nodes = {}
    for number in range(1, count + 1):
        where = layout_of_node(layout, number)
        nodes[number] = noted(where, _join(centre, where, number, wishes, environment, deadline))
    return Cluster(centre, nodes)


def _join(
    centre: Up, where: Layout, number: int, wishes: Wishes, environment: Mapping[str, str], deadline: Deadline
) -> Up:
    home = centre.settings.netns or ""
    name = f"{home}-{number}"
    previous = load_settings(where)
    if place.exists(name) and not (previous and previous.netns_made):
        raise BadConfig(
            f"There is a network namespace {name} already, which is not ours.", hint="Give another --netns."
        )
    host = Host(
        underlay.address(number),
        netns=name,
        uplink=underlay.UPLINK,
        outside=wishes.outside,
        agent=True,
        connect=lambda: underlay.connect(home, name, number, environment, deadline),
    )
    invitation = invite(centre.layout, centre.settings, name)
    return join(where.state, invitation, host, environment=environment, deadline=deadline)


def _remove_underlay(layout: Layout, environment: Mapping[str, str], deadline: Deadline) -> None:
    settings = load_settings(layout)
    if settings is not None and settings.netns is not None and not settings.netns_made:
        underlay.remove(settings.netns, environment, deadline)
