"""The host end of the veth: found, and taken from its Linux bridge."""

from __future__ import annotations

from nuage_chain.attachment import chain, mtu
from nuage_chain.attachment.record import KERNEL, HostEnd
from nuage_chain.attachment.state import Attaching
from nuage_chain.attachment.undoing import Undoing
from nuage_chain.errors import AlreadyAttached
from nuage_chain.link import layer3, veth


class FindHostVeth:
    """Which link of ours is the other end of the container's interface, and which MTU it can have in the switch."""

    name = "find host veth"
    owes = KERNEL

    def prepare(self, at: Attaching) -> None:
        """All of it: the other steps' preparations need the pair."""
        at.pair = veth.find(at.request.netns, at.request.ifname, at.deadline.left(self.name))
        if at.found.host.in_switch:
            raise AlreadyAttached(f"{at.found.host.name} is a port of an Open vSwitch already.")
        chain.look(at)
        at.mtu = mtu.choose(at)

    def do(self, at: Attaching) -> None:
        """Changes nothing."""

    def undo(self, un: Undoing) -> None:
        """Nothing to take back."""


class LeaveBridge:
    """The host end leaves the Linux bridge and loses its addresses and IPv6, before it goes into the switch."""

    name = "leave bridge"
    owes = KERNEL

    def prepare(self, at: Attaching) -> None:
        """Addresses are looked for where the end is in no bridge, as `ptp` makes it."""
        host = at.found.host
        had = layer3.Layer3() if host.master else layer3.look(host.index)
        at.record.host = HostEnd(
            name=host.name,
            index=host.index,
            master=host.master,
            mtu=host.mtu,
            ipv6=veth.ipv6_disabled(host.name),
            addresses=list(had.addresses),
            routes=list(had.routes),
        )

    def do(self, at: Attaching) -> None:
        """Its addresses first: in the switch they would answer beside the overlay."""
        host = at.found.host
        layer3.take_off(host.index, _layer3(at.record.host))
        veth.disable_ipv6(host.name)
        veth.leave_bridge(host)

    def undo(self, un: Undoing) -> None:
        """As the plugin before us left it; its own DEL follows. Nothing where the link has gone."""
        host = un.record.host
        if host is None or not _is_there(host):
            return
        if host.ipv6 is not None:
            veth.disable_ipv6(host.name, host.ipv6)
        veth.join_bridge(host.name, host.index, host.master)
        layer3.give_back(host.index, _layer3(host))
        veth.set_mtu(host.name, host.mtu)


def _is_there(host: HostEnd) -> bool:
    now = veth.current(host.name)
    return now is not None and now.index == host.index


def _layer3(host: HostEnd | None) -> layer3.Layer3:
    return layer3.Layer3(tuple(host.addresses), tuple(host.routes)) if host else layer3.Layer3()
