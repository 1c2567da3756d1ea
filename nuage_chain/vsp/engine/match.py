"""ACL entries as OVN's match expressions: everything but where they apply."""

from __future__ import annotations

from nuage_chain.vsp.engine.mirror import Entity

IPV4, IPV6 = 0x0800, 0x86DD
_PROTOCOLS = {"6": "tcp", "17": "udp", "132": "sctp"}
_ICMP = {"1": "icmp4", "58": "icmp6"}


def ether_type(entry: Entity) -> int:
    """The frames that an entry is about."""
    try:
        return int(str(entry.get("etherType") or "0x0800"), 16)
    except ValueError:
        return IPV4


def traffic(entry: Entity) -> list[str]:
    """The terms for the kind of frame, its protocol and ports; all of them have to hold."""
    kind = ether_type(entry)
    if kind not in (IPV4, IPV6):
        return [f"eth.type == {kind:#06x}"]
    terms = ["ip4" if kind == IPV4 else "ip6"]
    return [*terms, *_protocol(entry)]


def is_narrower(entry: Entity) -> bool:
    """Whether an entry means less than `traffic` says.

    OVN has a word for DSCP, ip.dscp, but 23.03 loses it on the way to the switch: it would match any.
    """
    return entry.get("DSCP") not in (None, "*")


def _protocol(entry: Entity) -> list[str]:
    number = str(entry.get("protocol") or "ANY").upper()
    if number == "ANY":
        return []
    if number in _PROTOCOLS:
        name = _PROTOCOLS[number]
        sides = (("src", entry.get("sourcePort")), ("dst", entry.get("destinationPort")))
        return [name, *(term for side, ports in sides for term in _ports(f"{name}.{side}", ports))]
    if number in _ICMP:
        name = _ICMP[number]
        fields = (("type", entry.get("ICMPType")), ("code", entry.get("ICMPCode")))
        return [name, *(f"{name}.{field} == {int(v)}" for field, v in fields if v not in (None, "", "*"))]
    return [f"ip.proto == {int(number)}"]


def _ports(field: str, ports: object) -> list[str]:
    text = str(ports or "*")
    if text == "*":
        return []
    low, _, high = text.partition("-")
    if not high or low == high:
        return [f"{field} == {int(low)}"]
    return [f"{field} >= {int(low)}", f"{field} <= {int(high)}"]
