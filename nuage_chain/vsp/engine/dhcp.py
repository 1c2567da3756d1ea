"""DHCP for those who ask: OVN answers on the node itself, with the address that VSD gave to the vPort.

Options are those of VSD's domain, zone and subnet; nearer to the vPort wins. OVN knows options by name, and of
IPv4's only those of NAMES.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nuage_chain.vsp.engine.mirror import Entity, Mirror
from nuage_chain.vsp.engine.objects import Wanted
from nuage_chain.vsp.engine.plans import mac_of_gateway, plan_of

LEASE_SECONDS = 86400
V6_FLAG = "-6"

NAMES: Mapping[int, str] = {
    2: "time_offset",
    6: "dns_server",
    7: "log_server",
    9: "lpr_server",
    12: "hostname",
    15: "domain_name",
    26: "mtu",
    28: "broadcast_address",
    42: "ntp_server",
    51: "lease_time",
    66: "tftp_server",
    67: "bootfile_name",
    119: "domain_search_list",
}
"""DHCP options (RFC 2132) by the names that OVN has for them."""

_TEXTS = frozenset({12, 15, 66, 67, 119})


def option_rows(mirror: Mirror, subnet: Entity) -> Iterator[Wanted]:
    """What OVN's DHCP servers say in a subnet; nothing where VSD says that DHCP is off."""
    plan = plan_of(subnet)
    if plan.prefix4 and plan.gateway4 and _enabled(subnet, "enableDHCPv4"):
        options = {
            "server_id": plan.gateway4,
            "server_mac": mac_of_gateway(subnet),
            "router": plan.gateway4,
            "lease_time": str(LEASE_SECONDS),
            **_options(mirror, subnet),
        }
        yield Wanted("DHCP_Options", subnet["ID"], {"cidr": plan.prefix4, "options": options})
    if plan.prefix6 and subnet.get("enableDHCPv6"):
        six = {"server_id": mac_of_gateway(subnet)}
        yield Wanted("DHCP_Options", f"{subnet['ID']}{V6_FLAG}", {"cidr": plan.prefix6, "options": six})


def version_of(options: Wanted) -> int:
    """4 or 6."""
    return 6 if options.key.endswith(V6_FLAG) else 4


def router_advertisement(subnet: Entity) -> dict[str, str]:
    """What the gateway advertises: that addresses come by DHCPv6, where they do."""
    if not plan_of(subnet).prefix6 or not subnet.get("enableDHCPv6"):
        return {}
    return {"address_mode": "dhcpv6_stateful", "send_periodic": "true"}


def _enabled(subnet: Entity, attribute: str) -> bool:
    if subnet.get("DHCPManaged") is False:
        return False
    return subnet.get(attribute) is not False


def _options(mirror: Mirror, subnet: Entity) -> dict[str, str]:
    found: dict[str, str] = {}
    for place in _places(mirror, subnet):
        for option in mirror.children("dhcpoption", place):
            number, values = int(option.get("actualType") or 0), [str(v) for v in option.get("actualValues") or ()]
            if number in NAMES and values:
                found[NAMES[number]] = _value(number, values)
    return found


def _places(mirror: Mirror, subnet: Entity) -> list[str]:
    zone = mirror.get("zone", subnet.get("parentID"))
    return [*((zone["parentID"], zone["ID"]) if zone else ()), subnet["ID"]]


def _value(number: int, values: list[str]) -> str:
    if number in _TEXTS:
        return f'"{",".join(values)}"'
    return values[0] if len(values) == 1 else "{" + ", ".join(values) + "}"
