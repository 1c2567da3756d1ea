"""An embedded VSP of several nodes on one machine: its centre in a namespace, and each node in one of its own.

A node is what `joining.join` makes of a host, in a namespace with a link to the underlay. Its state directory is
nodes/<number> below that of the centre.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
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


def layouts_of(layout: Layout) -> list[Layout]:
    """The directories of the nodes, and of the centre, in the order in which they can be stopped."""
    return [*(layout_of_node(layout, number) for number in numbers_of(layout)), layout]


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
        stay = {one for one in layouts_of(layout) if node.runs(one)}
        try:
            return _bring_up(layout, home, wanted, wishes or Wishes(), environment, deadline)
        except BaseException:
            _bring_down(layout, stay, environment, deadline.extended(10.0))
            for number in set(numbers_of(layout)) - set(known):
                directory.purge(layout_of_node(layout, number))
            raise


def down(state: Path, *, environment: Mapping[str, str], deadline: Deadline, purge: bool = False) -> bool:
    """As `node.down`, with all nodes of it."""
    layout = layout_of(state)
    if not layout.used:
        return False
    with directory.locked(layout, deadline):
        ran = _bring_down(layout, set(), environment, deadline)
        if purge:
            directory.purge(layout)
        return ran


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
    layout: Layout, home: str, count: int, wishes: Wishes, environment: Mapping[str, str], deadline: Deadline
) -> Cluster:
    address = str(underlay.address().ip)
    centre = node.bring_up(
        layout,
        lambda found: replace(replace(wishes, listen=address).apply(found), nodes=count),
        home,
        environment,
        deadline,
        lambda: underlay.make(home, environment, deadline),
    )
    save_settings(layout, replace(centre.settings, nodes=count))
    numbers = range(1, count + 1)
    return Cluster(centre, {number: _join(centre, number, wishes, environment, deadline) for number in numbers})


def _bring_down(layout: Layout, stay: Collection[Layout], environment: Mapping[str, str], deadline: Deadline) -> bool:
    """Stop all but `stay`. Returns whether any of it ran."""
    ran = [node.bring_down(one, environment, deadline, purge=False) for one in layouts_of(layout) if one not in stay]
    return any(ran)


def _join(centre: Up, number: int, wishes: Wishes, environment: Mapping[str, str], deadline: Deadline) -> Up:
    home = centre.settings.netns or ""
    where, name = layout_of_node(centre.layout, number), f"{home}-{number}"
    previous = load_settings(where)
    if place.exists(name) and not place.is_ours(previous, name):
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
