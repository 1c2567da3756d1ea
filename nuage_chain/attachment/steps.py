"""The steps of ADD, in the order in which the plan has them."""

from __future__ import annotations

from nuage_chain.attachment import addressing, chain, mtu
from nuage_chain.attachment.plan import Step
from nuage_chain.attachment.settings import SPLIT, Settings
from nuage_chain.attachment.state import Attaching
from nuage_chain.link import address, announce, layer3, offload, veth
from nuage_chain.link.netns import NetnsGone, inside
from nuage_chain.vrs import rows
from nuage_chain.vsd import names, workload


class FindHostVeth:
    """Which link of ours is the other end of the container's interface, and which MTU it can have in the switch."""

    name = "find host veth"

    def do(self, at: Attaching) -> None:
        """Changes nothing."""
        at.pair = veth.find(at.request.netns, at.request.ifname, at.deadline.left(self.name))
        chain.look(at)
        at.mtu = mtu.choose(at)

    def undo(self, at: Attaching) -> None:
        """Nothing to take back."""


class LeaveBridge:
    """The host end leaves the Linux bridge and loses its addresses and IPv6, before it goes into the switch."""

    name = "leave bridge"

    def __init__(self) -> None:
        self._ipv6: str | None = None
        self._layer3 = layer3.Layer3()

    def do(self, at: Attaching) -> None:
        """Remembers what it found, for undo."""
        host = at.found.host
        if not host.master:
            self._layer3 = layer3.take(host.index)
        self._ipv6 = veth.ipv6_disabled(host.name)
        veth.disable_ipv6(host.name)
        veth.leave_bridge(host)

    def undo(self, at: Attaching) -> None:
        """As the plugin before us left it; its own DEL follows. Nothing where the link has gone."""
        host = at.found.host
        if veth.current(host.name) is None:
            return
        if self._ipv6 is not None:
            veth.disable_ipv6(host.name, self._ipv6)
        veth.join_bridge(host)
        layer3.give_back(host.index, self._layer3)


class RegisterWithVsd:
    """vPort, policy groups, redirection targets, then the container with MAC and address, over REST."""

    name = "register with VSD"

    def do(self, at: Attaching) -> None:
        """Looks names up first: whatever is not there is said before anything is made."""
        assert at.vsd is not None  # noqa: S101 - the plan has this step only in split activation
        place = at.placement
        subnet = names.find_subnet(at.vsd, place.enterprise, place.domain, place.zone, place.subnet, at.deadline)
        groups = names.find_policy_groups(at.vsd, subnet.domain_id, place.policy_groups, at.deadline)
        targets = names.find_redirection_targets(at.vsd, subnet.domain_id, place.redirection_targets, at.deadline)
        wanted = addressing.wanted(at)
        addressing.check_against_subnet(wanted, subnet)
        at.registration = workload.register(
            at.vsd,
            subnet,
            workload.Workload(at.identity.uuid, at.identity.name, at.identity.external_id),
            workload.InterfaceSpec(
                name=at.identity.vport_name,
                mac=at.found.container.mac,
                external_id=at.identity.vport_external_id,
                address=wanted.text(4),
                address6=wanted.text(6),
                policy_group_ids=groups,
                redirection_target_ids=targets,
            ),
            at.deadline,
        )

    def undo(self, at: Attaching) -> None:
        """Removes what `do` made; when `do` itself failed, it has cleaned up already."""
        if at.vsd is not None and at.registration is not None:
            made = at.registration
            workload.deregister(
                at.vsd,
                container_id=made.container_id,
                interface_id=made.interface_id,
                vport_id=made.vport_id,
                last=made.container_created,
                deadline=at.for_undo,
            )
            at.registration = None


class PlugIntoVrs:
    """Port, interface and both rows of VRS, in one transaction."""

    name = "plug into VRS"

    def do(self, at: Attaching) -> None:
        """All or nothing."""
        at.datapath = at.switch.plug(_port(at), at.deadline)

    def undo(self, at: Attaching) -> None:
        """Looks for the port by its marks: a transaction whose answer was lost may have been carried out.

        Only this call's port: a second ADD without DEL is refused, and must not take the first one's port away.
        """
        plugged = at.switch.find(at.identity.container_id, at.identity.ifname, at.for_undo)
        if plugged is not None and plugged.marks.get(rows.CALL) == at.call:
            at.switch.unplug(plugged, at.for_undo)


