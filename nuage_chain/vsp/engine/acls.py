"""ACL templates and their entries as OVN's ACLs.

Ingress is what a vPort sends into the network: the entry's location is the sender, its network the other end. Egress is
what a vPort gets: the location is the receiver. Templates come in the order TOP, NONE, BOTTOM and then by priority,
entries by priority within their template, the lowest first; what no entry matches meets the defaults. Without any
active template nothing passes. docs/vsp.md says what of this is known of the real VSP, and what is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nuage_chain.vsp.engine.groups import Groups
from nuage_chain.vsp.engine.match import IPV4, IPV6, ether_type, is_narrower, traffic
from nuage_chain.vsp.engine.mirror import Entity, Mirror
from nuage_chain.vsp.engine.objects import Wanted
from nuage_chain.vsp.engine.plans import subnets_of

FIRST_PRIORITY, DEFAULT_PRIORITY, LAST_PRIORITY, SERVICE_PRIORITY = 30000, 2, 1, 32000
_RANKS = ("TOP", "TOP_FIREWALL", "MIDDLE_FIREWALL", "NONE", "BOTTOM_FIREWALL", "BOTTOM")
_NEIGHBOURS = "nd || nd_rs || nd_ra"
_DHCP = "(udp.src == 68 && udp.dst == 67) || (udp.src == 546 && udp.dst == 547)"
_KINDS = {
    "ZONE": "zone",
    "SUBNET": "subnet",
    "POLICYGROUP": "policygroup",
    "ENTERPRISE_NETWORK": "enterprisenetwork",
    "NETWORK_MACRO_GROUP": "networkmacrogroup",
    "PUBLIC_NETWORK": "publicnetwork",
}
_ENDPOINTS = {"ENDPOINT_DOMAIN": "domain", "ENDPOINT_ZONE": "zone", "ENDPOINT_SUBNET": "subnet"}

Place = tuple[str, str]
"""Kind and ID of something in VSD."""


@dataclass(frozen=True)
class Side:
    """One direction in the words of both. remote: which end of a packet the entry's network is."""

    word: str
    direction: str
    port: str
    remote: str


SIDES = (Side("ingress", "from-lport", "inport", "dst"), Side("egress", "to-lport", "outport", "src"))


def policy_rows(mirror: Mirror, domain_id: str, *, without_policy: bool) -> Iterator[Wanted]:
    """The port groups, address sets and ACLs of a domain or L2 domain.

    without_policy: whether traffic passes in a direction for which no active template is there.
    """
    groups = Groups(mirror, domain_id)
    sides = [_Side(mirror, domain_id, groups, side, allowed=without_policy) for side in SIDES]
    # Where nothing is refused nothing has to be tracked.
    tracked = any(side.entries or not side.allows_ip for side in sides)
    rows = [row for side in sides for row in (*side.entries, *side.defaults(tracked=tracked))]
    yield from groups.rows()
    yield from rows


def ordered(templates: Iterable[Entity]) -> list[Entity]:
    """The templates that are in force, first come first."""
    live = [t for t in templates if t.get("active") and t.get("policyState") != "DRAFT"]
    return sorted(live, key=lambda t: (_RANKS.index(t.get("priorityType") or "NONE"), t.get("priority") or 0, t["ID"]))


def live_entries(mirror: Mirror, kind: str, template: Entity) -> list[Entity]:
    """The entries of a template that are in force, in their order."""
    found = [e for e in mirror.children(kind, template["ID"]) if e.get("policyState") != "DRAFT"]
    return sorted(found, key=lambda e: (e.get("priority") or 0, e["ID"]))


def locations(groups: Groups, domain: Place, entry: Entity, port: str, remote: str) -> Iterator[tuple[str, list[str]]]:
    """The port group that an entry applies to, and the terms that say both ends of its traffic.

    More than one where the other end depends on this one. What cannot be said in OVN's words forwards nothing, and
    drops whatever the rest of the entry matches.
    """
    here: Place = (_KINDS.get(str(entry.get("locationType")), ""), str(entry.get("locationID") or ""))
    if not here[0]:
        here = domain
    if is_narrower(entry) and entry.get("action") != "DROP":
        return
    for more, there in _remotes(groups, domain, here, entry):
        # All of a domain is in the domain; its switches know no group that has no port on them.
        places = more if more and here == domain else list(dict.fromkeys((here, *more)))
        terms = [f"{port} == @{groups.of_ports(*place)}" for place in places]
        if there is None:
            yield groups.of_ports(*places[0]), terms
            continue
        version = {IPV4: 4, IPV6: 6}.get(ether_type(entry))
        if version and there[0]:
            terms.append(f"ip{version}.{remote} == ${groups.of_addresses(*there, version)}")
        elif entry.get("action") != "DROP":
            continue
        yield groups.of_ports(*places[0]), terms


