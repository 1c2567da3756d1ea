"""What a VSD holds before anybody came: the operator's enterprise, its groups and csproot."""

from __future__ import annotations

from collections.abc import Mapping

from nuage_chain.vsp.vsd.auth import CSPROOT, SYSTEM
from nuage_chain.vsp.vsd.entities import Entities
from nuage_chain.vsp.vsd.model import Model
from nuage_chain.vsp.vsd.unit import Rules, Unit

_GROUPS = (("Root Group", "CSPROOT"), ("CMS Group", "CMS"))


def is_seeded(entities: Entities) -> bool:
    """Whether csproot is there."""
    where = "kind = 'user' AND json_extract(body, '$.userName') = ?"
    with entities.store.reading():
        return bool(entities.select(where, (CSPROOT,)))


def seed(entities: Entities, model: Model, rules: Mapping[str, Rules], password: str, now: int) -> None:
    """Make the operator's enterprise and csproot with that password; all or nothing."""
    unit = Unit(entities, model, rules, SYSTEM, now)
    with entities.store.transaction():
        csp = unit.create(model.by_name["enterprise"], None, {"name": "CSP"}, enterpriseType="CSP")
        groups = [
            unit.create(model.by_name["group"], csp, {"name": name, "private": True, "role": role})
            for name, role in _GROUPS
        ]
        user = {"userName": CSPROOT, "password": password, "email": "csproot@CSP.com"}
        root = unit.create(model.by_name["user"], csp, {**user, "firstName": CSPROOT, "lastName": CSPROOT})
        entities.link(groups[0], root)
