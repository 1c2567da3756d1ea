"""What VSD says instead of doing as asked, with the codes that its clients know (contract vsd-rest.md, section 1.6)."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from nuage_chain.errors import NuageChainError


class Code(IntEnum):
    """`internalErrorCode` values that shipping clients compare with."""

    SYSTEM_ENTERPRISE = 2010
    SYSTEM_USER = 2013
    NO_CHANGES = 2039
    OVERLAPPING_SUBNET = 2504
    DUPLICATE = 2510
    SUBNET_FULL = 2702
    ADDRESS_IN_USE = 2704
    UUID_IN_USE = 2748
    NULL_VALUE = 5001
    INTERFACE_EXISTS = 7006
    VPORT_ATTACHED = 7010
    POLICY_GROUP_IN_USE = 7097
    NOT_IN_DOMAIN = 7309


class Refusal(NuageChainError):
    """An answer that is not a success: HTTP `status` plus the error body of section 1.6."""

    hint = "The description says what VSD needs."

    def __init__(self, status: int, prop: str, title: str, description: str, code: int | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.prop = prop
        self.title = title
        self.internal_code = code

    def body(self) -> dict[str, Any]:
        """The JSON object that clients read `errors[0].descriptions[0]` and `internalErrorCode` from."""
        body: dict[str, Any] = {
            "errors": [
                {"property": self.prop, "descriptions": [{"title": self.title, "description": self.message}]},
            ],
        }
        if self.internal_code is not None:
            body["internalErrorCode"] = int(self.internal_code)
        if self.status == 404:
            body |= {"title": self.title, "description": self.message}
        return body


class Question(Refusal):
    """300: VSD wants a `responseChoice` before it goes on."""

    def __init__(self, title: str, description: str) -> None:
        super().__init__(300, "", title, description)

    def body(self) -> dict[str, Any]:
        """The error body with the choices that a client repeats its request with."""
        return {"choices": [{"id": 1, "label": "OK"}, {"id": 0, "label": "Cancel"}], **super().body()}


def bad_request(prop: str, description: str) -> Refusal:
    """400: what was sent cannot be read."""
    return Refusal(400, prop, "Bad request", description)


def unauthorized() -> Refusal:
    """401: one text for every cause, so that nobody learns which half was wrong."""
    return Refusal(401, "", "Authentication failed", "User, password, API key or organization is wrong or expired.")


def expired() -> Refusal:
    """419: the API key was good once; vspk logs in again by itself."""
    return Refusal(419, "", "Authentication expired", "The API key has expired: GET /me for another one.")


def forbidden(description: str) -> Refusal:
    """403: the caller's role does not allow it."""
    return Refusal(403, "", "Permission denied", description)


def not_found(kind: str, name: str) -> Refusal:
    """404: no object of that kind has that ID."""
    return Refusal(404, "", f"{kind} not found", f"Cannot find {kind} with ID {name}")


def no_resource(path: str) -> Refusal:
    """404: the path names no resource."""
    return Refusal(404, "", "Resource not found", f"There is no resource at {path}")


def not_allowed(method: str, path: str) -> Refusal:
    """405: the resource is there, the verb is not."""
    return Refusal(405, "", "Method not allowed", f"{method} is not allowed on {path}")


def conflict(prop: str, title: str, description: str, code: int | None = None) -> Refusal:
    """409: against a rule of the model."""
    return Refusal(409, prop, title, description, code)


def missing(prop: str) -> Refusal:
    """409/5001: a mandatory attribute is null or absent."""
    return conflict(prop, "Invalid input", f"This value cannot be null: {prop}", Code.NULL_VALUE)