def _remotes(groups: Groups, domain: Place, here: Place, entry: Entity) -> Iterator[tuple[list[Place], Place | None]]:
    """The other end of an entry, None for anywhere, and what else has to hold of this end."""
    word = str(entry.get("networkType") or "ANY")
    if word == "ANY":
        yield [], None
    elif word not in _ENDPOINTS:
        yield [], (_KINDS.get(word, ""), str(entry.get("networkID") or ""))
    elif word == "ENDPOINT_DOMAIN" or domain[0] == "l2domain":
        yield [], domain
    else:
        for place in groups.places(_ENDPOINTS[word], here):
            yield [place], place


class _Side:
    def __init__(self, mirror: Mirror, domain_id: str, groups: Groups, side: Side, *, allowed: bool) -> None:
        self._groups, self._side = groups, side
        self._domain: Place = ("l2domain" if mirror.get("l2domain", domain_id) else "domain", domain_id)
        templates = ordered(mirror.children(f"{side.word}acltemplate", domain_id))
        found = [e for t in templates for e in live_entries(mirror, f"{side.word}aclentrytemplate", t)]
        self.entries = [row for rank, entry in enumerate(found) for row in self._entry(entry, rank)]
        self.allows_ip = any(t.get("defaultAllowIP") for t in templates) if templates else allowed
        self._allows_others = any(t.get("defaultAllowNonIP") for t in templates) if templates else allowed
        self._dhcp = any(s.get("enableDHCPv4") is not False for s in subnets_of(mirror, domain_id))

    def defaults(self, *, tracked: bool) -> Iterator[Wanted]:
        """What becomes of the rest. Answers to what a default lets pass come back, as with a stateful entry."""
        if not self.allows_ip:
            yield self._rest("ip", "drop", "ip", DEFAULT_PRIORITY)
            # VRS answers these itself, whatever the policies say.
            yield self._rest("neighbours", "allow-stateless", _NEIGHBOURS, SERVICE_PRIORITY)
            if self._dhcp and self._side.word == "ingress":
                yield self._rest("dhcp", "allow-stateless", _DHCP, SERVICE_PRIORITY)
        elif tracked or not self._allows_others:
            yield self._rest("ip", "allow-related" if tracked else "allow-stateless", "ip", DEFAULT_PRIORITY)
        if not self._allows_others:
            yield self._rest("arp", "allow-stateless", "arp", DEFAULT_PRIORITY)
            # OVN has no word for "not IP", so this is below what is said of IP.
            yield self._rest("other", "drop", "1", LAST_PRIORITY)

    def _entry(self, entry: Entity, rank: int) -> Iterator[Wanted]:
        priority = max(FIRST_PRIORITY - rank, DEFAULT_PRIORITY + 1)
        ends = locations(self._groups, self._domain, entry, self._side.port, self._side.remote)
        for number, (group, terms) in enumerate(ends):
            key = f"{entry['ID']}/{group}/{number}"
            match = " && ".join((*terms, *traffic(entry)))
            yield self._row(key, group, _action(entry), match, priority)

    def _rest(self, what: str, action: str, match: str, priority: int) -> Wanted:
        group = self._groups.of_ports(*self._domain)
        terms = f"{self._side.port} == @{group} && ({match})"
        return self._row(f"{self._domain[1]}/{self._side.word}/{what}", group, action, terms, priority)

    def _row(self, key: str, group: str, action: str, match: str, priority: int) -> Wanted:
        columns = {"priority": priority, "direction": self._side.direction, "match": match, "action": action}
        return Wanted("ACL", key, columns, parent=group)


def _action(entry: Entity) -> str:
    if entry.get("action") == "DROP":
        return "drop"
    return "allow-related" if entry.get("stateful") and ether_type(entry) in (IPV4, IPV6) else "allow-stateless"
