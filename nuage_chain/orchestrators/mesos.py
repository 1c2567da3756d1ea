"""Mesos hands the labels of a task's NetworkInfo over in the configuration itself: nothing has to be asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def labels(config: Mapping[str, Any]) -> dict[str, Any]:
    """The labels in `args["org.apache.mesos"].network_info.labels` of a network configuration.

    They are a `Labels` message, `{"labels": [{"key": …, "value": …}]}`; its inner list alone is taken as well.
    """
    value: object = config
    for key in ("args", "org.apache.mesos", "network_info", "labels"):
        value = value.get(key) if isinstance(value, Mapping) else None
    if isinstance(value, Mapping):
        value = value.get("labels")
    pairs = value if isinstance(value, list) else []
    return {p["key"]: p.get("value") for p in pairs if isinstance(p, Mapping) and isinstance(p.get("key"), str)}
