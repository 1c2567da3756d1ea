"""What the contract only deduces of the real VSD, as settings: another guess is a setting away.

docs/vsd.md lists them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from nuage_chain.errors import BadConfig

_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _one_of(default: Any, meaning: str, *choices: Any) -> Any:  # noqa: ANN401 - a field of the choices' type
    return field(default=default, metadata={"choices": choices, "meaning": meaning})


def _any(default: Any, meaning: str) -> Any:  # noqa: ANN401 - a field of the default's type
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True)
class Behaviour:
    """One answer to each open question; `meaning` and `choices` are in the fields' metadata."""

    null_clears: bool = _any(True, "null in a PUT clears an attribute; if not it is left alone")
    unknown_attributes: str = _one_of("ignore", "attributes in a body that no resource has", "ignore", "refuse")
    unknown_filter_attributes: str = _one_of(
        "refuse", "attributes in a filter that no resource has", "refuse", "ignore"
    )
    more_operators: bool = _any(True, "LIKE, MATCHES, IN and BETWEEN are part of the filter language")
    expired_key: int = _one_of(
        401, "the answer to an API key that has expired; 419 makes vspk log in by itself", 401, 419
    )
    wrong_organization: int = _one_of(401, "the answer to an enterprise that is not there", 401, 403)
    key_expiry_unit: str = _one_of("ms", "the unit of APIKeyExpiry since the epoch", "ms", "s")
    certificate_user: str = _any("commonName", "the part of a client certificate's subject that names the user")
    certificate_enterprise: str = _any("organizationName", "the part that names the enterprise")
    proxy_order: str = _one_of("user", "what comes first in X-Nuage-ProxyUser, before the @", "user", "enterprise")
    page_size: int = _any(50, "objects of a page where X-Nuage-PageSize is absent")
    largest_page: int = _any(0, "the largest X-Nuage-PageSize that is honoured; 0 honours any")
    empty_list: str = _one_of("nothing", "the body of an empty collection", "nothing", "[]")
    refuse_no_changes: bool = _any(True, "a PUT that changes nothing is refused with code 2039")
    declined: int = _one_of(204, "the answer to responseChoice=0", 204, 200, 409)
    auto_vports_leave: bool = _any(True, "a vPort that VSD made for an interface goes with it")
    match_vport_type: bool = _any(True, "a vPort takes interfaces of its own type only")
    match_network: bool = _any(True, "VPortID and attachedNetworkID together have to name one place")
    hide_csp: bool = _any(True, "the operator's enterprise is not in the list of enterprises")
    keep_referenced: bool = _any(True, "what an ACL entry or a vPort names cannot be deleted")
    zone_permissions: bool = _any(True, "users without a permission on a zone or domain may not attach there")
    grant_events: bool = _any(True, "permissions come and go as GRANT and REVOKE in /events")


DEFAULTS = Behaviour()


def behaviour_of(settings: Iterable[str]) -> Behaviour:
    """The behaviour that `name=value` texts ask for.

    Raises BadConfig.
    """
    known = {row.name: row for row in fields(Behaviour)}
    chosen: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if name not in known or not equals:
            raise BadConfig(f"{setting!r} is no setting of VSD; there are {', '.join(known)}.")
        chosen[name] = _value(name, text, known[name].default, known[name].metadata.get("choices", ()))
    return Behaviour(**chosen)


def _value(name: str, text: str, default: object, choices: tuple[object, ...]) -> object:
    value: object = text
    if isinstance(default, bool):
        value = _TRUTH.get(text.lower())
    elif isinstance(default, int):
        number = int(text) if text.isascii() and text.isdecimal() else -1
        value = None if number < min(default, 1) else number
    if value is None or (choices and value not in choices):
        expected = ", ".join(map(str, choices)) or ("true or false" if isinstance(default, bool) else "a whole number")
        raise BadConfig(f"VSD's setting {name} is {text!r}; it must be {expected}.")
    return value
