"""What VSD decided for a port: plain values that OVN's objects and VRS's row are made from."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

FIRST_SERVICE_ID = 20001
LAST_SERVICE_ID = 2**31 - 1


@dataclass(frozen=True)
class Network:
    """A subnet of a domain, or an L2 domain, for which domain_id is None.

    prefix, prefix6: lengths. netmask, prefix and gateway: None without IPv4; gateway6, prefix6: None without IPv6.
    vrf_id, evpn_id: VSD's numbers for domain and subnet.
    """

    subnet_id: str
    subnet_name: str
    domain_id: str | None
    domain_name: str
    netmask: str | None
    prefix: int | None
    gateway: str | None
    vrf_id: int
    evpn_id: int
    gateway6: str | None = None
    prefix6: int | None = None


@dataclass(frozen=True)
class Binding:
    """A port that VSD knows. address, address6: one of them at least. spoofing: it may send with any address."""

    port: str
    vm_uuid: str
    mac: str
    vport_id: str
    container_id: str
    interface_id: str
    address: str | None
    network: Network
    address6: str | None = None
    spoofing: bool = False


def service_id(given: object, vsd_id: str) -> int:
    """VSD's number for a domain or subnet; where it gives none, one made from the object's ID, in VSD's range."""
    if isinstance(given, int) and given > 0:
        return given
    return FIRST_SERVICE_ID + zlib.crc32(vsd_id.encode()) % (LAST_SERVICE_ID - FIRST_SERVICE_ID)
