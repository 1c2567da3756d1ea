"""Objects as clients see them: every attribute named, interfaces inside their workload."""

from __future__ import annotations

from typing import Any

from nuage_chain.vsp.vsd.entities import Entities, Entity
from nuage_chain.vsp.vsd.model import Model

_INTERFACES = {"container": "containerinterface", "vm": "vminterface"}


def present(entities: Entities, model: Model, entity: Entity) -> dict[str, Any]:
    """The JSON object of an entity, absent attributes as null."""
    shown = {**model.by_name[entity.kind].blank, **entity.values}
    kind = _INTERFACES.get(entity.kind)
    if kind is not None:
        shown["interfaces"] = [present(entities, model, child) for child in entities.children(entity.id, kind)]
    return shown


def present_me(user: Entity, enterprise: Entity, role: str, key: str, expiry: int) -> dict[str, Any]:
    """What GET /me answers: the user, its enterprise and a fresh API key (expiry in ms since the epoch)."""
    return {
        **user.values,
        "parentID": None,
        "parentType": None,
        "externalID": user.get("externalID"),
        "password": None,
        "mobileNumber": user.get("mobileNumber"),
        "avatarType": user.get("avatarType"),
        "avatarData": user.get("avatarData"),
        "role": role,
        "enterpriseID": enterprise.id,
        "enterpriseName": enterprise.get("name"),
        "APIKey": key,
        "APIKeyExpiry": expiry,
        "flowCollectionEnabled": False,
        "statisticsEnabled": False,
        "elasticSearchAddress": None,
        "statsTSDBServerAddress": None,
        "licenseCapabilities": [],
    }
