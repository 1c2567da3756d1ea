"""Sets that ACLs name: port groups, for the vPorts of a place, and address sets, for the addresses of one.

A policy group is a port group always; a zone, subnet or domain when an ACL names it, and macros are address sets then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nuage_chain.vsp.engine.mirror import Entity, Mirror
from nuage_chain.vsp.engine.objects import Wanted
from nuage_chain.vsp.engine.plans import group_name, prefixes, subnets_of, vports_of

_LETTERS = {"policygroup": "pg", "zone": "zone", "subnet": "subnet", "domain": "domain", "l2domain": "domain"}


class Groups:
    """The sets of one domain; those that were asked for are made."""

    def __init__(self, mirror: Mirror, domain_id: str) -> None:
        self._mirror, self._domain = mirror, domain_id
        self._ports: dict[str, tuple[str, str]] = {}
        self._addresses: dict[str, list[str]] = {}
        for group in mirror.children("policygroup", domain_id):
            self.of_ports("policygroup", group["ID"])

    def of_ports(self, kind: str, vsd_id: str) -> str:
        """The name of the port group of a domain, zone, subnet or policy group."""
        name = group_name(_LETTERS[kind], vsd_id)
        self._ports[name] = kind, vsd_id
        return name

    def of_addresses(self, kind: str, vsd_id: str, version: int) -> str:
        """The name of the set of the addresses of a place, macro or group of macros; version: 4 or 6."""
        if kind == "policygroup":
            return f"{self.of_ports(kind, vsd_id)}_ip{version}"  # which OVN keeps itself
        # Of each domain its own: what one domain is made of goes with it.
        name = f"{group_name('set', vsd_id)}_{self._domain.replace('-', '')}_ip{version}"
        colon = version == 6
        self._addresses[name] = [p for p in prefixes(self._networks(kind, vsd_id)) if (":" in p) == colon]
        return name

    def zone_of(self, subnet_id: str) -> str | None:
        """The zone of a subnet."""
        subnet = self._mirror.get("subnet", subnet_id)
        return None if subnet is None else str(subnet["parentID"])

    def places(self, kind: str, here: tuple[str, str]) -> list[tuple[str, str]]:
        """The zones, or subnets, that the vPorts of `here` may be in; kind: "zone" or "subnet"."""
        if here[0] == kind:
            return [here]
        if (kind, here[0]) == ("zone", "subnet"):
            return [("zone", self.zone_of(here[1]) or "")]
        zone = here[1] if here[0] == "zone" else None
        subnets = [s for s in subnets_of(self._mirror, self._domain) if zone in (None, s["parentID"])]
        if kind == "subnet":
            return [("subnet", s["ID"]) for s in subnets]
        return [("zone", z["ID"]) for z in self._mirror.children("zone", self._domain)]

    def rows(self) -> Iterator[Wanted]:
        """The port groups and address sets that were asked for."""
        members = self._members()
        for name, (kind, vsd_id) in self._ports.items():
            ports = frozenset(("Logical_Switch_Port", vport) for vport in members.get((kind, vsd_id), ()))
            found = self._mirror.get(kind, vsd_id) or {}
            yield Wanted("Port_Group", name, {}, {"ports": ports}, name=str(found.get("name", "")))
        for name, addresses in self._addresses.items():
            yield Wanted("Address_Set", name, {"addresses": addresses})

    def _members(self) -> dict[tuple[str, str], list[str]]:
        members: dict[tuple[str, str], list[str]] = {}
        for vport in vports_of(self._mirror, self._domain):
            for place in self._places(vport):
                members.setdefault(place, []).append(vport["ID"])
        return members

    def _places(self, vport: Entity) -> Iterator[tuple[str, str]]:
        yield "domain", self._domain
        yield "l2domain", self._domain
        yield "subnet", vport["parentID"]
        yield "zone", self.zone_of(vport["parentID"]) or ""
        for group in self._mirror.member_ids(vport["ID"], "policygroup"):
            yield "policygroup", group

    def _networks(self, kind: str, vsd_id: str) -> Iterable[Entity]:
        if kind in ("domain", "l2domain"):
            return subnets_of(self._mirror, self._domain)
        if kind == "zone":
            return self._mirror.children("subnet", vsd_id)
        if kind == "networkmacrogroup":
            ids: Iterable[str] = self._mirror.member_ids(vsd_id, "enterprisenetwork")
            return [n for i in ids if (n := self._mirror.get("enterprisenetwork", i))]
        found = self._mirror.get(kind, vsd_id)
        return [] if found is None else [found]
