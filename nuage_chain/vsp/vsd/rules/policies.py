"""ACL entries: what they match and where, held against the objects that they name (contract, section 2.3)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping

from nuage_chain.vsp.vsd.entities import Entity
from nuage_chain.vsp.vsd.refusal import Refusal, conflict, missing
from nuage_chain.vsp.vsd.unit import Request, Unit

# The kind that locationID or networkID names; types that are not here need no ID (ANY, ENDPOINT_ZONE and the like).
_KINDS: Mapping[str, str] = {
    "ZONE": "zone",
    "SUBNET": "subnet",
    "POLICYGROUP": "policygroup",
    "ENTERPRISE_NETWORK": "enterprisenetwork",
    "NETWORK_MACRO_GROUP": "networkmacrogroup",
    "PUBLIC_NETWORK": "publicnetwork",
}
# Of a domain's template an entry names the templates of zones, subnets and policy groups.
_TEMPLATED = frozenset({"zone", "subnet", "policygroup"})
_WITH_PORTS = frozenset({"6", "17", "132"})
_LAST_PRIORITY = "SELECT max(json_extract(body, '$.priority')) FROM objects WHERE parent_id = ? AND kind = ?"


def check_entry(unit: Unit, entry: Entity, request: Request) -> None:
    """An entry says readably what it matches, and names what is there and of the same domain."""
    template = unit.find(str(entry.get("parentType")), str(entry.parent_id))
    if request.before is None:
        _place(unit, entry, template)
    for attribute, is_readable, expected in _READABLE:
        value = entry.get(attribute)
        if value is not None and not is_readable(str(value)):
            raise conflict(attribute, "Invalid input", f"{attribute} is {value!r}; it must be {expected}.")
    _fill_ports(entry)
    for side in ("location", "network"):
        _check_side(unit, entry, template, side)
    if entry.get("statsLoggingEnabled") and entry.get("statsID") is None:
        entry.values["statsID"] = str(uuid.uuid4())


def number_template(unit: Unit, template: Entity, _request: Request) -> None:
    """A template without a priority comes after its siblings."""
    if template.get("priority") is None:
        template.values["priority"] = _next_priority(unit, template)


def _place(unit: Unit, entry: Entity, template: Entity) -> None:
    if template.kind.endswith("acltemplate"):
        entry.values["ACLTemplateName"] = template.get("name")
    domain = template if template.kind.endswith("domain") else unit.entities.get(template.parent_id)
    if domain is not None and domain.kind.endswith("domain"):
        entry.values["domainName"] = domain.get("name")
    enterprise = unit.entities.get(entry.enterprise_id)
    entry.values["enterpriseName"] = enterprise.get("name") if enterprise else None
    if entry.get("priority") is None:
        entry.values["priority"] = _next_priority(unit, entry)


def _next_priority(unit: Unit, entity: Entity) -> int:
    row = unit.entities.store.row(_LAST_PRIORITY, (entity.parent_id, entity.kind))
    return 0 if row is None or row[0] is None else int(row[0]) + 1


def _fill_ports(entry: Entity) -> None:
    ports = ("sourcePort", "destinationPort")
    if entry.get("protocol") in _WITH_PORTS:
        for attribute in ports:
            if entry.get(attribute) is None:
                entry.values[attribute] = "*"
        return
    for attribute in ports:
        if entry.get(attribute) not in {None, "*"}:
            description = f"{attribute} is {entry.get(attribute)!r}, and protocol {entry.get('protocol')} has no ports."
            raise conflict(attribute, "Invalid input", description)


def _check_side(unit: Unit, entry: Entity, template: Entity, side: str) -> None:
    kind = _KINDS.get(str(entry.get(f"{side}Type")))
    prop = f"{side}ID"
    if kind is None:
        if entry.get(f"{side}Type") == "ANY":
            entry.values[prop] = None
        entry.values[f"{side}EntityType"] = None
        return
    if entry.get(prop) is None:
        raise missing(prop)
    owner = str(template.id if template.kind.endswith("domain") else template.parent_id)
    if template.get("parentType") in {"domaintemplate", "l2domaintemplate"} and kind in _TEMPLATED:
        kind += "template"
    target = unit.entities.get(entry.get(prop), kind)
    if target is None or not unit.caller.may_touch(target):
        raise conflict(prop, "Invalid input", f"{prop} is {entry.get(prop)}, and there is no {kind} with that ID.")
    if not _is_near(unit, target, owner, entry):
        raise _elsewhere(prop, target)
    entry.values[f"{side}EntityType"] = kind.upper()


def _is_near(unit: Unit, target: Entity, owner: str, entry: Entity) -> bool:
    if target.kind in {"enterprisenetwork", "networkmacrogroup", "publicnetwork"}:
        return target.enterprise_id in {None, entry.enterprise_id}
    return unit.entities.is_under(target.id, owner)


def _elsewhere(prop: str, target: Entity) -> Refusal:
    description = f"{target.kind} {target.get('name')} is not in the domain or enterprise of this ACL entry."
    return conflict(prop, "Invalid input", description)


def _is_protocol(text: str) -> bool:
    return text.upper() == "ANY" or (text.isdecimal() and int(text) <= 255)


def _is_dscp(text: str) -> bool:
    return text == "*" or (text.isdecimal() and int(text) <= 63)


def _is_ether_type(text: str) -> bool:
    return re.fullmatch(r"0x[0-9A-Fa-f]{1,4}", text) is not None


def _is_ports(text: str) -> bool:
    if text == "*":
        return True
    low, _, high = text.partition("-")
    if not low.isdecimal() or not (high or low).isdecimal() or text.endswith("-"):
        return False
    return int(low) <= int(high or low) <= 65535


def _is_icmp(text: str) -> bool:
    return text == "*" or (text.isdecimal() and int(text) <= 255)


_READABLE: tuple[tuple[str, Callable[[str], bool], str], ...] = (
    ("protocol", _is_protocol, "ANY or a number up to 255"),
    ("DSCP", _is_dscp, "* or a number up to 63"),
    ("etherType", _is_ether_type, "a hexadecimal number such as 0x0800"),
    ("sourcePort", _is_ports, "*, a port or a range of ports such as 80-90"),
    ("destinationPort", _is_ports, "*, a port or a range of ports such as 80-90"),
    ("ICMPType", _is_icmp, "* or a number up to 255"),
    ("ICMPCode", _is_icmp, "* or a number up to 255"),
)
