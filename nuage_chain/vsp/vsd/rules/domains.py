"""Domains, their templates and their policy groups."""

from __future__ import annotations

from nuage_chain.vsp.vsd.entities import Entity
from nuage_chain.vsp.vsd.permissions import check_instance
from nuage_chain.vsp.vsd.refusal import Code, conflict
from nuage_chain.vsp.vsd.unit import Request, Unit


def check_template(unit: Unit, domain: Entity, request: Request) -> None:
    """A domain is an instance of a template of its own enterprise."""
    if request.before is not None:
        return
    template = unit.find("domaintemplate", domain.values["templateID"])
    if template.parent_id != domain.parent_id:
        raise conflict("templateID", "Invalid input", f"Domain template {template.id} is of another enterprise.")
    check_instance(unit.entities, unit.caller, unit.behaviour, template)


def release_instances(unit: Unit, template: Entity) -> None:
    """Instances outlive their template, and no longer name it."""
    for domain in unit.entities.under(template.id, template.kind.removesuffix("template")):
        if domain.get("templateID") == template.id and domain.id not in unit.removing:
            domain.values["templateID"] = None
            unit.save(domain)


def number_group(unit: Unit, group: Entity, request: Request) -> None:
    """A policy group has a number of its own, 1 to 4095, within its domain."""
    if request.before is None and group.get("policyGroupID") is None:
        taken = {other.get("policyGroupID") for other in unit.entities.children(str(group.parent_id), "policygroup")}
        free = next((number for number in range(1, 4096) if number not in taken), None)
        if free is None:
            raise conflict("policyGroupID", "Too many policy groups", "All 4095 policy group numbers are in use.")
        group.values["policyGroupID"] = free


def keep_used_group(unit: Unit, group: Entity) -> None:
    """A policy group that a vPort is in cannot go."""
    if unit.entities.linked(group.id, "vport"):
        raise conflict(
            "",
            "Policy group in use",
            f"Policy Group {group.get('name')} cannot be deleted as it is attached to VPort",
            Code.POLICY_GROUP_IN_USE,
        )
