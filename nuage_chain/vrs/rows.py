"""The rows that VRS knows, just as shared/contracts/vrs-ovsdb.md 3.1 and 3.2 have them, and our own marks on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nuage_chain import __version__

# Nuage_VM_Table.type: Container; event Started/Booted; state Running, reason Booted (3.1, 3.3).
_CONTAINER, _STARTED, _BOOTED, _RUNNING, _REASON_BOOTED = 4, 2, 0, 1, 1

# Our keys in external_ids of Port and Interface: all that DEL has to know.
MARK = "nuage-chain-"
CONTAINER, IFNAME = f"{MARK}container", f"{MARK}ifname"
NETWORK, NETNS, POD_UID = f"{MARK}network", f"{MARK}netns", f"{MARK}pod-uid"
VPORT, VSD_CONTAINER, VSD_INTERFACE = f"{MARK}vport", f"{MARK}vsd-container", f"{MARK}vsd-interface"
MONITORED = f"{MARK}monitored"
VERSION = f"{MARK}version"
CALL = f"{MARK}call"
BOOT, ADDRESS = f"{MARK}boot", f"{MARK}address"


@dataclass(frozen=True)
class Names:
    """Names that the VSP resolves (`metadata` activation); all empty in `split`, where REST told them."""

    enterprise: str = ""
    user: str = ""
    domain: str = ""
    zone: str = ""
    network: str = ""

    @property
    def kind(self) -> str:
        """nuage_network_type: `ipv4` where VRS has to resolve names."""
        return "ipv4" if self.network else ""


@dataclass(frozen=True)
class Port:
    """One attachment as VRS is to see it.

    name: the host end of the veth. mac: that of the container end. uuid: 64 hex digits, the container's in VSD.
    platform: the contract's enum, 4 Docker, 5 LXC. wishes: further port metadata (`static-ip`, `nuage-policy-group`…).
    marks: our own external_ids (the constants above).
    """

    name: str
    mac: str
    bridge: str
    uuid: str
    vm_name: str
    platform: int
    names: Names = field(default_factory=Names)
    wishes: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)


def as_map(values: Mapping[str, str]) -> list[Any]:
    """A map as OVSDB writes it (RFC 7047, section 5.1)."""
    return ["map", [[k, v] for k, v in values.items()]]


def from_map(value: list[Any]) -> dict[str, str]:
    """The reverse of `as_map`."""
    return dict(value[1])


def from_set(value: Any) -> list[Any]:  # noqa: ANN401 - a single element comes without its set
    """A set as a list; OVSDB writes a set of one as its bare element."""
    return list(value[1]) if isinstance(value, list) and value and value[0] == "set" else [value]


def external_ids(port: Port) -> dict[str, str]:
    """What Port and Interface carry: VRS's two keys, and ours."""
    return {"vm-uuid": port.uuid, "vm-name": port.vm_name, **port.marks, VERSION: __version__}


def port_row(port: Port) -> dict[str, Any]:
    """The row of Nuage_Port_Table."""
    names = port.names
    metadata = {
        "nuage-enterprise-domain": names.domain,
        "nuage-enterprise-network": names.network,
        "nuage-enterprise-zone": names.zone,
        "nuage-enterprise-network-type": names.kind,
        **port.wishes,
    }
    return {
        "name": port.name,
        "mac": port.mac,
        "bridge": port.bridge,
        "alias": "",
        "ip_addr": "",
        "subnet_mask": "",
        "gateway": "",
        "nuage_domain": names.domain,
        "nuage_network": names.network,
        "nuage_zone": names.zone,
        "nuage_network_type": names.kind,
        "evpn_id": 0,
        "vrf_id": 0,
        "vm_domain": port.platform,
        "dirty": 0,
        "metadata": as_map(metadata),
    }


def vm_row(port: Port) -> dict[str, Any]:
    """The row of Nuage_VM_Table for a container whose first port this is."""
    split = {} if port.names.network else {"nuage-extension": "true"}
    return {
        "type": _CONTAINER,
        "event": _STARTED,
        "event_type": _BOOTED,
        "state": _RUNNING,
        "reason": _REASON_BOOTED,
        "vm_uuid": port.uuid,
        "vm_name": port.vm_name,
        "domain": port.platform,
        "nuage_user": port.names.user,
        "nuage_enterprise": port.names.enterprise,
        "dirty": 0,
        "metadata": as_map({"enterprise": port.names.enterprise, **split}),
        "ports": ["set", [port.name]],
    }
