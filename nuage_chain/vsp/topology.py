"""Seed a VSD: enterprises with their domains, zones and subnets, from a dict of the shape a YAML file has.

    enterprises:
      - name: Acme
        domains:
          - name: Shop
            policy_groups: [web]
            redirection_targets: [balancer]
            zones:
              - name: front
                subnets:
                  - {name: web, cidr: 10.10.1.0/24}

A subnet may have `gateway`, `cidr6` and `gateway6` as well; one with `cidr6` alone has no IPv4.
What exists by name is kept as it is.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig
from nuage_chain.vsd.session import Session
from nuage_chain.vsd.values import quoted

Made = list[str]
Thing = Mapping[str, Any]

DEMO: dict[str, Any] = {
    "enterprises": [
        {
            "name": "Acme",
            "domains": [
                {
                    "name": "Shop",
                    "policy_groups": ["web", "db"],
                    "redirection_targets": ["balancer"],
                    "zones": [
                        {
                            "name": "front",
                            "subnets": [
                                {"name": "web", "cidr": "10.10.1.0/24"},
                                {"name": "api", "cidr": "10.10.2.0/24"},
                            ],
                        },
                        {"name": "back", "subnets": [{"name": "db", "cidr": "10.10.3.0/24"}]},
                    ],
                },
                {
                    # the addresses of Shop's web on purpose: domains do not see each other
                    "name": "Lab",
                    "zones": [{"name": "bench", "subnets": [{"name": "web", "cidr": "10.10.1.0/24"}]}],
                },
            ],
        }
    ]
}
"""What the demo works on."""

ACL = {"active": True, "defaultAllowIP": True, "defaultAllowNonIP": True, "priority": 1000000000}

_KEYS: dict[str, set[str]] = {
    "topology": {"enterprises"},
    "enterprise": {"name", "domains"},
    "domain": {"name", "policy_groups", "redirection_targets", "zones"},
    "zone": {"name", "subnets"},
    "subnet": {"name", "cidr", "gateway", "cidr6", "gateway6"},
}


def seed(session: Session, topology: Thing, deadline: Deadline) -> Made:
    """Make what VSD does not have of `topology` yet; the paths of names that were made, as `Acme/Shop/front`.

    Raises BadConfig for a topology that is wrong, before anything is made, and what the session raises.
    """
    check(topology)
    made: Made = []
    for enterprise in topology.get("enterprises") or ():
        enterprise_id = _ensure(
            session, "enterprises", {"name": enterprise["name"]}, enterprise["name"], made, deadline
        )
        for domain in enterprise.get("domains") or ():
            _seed_domain(session, enterprise_id, domain, f"{enterprise['name']}/{domain['name']}", made, deadline)
    return made


def check(topology: Thing) -> None:
    """Raises BadConfig that names the place of the first thing that is wrong."""
    _keys(topology, "topology", "topology")
    for enterprise, at in _things(topology, "enterprises", "enterprise", ""):
        for domain, at_domain in _things(enterprise, "domains", "domain", at):
            for key in ("policy_groups", "redirection_targets"):
                names = domain.get(key) or []
                if not isinstance(names, list) or not all(isinstance(n, str) and n for n in names):
                    raise BadConfig(f"{at_domain}.{key} has to be a list of names.")
            for zone, at_zone in _things(domain, "zones", "zone", at_domain):
                for subnet, at_subnet in _things(zone, "subnets", "subnet", at_zone):
                    subnet_body(subnet, at_subnet)


def subnet_body(subnet: Thing, at: str) -> dict[str, str]:
    """The attributes of a subnet in VSD. Raises BadConfig that names the place `at`."""
    if not subnet.get("cidr") and not subnet.get("cidr6"):
        raise BadConfig(f"{at} has no cidr.")
    body = {"name": subnet["name"], "IPType": "IPV4"}
    try:
        if subnet.get("cidr"):
            v4 = ipaddress.IPv4Network(subnet["cidr"])
            body |= {"address": str(v4.network_address), "netmask": str(v4.netmask)}
            body["gateway"] = _inside(v4, ipaddress.IPv4Address(subnet.get("gateway") or v4[1]), at)
        if subnet.get("cidr6"):
            v6 = ipaddress.IPv6Network(subnet["cidr6"])
            body |= {"IPType": "DUALSTACK" if subnet.get("cidr") else "IPV6", "IPv6Address": str(v6)}
            body["IPv6Gateway"] = _inside(v6, ipaddress.IPv6Address(subnet.get("gateway6") or v6[1]), at)
    except (ValueError, IndexError) as e:
        raise BadConfig(f"{at} has an address that cannot be used: {e}.") from e
    return body


def _inside(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network,
    gateway: ipaddress.IPv4Address | ipaddress.IPv6Address,
    at: str,
) -> str:
    if gateway not in network:
        raise BadConfig(f"{at} has a gateway outside of its addresses.")
    return str(gateway)


def _seed_domain(session: Session, enterprise_id: str, domain: Thing, at: str, made: Made, deadline: Deadline) -> None:
    def ensure(path: str, body: Thing, name: str) -> str:
        return _ensure(session, path, body, name, made, deadline)

    template = ensure(f"enterprises/{enterprise_id}/domaintemplates", {"name": domain["name"]}, f"{at} (template)")
    body = {"name": domain["name"], "templateID": template}
    domain_id = ensure(f"enterprises/{enterprise_id}/domains", body, at)
    for direction in ("ingress", "egress"):
        path = f"domains/{domain_id}/{direction}acltemplates"
        ensure(path, {"name": "allow-all", **ACL}, f"{at}/allow-all ({direction})")
    for name in domain.get("policy_groups") or ():
        ensure(f"domains/{domain_id}/policygroups", {"name": name, "type": "SOFTWARE"}, f"{at}/{name} (policy group)")
    for name in domain.get("redirection_targets") or ():
        target = {"name": name, "endPointType": "L3", "redundancyEnabled": False}
        ensure(f"domains/{domain_id}/redirectiontargets", target, f"{at}/{name} (redirection target)")
    for zone in domain.get("zones") or ():
        at_zone = f"{at}/{zone['name']}"
        zone_id = ensure(f"domains/{domain_id}/zones", {"name": zone["name"]}, at_zone)
        for subnet in zone.get("subnets") or ():
            at_subnet = f"{at_zone}/{subnet['name']}"
            ensure(f"zones/{zone_id}/subnets", subnet_body(subnet, at_subnet), at_subnet)


def _ensure(session: Session, path: str, body: Thing, at: str, made: Made, deadline: Deadline) -> str:
    for entry in session.get(path, deadline, filter=f"name == {quoted(body['name'])}"):
        if entry.get("name") == body["name"]:
            return str(entry["ID"])
    created = session.create(path, body, deadline)
    made.append(at)
    return str(created["ID"])


def _things(parent: Thing, key: str, kind: str, at: str) -> Iterator[tuple[Thing, str]]:
    listed = parent.get(key)
    if listed is not None and not isinstance(listed, list):
        raise BadConfig(f"{at + '.' if at else ''}{key} has to be a list.")
    for number, thing in enumerate(listed or ()):
        here = f"{at + '.' if at else ''}{key}[{number}]"
        _keys(thing, kind, here)
        if not isinstance(thing.get("name"), str) or not thing["name"]:
            raise BadConfig(f"{here} has no name.")
        yield thing, here


def _keys(thing: object, kind: str, at: str) -> None:
    if not isinstance(thing, Mapping):
        raise BadConfig(f"{at} has to be a mapping with {', '.join(sorted(_KEYS[kind]))}.")
    if unknown := set(map(str, thing)) - _KEYS[kind]:
        raise BadConfig(
            f"{at} has the unknown key {sorted(unknown)[0]!r}; a {kind} has {', '.join(sorted(_KEYS[kind]))}."
        )
