"""Which roles may write what, as a table; what is not in it any user of the enterprise may write."""

from __future__ import annotations

from collections.abc import Mapping

from nuage_chain.vsp.vsd.auth import Caller
from nuage_chain.vsp.vsd.model import Resource
from nuage_chain.vsp.vsd.refusal import forbidden

_OPERATORS = frozenset({"CSPROOT", "CMS"})
_ADMINISTRATORS = _OPERATORS | {"ORGADMIN"}
_WRITERS: Mapping[str, frozenset[str]] = {
    "enterprise": _OPERATORS,
    "enterpriseprofile": _OPERATORS,
    "sharednetworkresource": _OPERATORS,
    "user": _ADMINISTRATORS,
    "group": _ADMINISTRATORS,
    "permission": _ADMINISTRATORS,
}


def check_write(caller: Caller, resource: Resource, method: str, object_id: str | None) -> None:
    """Raises Refusal (403) where the caller's role is not enough; users may change themselves."""
    writers = _WRITERS.get(resource.name)
    if writers is None or caller.role in writers:
        return
    if resource.name == "user" and method == "PUT" and object_id == caller.user.id:
        return
    raise forbidden(f"The role {caller.role} of {caller.name()} does not allow {method} of a {resource.name}.")
