"""Network macros: addresses outside of the domains that ACL entries name."""

from __future__ import annotations

from nuage_chain.vsp.vsd.addressing import parse_prefix
from nuage_chain.vsp.vsd.entities import Entity
from nuage_chain.vsp.vsd.refusal import Code, conflict, missing
from nuage_chain.vsp.vsd.unit import Request, Unit


def check_macro(_unit: Unit, macro: Entity, _request: Request) -> None:
    """A macro is one IPv4 or IPv6 prefix, a single host included."""
    if macro.get("IPType") == "IPV6":
        if macro.get("IPv6Address") is None:
            raise missing("IPv6Address")
        macro.values["IPv6Address"] = str(parse_prefix("IPv6Address", str(macro.get("IPv6Address")), 6))
        return
    prefix = parse_prefix("address", f"{macro.get('address')}/{macro.get('netmask')}", 4)
    macro.values |= {"address": str(prefix.network_address), "netmask": str(prefix.netmask)}


def claim_prefix(unit: Unit, macro: Entity, _request: Request) -> None:
    """No enterprise has two macros of the same prefix.

    Raises Refusal (2504), as clients that make macros of services expect.
    """
    version, attribute = (6, "IPv6Address") if macro.get("IPType") == "IPV6" else (4, "address")
    text = str(macro.get(attribute)) if version == 6 else f"{macro.get('address')}/{macro.get('netmask')}"
    prefix = parse_prefix(attribute, text, version)
    key = (f"{macro.kind} {macro.parent_id}", prefix.network_address.packed + bytes([prefix.prefixlen]))
    store = unit.entities.store
    store.run("DELETE FROM addresses WHERE owner_id = ?", (macro.id,))
    if store.row("SELECT 1 FROM addresses WHERE network_id = ? AND address = ?", key):
        description = f"Another network macro with the same address = {prefix} exists."
        raise conflict(attribute, "Duplicate object", description, Code.OVERLAPPING_SUBNET)
    store.run("INSERT INTO addresses VALUES (?, ?, ?)", (*key, macro.id))
