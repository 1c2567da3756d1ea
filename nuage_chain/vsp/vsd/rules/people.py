"""Enterprises, users, groups and permissions."""

from __future__ import annotations

from nuage_chain.vsp.vsd.auth import CSPROOT
from nuage_chain.vsp.vsd.entities import Entity
from nuage_chain.vsp.vsd.passwords import hash_password
from nuage_chain.vsp.vsd.refusal import Code, conflict
from nuage_chain.vsp.vsd.unit import Request, Unit

GROUPS = (("Administrators", "ORGADMIN"), ("Everybody", "ORGUSER"), ("Network Designer", "ORGNETWORKDESIGNER"))


def make_groups(unit: Unit, enterprise: Entity, request: Request) -> None:
    """The groups that every enterprise starts with."""
    if request.before is None and enterprise.get("enterpriseType") != "CSP":
        for name, role in GROUPS:
            body = {"name": name, "private": role != "ORGUSER", "role": role}
            unit.create(unit.model.by_name["group"], enterprise, body)


def keep_system_enterprise(_unit: Unit, enterprise: Entity) -> None:
    """The operator's enterprise stays."""
    if enterprise.get("enterpriseType") == "CSP":
        raise conflict("", "Not allowed", "A system enterprise cannot be deleted.", Code.SYSTEM_ENTERPRISE)


def empty_enterprise(unit: Unit, enterprise: Entity) -> None:
    """Workloads hang at the root, and go with their enterprise all the same."""
    for kind in ("container", "vm"):
        for workload in unit.entities.under(enterprise.id, kind):
            unit.remove(workload)


def hide_password(unit: Unit, user: Entity, request: Request) -> None:
    """Keep the password out of the object: it can be neither read nor filtered for."""
    password = user.values.pop("password", None)
    if request.before is not None and password is not None:
        _store(unit, user, password)


def keep_password(unit: Unit, user: Entity, request: Request) -> None:
    """Keep a hash of a new user's password."""
    if request.before is None:
        _store(unit, user, str(request.body["password"]))


def keep_system_user(_unit: Unit, user: Entity) -> None:
    """csproot stays, or nobody could log in again."""
    if user.get("userName") == CSPROOT:
        raise conflict("", "Not allowed", "A system user cannot be deleted.", Code.SYSTEM_USER)


def name_group(unit: Unit, permission: Entity, _request: Request) -> None:
    """Repeat the name of the group that is given the permission, which clients of v5_0 call the permitted entity."""
    group_id = permission.get("associatedGroupID") or permission.get("permittedEntityID")
    if group_id is not None:
        group = unit.find("group", group_id)
        permission.values |= {
            "associatedGroupID": group.id,
            "associatedGroupName": group.get("name"),
            "permittedEntityID": group.id,
            "permittedEntityName": group.get("name"),
            "permittedEntityType": group.kind,
        }


def _store(unit: Unit, user: Entity, password: str) -> None:
    unit.entities.store.run("INSERT OR REPLACE INTO secrets VALUES (?, ?)", (user.id, hash_password(password)))
    unit.entities.store.run("DELETE FROM keys WHERE user_id = ?", (user.id,))