class WaitUntilForwarding:
    """The port has a number in the switch, and VRS has filled in its row."""

    name = "wait until forwarding"

    def do(self, at: Attaching) -> None:
        """Then the addresses are known, and have to be those that were asked for."""
        made = at.registration
        ipv4 = made is None or made.address is not None
        at.resolved = at.switch.wait_until_forwarding(at.found.host.name, at.deadline, ipv4=ipv4)
        at.assignments = addressing.decided(at)
        if any(ip.address.version == 6 for ip in addressing.final_ips(at)):
            mtu.check_ipv6(at.mtu)

    def undo(self, at: Attaching) -> None:
        """Nothing to take back."""


class AddressContainer:
    """MTU of both ends, checksum offload, and the addresses where the overlay decided them."""

    name = "address the container"

    def __init__(self) -> None:
        self._offload: bool | None = None
        self._ipv6: str | None = None

    def do(self, at: Attaching) -> None:
        """The container's side runs in one visit to its namespace."""
        veth.set_mtu(at.found.host.name, at.mtu)
        inside(at.request.netns, lambda: self._configure(at), at.deadline.left(self.name))

    def undo(self, at: Attaching) -> None:
        """Everything as it was; a namespace that has gone took it along."""
        if veth.current(at.found.host.name):
            veth.set_mtu(at.found.host.name, at.found.host.mtu)
        try:
            inside(at.request.netns, lambda: self._restore(at), at.for_undo.left(self.name))
        except NetnsGone:
            return

    def _configure(self, at: Attaching) -> None:
        ifname = at.request.ifname
        veth.set_mtu(ifname, at.mtu)
        if at.datapath == "netdev":
            self._offload = offload.tx_checksum(ifname)
            offload.set_tx_checksum(ifname, on=False)
        self._ipv6 = veth.ipv6_disabled(ifname)
        at.routed = address.assign(ifname, at.assignments)

    def _restore(self, at: Attaching) -> None:
        ifname = at.request.ifname
        address.withdraw(ifname, at.assignments)
        if self._offload:
            offload.set_tx_checksum(ifname, on=True)
        veth.set_mtu(ifname, at.found.container.mtu)
        if self._ipv6 is not None:
            veth.disable_ipv6(ifname, self._ipv6)


class Announce:
    """The segment learns where the addresses live now; what `bridge` announced went to the wrong one."""

    name = "announce"

    def do(self, at: Attaching) -> None:
        """Gratuitous ARP and unsolicited neighbour advertisement, once the port forwards."""
        mac, addresses = at.found.container.mac, [ip.address.ip for ip in addressing.final_ips(at)]
        inside(
            at.request.netns,
            lambda: announce.announce(at.request.ifname, mac, addresses),
            at.deadline.left(self.name),
        )

    def undo(self, at: Attaching) -> None:
        """What was said cannot be taken back."""


def plan(settings: Settings) -> list[Step[Attaching]]:
    """The steps of ADD for these settings: `metadata` leaves VSD to the VSP."""
    register: list[Step[Attaching]] = [RegisterWithVsd()] if settings.activation == SPLIT else []
    return [
        FindHostVeth(),
        LeaveBridge(),
        *register,
        PlugIntoVrs(),
        WaitUntilForwarding(),
        AddressContainer(),
        Announce(),
    ]


def _port(at: Attaching) -> rows.Port:
    place, who, made = at.placement, at.identity, at.registration
    names_for_vrs = (
        rows.Names() if made else rows.Names(place.enterprise, place.user, place.domain, place.zone, place.subnet)
    )
    marks = {
        rows.CONTAINER: who.container_id, rows.IFNAME: who.ifname, rows.NETWORK: who.network, rows.NETNS: who.netns,
        rows.POD_UID: who.pod_uid, rows.MONITORED: at.monitored, rows.CALL: at.call,
        rows.VSD_CONTAINER: made.container_id if made else "",
        rows.VSD_INTERFACE: made.interface_id if made else "", rows.VPORT: made.vport_id if made else "",
    }  # fmt: skip
    return rows.Port(
        name=at.found.host.name,
        mac=at.found.container.mac,
        bridge=at.switch.bridge,
        uuid=who.uuid,
        vm_name=who.name,
        platform=at.settings.platform,
        names=names_for_vrs,
        wishes={} if made else _wishes(at),
        marks={k: v for k, v in marks.items() if v},
    )


def _wishes(at: Attaching) -> dict[str, str]:
    wishes = {
        "static-ip": addressing.wanted(at).text(4) or "",
        "nuage-policy-group": ",".join(at.placement.policy_groups),
        "nuage-redirection-target": ",".join(at.placement.redirection_targets),
    }
    return {k: v for k, v in wishes.items() if v}
