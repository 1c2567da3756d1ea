"""The container end: its MTU, offload and addresses, and what its segment hears of it."""

from __future__ import annotations

import ipaddress

from nuage_chain.attachment import addressing
from nuage_chain.attachment.record import KERNEL, ContainerEnd
from nuage_chain.attachment.state import Attaching
from nuage_chain.attachment.undoing import Undoing
from nuage_chain.link import address, announce, offload, veth
from nuage_chain.link.netns import NetnsGone, inside


class AddressContainer:
    """MTU of both ends, checksum offload, and the addresses where the overlay decided them."""

    name = "address the container"
    owes = KERNEL

    def prepare(self, at: Attaching) -> None:
        """One visit to the container's namespace."""
        at.record.container = inside(at.request.netns, lambda: _look(at), at.deadline.left(self.name))

    def do(self, at: Attaching) -> None:
        """The container's side runs in one visit to its namespace."""
        veth.set_mtu(at.found.host.name, at.mtu)
        inside(at.request.netns, lambda: _configure(at), at.deadline.left(self.name))

    def undo(self, un: Undoing) -> None:
        """Everything as it was; a namespace that has gone took it along. The host end's MTU is its own step's."""
        had, ifname = un.record.container, un.record.ifname
        if had is None:
            return
        try:
            inside(un.record.netns, lambda: _restore(ifname, had), un.budget().left(self.name))
        except NetnsGone:
            return


class Announce:
    """The segment learns where the addresses live now; what `bridge` announced went to the wrong one."""

    name = "announce"
    owes = KERNEL

    def prepare(self, at: Attaching) -> None:
        """Nothing to look at before."""

    def do(self, at: Attaching) -> None:
        """Gratuitous ARP and unsolicited neighbour advertisement, once the port forwards, and again a moment later."""
        mac, addresses = at.found.container.mac, [ip.address.ip for ip in addressing.final_ips(at)]
        rest = inside(
            at.request.netns,
            lambda: announce.announce(at.request.ifname, mac, addresses),
            at.deadline.left(self.name),
        )
        at.later(rest)

    def undo(self, un: Undoing) -> None:
        """What was said cannot be taken back."""


def _look(at: Attaching) -> ContainerEnd:
    end, ifname = at.found.container, at.request.ifname
    return ContainerEnd(
        index=end.index,
        mac=end.mac,
        mtu=end.mtu,
        ipv6=veth.ipv6_disabled(ifname),
        offload=offload.tx_checksum(ifname),
        held=[str(a) for a in address.held(ifname)],
    )


def _configure(at: Attaching) -> None:
    ifname = at.request.ifname
    if at.datapath == "netdev":
        offload.set_tx_checksum(ifname, on=False)
    at.routed = address.configure(ifname, at.mtu, at.assignments)


def _restore(ifname: str, had: ContainerEnd) -> None:
    # The path of a namespace that is gone may be another container's by now.
    now = veth.current(ifname)
    if now is None or (now.index, now.mac) != (had.index, had.mac):
        return
    address.withdraw(ifname, [ipaddress.ip_interface(a) for a in had.held])
    if had.offload:
        offload.set_tx_checksum(ifname, on=True)
    veth.set_mtu(ifname, had.mtu)
    if had.ipv6 is not None:
        veth.disable_ipv6(ifname, had.ipv6)
