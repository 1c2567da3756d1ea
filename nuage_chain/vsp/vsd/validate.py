"""What callers send, against the rows of the model: types, enumerations, lengths, mandatory and read-only attributes.

400 is for what cannot be read as the attribute's type, 409 for values that the model forbids (section 1.6).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nuage_chain.vsp.vsd.model import AUDITED, COMMON, Attribute, Resource
from nuage_chain.vsp.vsd.refusal import Refusal, bad_request, conflict, missing

# SQLite gives up on JSON that nests too deep, and then on every query that meets it.
_DEEPEST = 20
_TRUTH = {"true": True, "false": False}
_COMMON_ROWS = {name: Attribute(name, kind) for name, kind in COMMON.items()}


def refuse_unknown(resource: Resource, body: Mapping[str, Any]) -> None:
    """Raises Refusal (400) for attributes that the resource does not have."""
    for name in body:
        if resource.type_of(name) is None:
            raise bad_request(name, f"{resource.entity} has no attribute {name!r}.")


def for_create(resource: Resource, body: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that a new object starts with: null is absent, unknown and read-only ones are left out.

    Raises Refusal.
    """
    values = dict(resource.defaults)
    for name, value in body.items():
        row = _writable(resource, name)
        if row is not None and value is not None and not row.read_only:
            values[name] = checked(row, value)
    for row in resource.attributes.values():
        if row.required and values.get(row.name) in (None, ""):
            raise missing(row.name)
    return values


def for_update(
    resource: Resource, current: Mapping[str, Any], body: Mapping[str, Any], privileged: bool
) -> dict[str, Any]:
    """The attributes that really change; null stands for an attribute to be cleared.

    privileged: read-only attributes are written too (the VSC's hook).
    Raises Refusal.
    """
    changes: dict[str, Any] = {}
    for name, value in body.items():
        row = _writable(resource, name)
        if row is None or _ignored(row, value, privileged):
            continue
        new = None if value is None else checked(row, value)
        if new != current.get(name):
            _may_change(row, new)
            changes[name] = new
    return changes


def _ignored(row: Attribute, value: object, privileged: bool) -> bool:
    if row.name == "password":
        return value is None
    # Interfaces are objects of their own: what a workload shows of them is never stored.
    return row.read_only and (not privileged or row.name == "interfaces")


def _may_change(row: Attribute, new: Any) -> None:  # noqa: ANN401 - a JSON value
    if row.required and new in (None, ""):
        raise missing(row.name)
    if row.create_only and new is not None:
        raise conflict(row.name, "Invalid input", f"{row.name} is set at creation and cannot be changed.", row.code)


def _writable(resource: Resource, name: str) -> Attribute | None:
    if name in AUDITED and name != "embeddedMetadata":
        return None
    return resource.attributes.get(name) or _COMMON_ROWS.get(name)


def checked(row: Attribute, value: Any) -> Any:  # noqa: ANN401 - a JSON value
    """The value as the attribute keeps it.

    Raises Refusal.
    """
    if row.type in {"string", "enum"}:
        return _text(row, value)
    if row.type in {"integer", "number"}:
        return _number(row, value)
    if row.type == "boolean":
        return _boolean(row, value)
    if (row.type == "list" and not isinstance(value, list)) or not _is_shallow(value, _DEEPEST):
        raise _unreadable(row, value)
    return value


def _text(row: Attribute, value: Any) -> str:  # noqa: ANN401 - a JSON value
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise _unreadable(row, value)
    text = str(value)
    # SQLite keeps text as UTF-8 and its JSON functions stop at NUL.
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise _unreadable(row, value)
    if row.enum is not None and text not in row.enum:
        raise bad_request(row.name, f"{row.name} is {text!r}; it must be one of {', '.join(sorted(row.enum))}.")
    if len(text) < row.minlen or (row.maxlen is not None and len(text) > row.maxlen):
        limit = f"{row.minlen} to {row.maxlen}" if row.maxlen is not None else f"at least {row.minlen}"
        raise conflict(row.name, "Invalid input", f"{row.name} has {len(text)} characters; it must have {limit}.")
    return text


def _number(row: Attribute, value: Any) -> int | float:  # noqa: ANN401 - a JSON value
    number = value
    if isinstance(value, str) and value.lstrip("-").isdecimal() and len(value) < 20:
        number = int(value)
    wanted = int if row.type == "integer" else (int, float)
    if isinstance(number, bool) or not isinstance(number, wanted):
        raise _unreadable(row, value)
    if (row.low is not None and number < row.low) or (row.high is not None and number > row.high):
        raise conflict(row.name, "Invalid input", f"{row.name} is {number}; it must be from {row.low} to {row.high}.")
    return number


def _boolean(row: Attribute, value: Any) -> bool:  # noqa: ANN401 - a JSON value
    truth = _TRUTH.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(truth, bool):
        raise _unreadable(row, value)
    return truth


def _is_shallow(value: object, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return all(levels > 0 and _is_shallow(item, levels - 1) for item in inner)


def _unreadable(row: Attribute, value: object) -> Refusal:
    return bad_request(row.name, f"{row.name} must be a {row.type}, not {type(value).__name__}.")
