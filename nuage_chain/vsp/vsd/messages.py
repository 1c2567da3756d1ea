"""A request and an answer of the API, free of sockets."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from nuage_chain.vsp.vsd.refusal import bad_request

_JSON = "application/json"


@dataclass(frozen=True)
class Call:
    """What came in: header names in lower case; `certificate`: the subject of a verified one of a client."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    certificate: Mapping[str, str] | None = None

    def parameters(self, name: str) -> list[str]:
        """All values of a query parameter."""
        return parse_qs(self.query).get(name, [])

    def json(self) -> Any:  # noqa: ANN401 - a JSON value
        """The body, None where it is empty.

        Raises Refusal (400).
        """
        if not self.body.strip():
            return None
        try:
            return json.loads(self.body, parse_constant=_no_constant, parse_float=_finite)
        except (ValueError, RecursionError) as error:
            raise bad_request("", f"The body is not JSON: {error}") from None

    def object(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises Refusal (400).
        """
        found = self.json()
        if not isinstance(found, dict):
            raise bad_request("", "The body must be a JSON object.")
        return found


@dataclass(frozen=True)
class Answer:
    """What goes out; an empty body stays empty."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(status: int, value: object, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer with a JSON body."""
    body = json.dumps(value, separators=(",", ":")).encode()
    return Answer(status, body, {"Content-Type": _JSON, **(headers or {})})


def _finite(text: str) -> float:
    # 1e999 would be kept as Infinity, which is no JSON: SQLite could not read the object again.
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large a number")
    return number


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON number")
