"""What VSD's answers say: lists of objects, counts, and the several shapes of an error (vsd-rest.md 1.4, 1.6)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from nuage_chain.errors import VsdRefused, VsdReplyLost
from nuage_chain.exchange import Reply

LONGEST_DESCRIPTION = 400


def objects(reply: Reply, what: str) -> list[dict[str, Any]]:
    """The list of objects in a successful reply; an empty body and 204 both mean none.

    what: the request, for the message. Raises VsdReplyLost where the body is something else.
    """
    if not reply.content.strip():
        return []
    body = _json(reply)
    if not isinstance(body, list) or not all(isinstance(entry, dict) for entry in body):
        kind = reply.headers.get("Content-Type", "no content type")
        raise VsdReplyLost(
            f"{what} was answered with something that is not VSD's JSON ({kind}, {len(reply.content)} bytes).",
            hint="Check that vsd.url names VSD itself and not another web server before it.",
        )
    return body


def count(reply: Reply) -> int | None:
    """The number of objects that match in all, from `X-Nuage-Count`; None where it is not given."""
    text = reply.headers.get("X-Nuage-Count", "").strip()
    return int(text) if text.isdecimal() else None


def internal_code(reply: Reply) -> int | None:
    """VSD's `internalErrorCode`, sent as a number or as a string of digits."""
    body = _json(reply)
    code = body.get("internalErrorCode") if isinstance(body, dict) else None
    return int(str(code)) if str(code).isdecimal() else None


def refusal(reply: Reply, what: str) -> VsdRefused:
    """The error for a reply that is not a success."""
    code = internal_code(reply)
    shown = f"{reply.status}" if code is None else f"{reply.status}/{code}"
    return VsdRefused(f"VSD refused {what} with {shown}: {description(reply)}", status=reply.status, internal_code=code)


def description(reply: Reply) -> str:
    """VSD's own words in one line, the HTTP reason where it gave none."""
    body = _json(reply)
    words = _words(body) if isinstance(body, dict) else []
    text = " ".join(" ".join(words).split())
    return text[:LONGEST_DESCRIPTION] or reply.reason or "no explanation"


def agrees(found: Any, sent: Any) -> bool:  # noqa: ANN401 - anything that JSON can be
    """Whether an object in VSD is as it was sent: VSD adds attributes, and may change the case of a MAC."""
    if isinstance(sent, Mapping):
        # An IPv6 address has several spellings, with and without its prefix; the vPort tells enough.
        told = {name: value for name, value in sent.items() if name != "IPv6Address"}
        return isinstance(found, Mapping) and all(agrees(found.get(name), value) for name, value in told.items())
    if isinstance(sent, list):
        return isinstance(found, list) and all(any(agrees(one, entry) for one in found) for entry in sent)
    return str(found).lower() == str(sent).lower()


def _json(reply: Reply) -> Any:  # noqa: ANN401 - anything that JSON can be
    try:
        return json.loads(reply.content)
    except ValueError:
        return None


def _words(body: dict[str, Any]) -> list[str]:
    errors = body.get("errors")
    if isinstance(errors, str):
        return [errors]
    entries = [entry for entry in errors if isinstance(entry, dict)] if isinstance(errors, list) else []
    words = [_said(one, entry.get("property")) for entry in entries for one in _descriptions(entry)]
    return [word for word in words if word] or [_said(body, None)]


def _descriptions(entry: dict[str, Any]) -> list[dict[str, Any]]:
    given = entry.get("descriptions")
    return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []


def _said(one: dict[str, Any], about: object) -> str:
    text = str(one.get("description") or one.get("title") or "")
    return f"{about}: {text}" if about and text else text
