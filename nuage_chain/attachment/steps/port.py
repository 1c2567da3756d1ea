"""The port in the switch, VRS's rows, and the wait until it forwards."""

from __future__ import annotations

from nuage_chain.attachment import addressing, mtu
from nuage_chain.attachment.record import OVSDB
from nuage_chain.attachment.state import Attaching
from nuage_chain.attachment.undoing import Undoing
from nuage_chain.vrs import rows


class PlugIntoVrs:
    """Port, interface and both rows of VRS, in one transaction."""

    name = "plug into VRS"
    owes = OVSDB

    def prepare(self, at: Attaching) -> None:
        """The port is found again by its marks."""

    def do(self, at: Attaching) -> None:
        """All or nothing."""
        at.datapath = at.switch.plug(_port(at), at.deadline)

    def undo(self, un: Undoing) -> None:
        """Looks for the port by its marks: a transaction whose answer was lost may have been carried out.

        Only the port that the record is about: a second ADD without DEL is refused, and must not take the first one's
        port away. Rows that the switch has lost the port of are looked for where a container goes (DEL).
        """
        record, port = un.record, un.port()
        if port is not None:
            last = un.switch.unplug(port, un.budget())
            if record.objects is not None:
                record.objects.last = last
        elif not record.call:
            un.switch.forget(record.uuid, un.budget())


class WaitUntilForwarding:
    """The port has a number in the switch, and VRS has filled in its row."""

    name = "wait until forwarding"
    owes = OVSDB

    def prepare(self, at: Attaching) -> None:
        """Nothing to look at before."""

    def do(self, at: Attaching) -> None:
        """Then the addresses are known, and have to be those that were asked for."""
        made = at.registration
        ipv4 = made is None or made.address is not None
        gateway = made is None or made.gateway is not None
        at.resolved = at.switch.wait_until_forwarding(at.found.host.name, at.deadline, ipv4=ipv4, gateway=gateway)
        at.assignments = addressing.decided(at)
        if any(ip.address.version == 6 for ip in addressing.final_ips(at)):
            mtu.check_ipv6(at.mtu)

    def undo(self, un: Undoing) -> None:
        """Nothing to take back."""


def _port(at: Attaching) -> rows.Port:
    place, who, made = at.placement, at.identity, at.registration
    names_for_vrs = (
        rows.Names() if made else rows.Names(place.enterprise, place.user, place.domain, place.zone, place.subnet)
    )
    marks = {
        rows.CONTAINER: who.container_id, rows.IFNAME: who.ifname, rows.NETWORK: who.network, rows.NETNS: who.netns,
        rows.POD_UID: who.pod_uid, rows.MONITORED: at.record.monitored, rows.CALL: at.record.call,
        rows.BOOT: at.record.boot, rows.ADDRESS: ",".join(at.record.addresses),
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
