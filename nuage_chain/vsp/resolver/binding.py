"""What VSD decided for a port: plain values that VRS's row is made from."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

FIRST_SERVICE_ID = 20001
LAST_SERVICE_ID = 2**31 - 1


@dataclass(frozen=True)
class Network:
    """A subnet of a domain, or an L2 domain: what VRS writes into the row of a port in it.

    netmask, gateway: None without IPv4. vrf_id, evpn_id: VSD's numbers for domain and subnet.
    """

    subnet_id: str
    netmask: str | None
    gateway: str | None
    vrf_id: int
    evpn_id: int


@dataclass(frozen=True)
class Binding:
    """A port that VSD knows. address, address6: one of them at least."""

    port: str
    vm_uuid: str
    mac: str
    vport_id: str
    container_id: str
    interface_id: str
    address: str | None
    network: Network
    address6: str | None = None


def service_id(given: object, vsd_id: str) -> int:
    """VSD's number for a domain or subnet; where it gives none, one made from the object's ID, in VSD's range."""
    if isinstance(given, int) and given > 0:
        return given
    return FIRST_SERVICE_ID + zlib.crc32(vsd_id.encode()) % (LAST_SERVICE_ID - FIRST_SERVICE_ID)
