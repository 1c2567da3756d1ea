"""From names to IDs. What a session has found once is not asked for again (vsd/known.py).

A subnet is looked up through its zone, since names of subnets are unique for each zone only (vsd-rest.md 2.4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, NuageChainError
from nuage_chain.vsd.session import Session
from nuage_chain.vsd.values import quoted

SHOWN = 5


@dataclass(frozen=True)
class Subnet:
    """address, netmask, gateway: dotted quads. ipv6_address: a CIDR. Each None where VSD has none."""

    id: str
    name: str
    zone_id: str
    domain_id: str
    enterprise_id: str
    address: str | None = None
    netmask: str | None = None
    gateway: str | None = None
    ipv6_address: str | None = None
    ipv6_gateway: str | None = None

    @property
    def path(self) -> str:
        """Where it is in VSD; its vPorts are at `<path>/vports`."""
        return f"subnets/{self.id}"


def find_subnet(session: Session, enterprise: str, domain: str, zone: str, subnet: str, deadline: Deadline) -> Subnet:
    """The subnet of these four names. Raises BadConfig that says which of them VSD does not have, and what it has."""
    enterprise_id = _id(session, "enterprises", enterprise, "", deadline)
    place = f" in enterprise {enterprise!r}"
    domain_id = _id(session, f"enterprises/{enterprise_id}/domains", domain, place, deadline)
    place = f" in domain {domain!r} of enterprise {enterprise!r}"
    zone_id = _id(session, f"domains/{domain_id}/zones", zone, place, deadline)
    place = f" in zone {zone!r} of domain {domain!r} of enterprise {enterprise!r}"
    found = _find(session, f"zones/{zone_id}/subnets", [subnet], place, deadline)[0]
    return _subnet(found, zone_id, domain_id, enterprise_id)


def find_domain(session: Session, enterprise: str, domain: str, deadline: Deadline) -> str:
    """The ID of the domain of that name in the enterprise. Raises BadConfig as find_subnet does."""
    enterprise_id = _id(session, "enterprises", enterprise, "", deadline)
    return _id(session, f"enterprises/{enterprise_id}/domains", domain, f" in enterprise {enterprise!r}", deadline)


def find_policy_groups(session: Session, domain_id: str, names: Sequence[str], deadline: Deadline) -> list[str]:
    """The IDs of the domain's policy groups of these names, in their order, each once. Raises BadConfig."""
    return _ids(session, f"domains/{domain_id}/policygroups", names, deadline)


def find_redirection_targets(session: Session, domain_id: str, names: Sequence[str], deadline: Deadline) -> list[str]:
    """As find_policy_groups, for redirection targets."""
    return _ids(session, f"domains/{domain_id}/redirectiontargets", names, deadline)


def _id(session: Session, path: str, name: str, place: str, deadline: Deadline) -> str:
    return str(_find(session, path, [name], place, deadline)[0]["ID"])


def _ids(session: Session, path: str, names: Sequence[str], deadline: Deadline) -> list[str]:
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return []
    return [str(entry["ID"]) for entry in _find(session, path, wanted, " in the domain of the subnet", deadline)]


def _find(session: Session, path: str, names: list[str], place: str, deadline: Deadline) -> list[dict[str, Any]]:
    """One object for each name, in at most one request; names are compared here too, for VSD may ignore a filter."""
    found = {name: entry for name in names if (entry := session.known.get(path, name)) is not None}
    missing = [name for name in names if name not in found]
    if missing:
        wanted = " or ".join(f"name == {quoted(name)}" for name in missing)
        listed = session.get(path, deadline, filter=wanted)
        for name in missing:
            entries = [entry for entry in listed if entry.get("name") == name and entry.get("ID")]
            if len(entries) != 1:
                raise _not_one(session, path, name, place, len(entries), deadline)
            session.known.put(path, name, entries[0])
            found[name] = entries[0]
    return [found[name] for name in names]


_KINDS = {
    "enterprises": "enterprise",
    "domains": "domain",
    "zones": "zone",
    "subnets": "subnet",
    "policygroups": "policy group",
    "redirectiontargets": "redirection target",
}


def _not_one(session: Session, path: str, name: str, place: str, number: int, deadline: Deadline) -> BadConfig:
    kind = _KINDS[path.rsplit("/", 1)[-1]]
    if number:
        return BadConfig(f"VSD at {session.access.url} has {number} {kind}s named {name!r}{place}, and one is needed.")
    there = _some_names(session, path, deadline)
    return BadConfig(
        f"VSD at {session.access.url} has no {kind} named {name!r}{place}.",
        hint=f"Correct the name, or create the {kind} in VSD. {there}",
    )


def _some_names(session: Session, path: str, deadline: Deadline) -> str:
    try:
        entries = session.get(path, deadline, at_most=SHOWN + 1)
    except NuageChainError:
        # The message has what is wrong already; this was to be a help only.
        return ""
    names = [str(entry.get("name")) for entry in entries]
    if not names:
        return "There is none yet."
    return f"There is: {', '.join(names[:SHOWN])}{', …' if len(names) > SHOWN else ''}."


def _subnet(found: dict[str, Any], zone_id: str, domain_id: str, enterprise_id: str) -> Subnet:
    return Subnet(
        id=str(found["ID"]),
        name=str(found["name"]),
        zone_id=zone_id,
        domain_id=domain_id,
        enterprise_id=enterprise_id,
        address=found.get("address") or None,
        netmask=found.get("netmask") or None,
        gateway=found.get("gateway") or None,
        ipv6_address=found.get("IPv6Address") or None,
        ipv6_gateway=found.get("IPv6Gateway") or None,
    )
