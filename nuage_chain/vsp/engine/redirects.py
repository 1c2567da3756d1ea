"""Advanced forwarding: traffic that a redirection target's vPorts get first, as far as OVN can.

OVN's routers can send what they route by another next hop. So it works between subnets of a domain and on the way
out, for targets of endpoint type L3; within a subnet, in L2 domains and for virtual wires nothing is redirected.
"""

from __future__ import annotations

from collections.abc import Iterator

from nuage_chain.vsp.engine.acls import live_entries, ordered
from nuage_chain.vsp.engine.match import IPV4, IPV6, ether_type, is_narrower, traffic
from nuage_chain.vsp.engine.mirror import Entity, Mirror
from nuage_chain.vsp.engine.networks import gateway_port
from nuage_chain.vsp.engine.objects import Wanted
from nuage_chain.vsp.engine.plans import addresses_of, group_name, interface, prefixes, subnets_of, vports_of

FIRST_PRIORITY = 30000
_ACTIONS = {"REDIRECT": "reroute", "DROP": "drop", "FORWARD": "allow", "TRANSPARENT": "allow"}


def redirect_rows(mirror: Mirror, domain_id: str) -> Iterator[Wanted]:
    """The routing policies of a domain's forwarding entries whose action is REDIRECT."""
    templates = ordered(mirror.children("ingressadvfwdtemplate", domain_id))
    entries = [e for t in templates for e in live_entries(mirror, "ingressadvfwdentrytemplate", t)]
    for rank, entry in enumerate(entries):
        yield from _entry(mirror, domain_id, entry, FIRST_PRIORITY - rank)


def _entry(mirror: Mirror, domain_id: str, entry: Entity, priority: int) -> Iterator[Wanted]:
    version = {IPV4: 4, IPV6: 6}.get(ether_type(entry))
    hops = _hops(mirror, domain_id, entry.get("redirectVPortTagID"), version or 4)
    action = _ACTIONS.get(entry["action"])
    if version is None or is_narrower(entry) or action is None or (action == "reroute" and not hops):
        return
    terms = traffic(entry)
    for side, field in (("location", "src"), ("network", "dst")):
        found = _addresses(mirror, domain_id, entry, side, version)
        if found is not None:
            name = f"{group_name('redirect', entry['ID'])}_{field}"
            yield Wanted("Address_Set", name, {"addresses": found})
            terms.append(f"ip{version}.{field} == ${name}")
    # What the target itself sends on is not sent to it again; a router knows of a sender only its subnet.
    if action == "reroute":
        terms.append(_not_from(mirror, domain_id, entry.get("redirectVPortTagID")))
    columns = {
        "priority": priority,
        "match": " && ".join(terms),
        "action": action,
        "nexthops": hops if action == "reroute" else [],
    }
    yield Wanted("Logical_Router_Policy", entry["ID"], columns, parent=domain_id)


def _members(mirror: Mirror, domain_id: str, target_id: str | None) -> list[Entity]:
    target = mirror.get("redirectiontarget", target_id)
    if target is None or target.get("endPointType") != "L3":
        return []
    found = vports_of(mirror, domain_id)
    return [v for v in found if target["ID"] in mirror.member_ids(v["ID"], "redirectiontarget")]


def _hops(mirror: Mirror, domain_id: str, target_id: str | None, version: int) -> list[str]:
    ports = _members(mirror, domain_id, target_id)
    return sorted(a for p in ports for a in addresses_of(interface(mirror, p) or {}) if (":" in a) == (version == 6))


def _not_from(mirror: Mirror, domain_id: str, target_id: str | None) -> str:
    """From every subnet but the target's, which OVN's expressions cannot say the other way round."""
    own = {vport["parentID"] for vport in _members(mirror, domain_id, target_id)}
    others = [gateway_port(s["ID"]) for s in subnets_of(mirror, domain_id) if s["ID"] not in own]
    return "inport == {" + ", ".join(f'"{name}"' for name in others) + "}" if others else "0"


def _addresses(mirror: Mirror, domain_id: str, entry: Entity, side: str, version: int) -> list[str] | None:
    """The addresses of one end, None for any."""
    word, vsd_id = str(entry.get(f"{side}Type") or "ANY"), str(entry.get(f"{side}ID") or "")
    if word == "ANY":
        return None
    if word == "POLICYGROUP":
        members = [v for v in vports_of(mirror, domain_id) if vsd_id in mirror.member_ids(v["ID"], "policygroup")]
        found = [a for v in members for a in addresses_of(interface(mirror, v) or {})]
    else:
        found = prefixes(_networks(mirror, domain_id, word, vsd_id))
    return [address for address in found if (":" in address) == (version == 6)]


def _networks(mirror: Mirror, domain_id: str, word: str, vsd_id: str) -> list[Entity]:
    if word == "ENDPOINT_DOMAIN":
        return subnets_of(mirror, domain_id)
    if word == "ZONE":
        return mirror.children("subnet", vsd_id)
    if word == "NETWORK_MACRO_GROUP":
        ids = mirror.member_ids(vsd_id, "enterprisenetwork")
        return [n for i in sorted(ids) if (n := mirror.get("enterprisenetwork", i))]
    kinds = {"SUBNET": "subnet", "ENTERPRISE_NETWORK": "enterprisenetwork", "PUBLIC_NETWORK": "publicnetwork"}
    found = mirror.get(kinds.get(word, "subnet"), vsd_id)
    return [] if found is None else [found]
