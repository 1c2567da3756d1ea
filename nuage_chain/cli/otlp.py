"""Traces for a collector, as OTLP over HTTP with JSON (OpenTelemetry Protocol 1.x, `/v1/traces`).

It is a command of its own that reads what calls have left, so that no call ever waits for a collector.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

import requests

from nuage_chain import __version__
from nuage_chain.errors import TryAgainLater

_SECONDS = 10
_BATCH = 100
# W3C Trace Context: version, trace ID, parent span ID, flags.
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_ERROR, _OK, _INTERNAL = 2, 1, 1


def export(lines: Sequence[dict[str, Any]], url: str) -> int:
    """Sends all calls and returns their number. Raises TryAgainLater where the collector does not take them."""
    for start in range(0, len(lines), _BATCH):
        spans = [span for line in lines[start : start + _BATCH] for span in spans_of(line)]
        _send(url, spans)
    return len(lines)


def spans_of(line: dict[str, Any]) -> list[dict[str, Any]]:
    """The call as one span with a child for each of its own. The same call gets the same IDs each time."""
    seed = f"{line['time']}/{line['container']}/{line['ifname']}/{line['verb']}/{line.get('call', '')}"
    parent = _TRACEPARENT.fullmatch(str(line.get("traceparent", "")))
    trace_id = parent[1] if parent else hashlib.sha256(seed.encode()).hexdigest()[:32]
    root = _id(seed)
    whole = {
        "traceId": trace_id, "spanId": root, **({"parentSpanId": parent[2]} if parent else {}),
        "name": f"CNI {line['verb']}", "kind": _INTERNAL,
        **_times(line["time"], 0.0, line["ms"]),
        "attributes": [_attribute(k, line[k]) for k in ("network", "container", "ifname", "pod", "way") if k in line],
        "status": {"code": _OK} if line["result"] == "ok" else {"code": _ERROR, "message": line.get("error", "")},
    }  # fmt: skip
    children = [
        {
            "traceId": trace_id, "spanId": _id(f"{seed}/{number}"), "parentSpanId": root, "name": f"{kind} {name}",
            "kind": _INTERNAL, **_times(line["time"], start, ms), "status": {"code": _ERROR if failed else _OK},
        }
        for number, (kind, name, start, ms, *failed) in enumerate(line["spans"])
    ]  # fmt: skip
    return [whole, *children]


def _send(url: str, spans: Sequence[dict[str, Any]]) -> None:
    resource = {"attributes": [_attribute("service.name", "nuage-chain"), _attribute("service.version", __version__)]}
    body = {
        "resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "nuage-chain"}, "spans": spans}]}]
    }
    try:
        answer = requests.post(f"{url.rstrip('/')}/v1/traces", json=body, timeout=_SECONDS)
        answer.raise_for_status()
    except requests.RequestException as e:
        raise TryAgainLater(f"The collector at {url} did not take the traces: {e}.") from e


def _times(began: float, start: float, ms: float) -> dict[str, str]:
    first = int(began * 1e9 + start * 1e6)
    return {"startTimeUnixNano": str(first), "endTimeUnixNano": str(first + int(ms * 1e6))}


def _attribute(key: str, value: object) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": str(value)}}


def _id(seed: str) -> str:
    return hashlib.sha256(seed.encode()).hexdigest()[:16]
