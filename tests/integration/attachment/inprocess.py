"""A call of the plugin without a process of its own: its whole way otherwise, and a fifth of the time."""

from __future__ import annotations

import json
from typing import Any

from nuage_chain.attachment.verbs import handlers
from nuage_chain.cni import plugin
from tests.integration.lab import Container, Lab, Plugin


def answer(lab: Lab, verb: str, container: Container | None, entry: dict[str, Any], ifname: str = "eth0") -> Plugin:
    """container: None for the verbs that are about none."""
    environ = lab.environment(verb, container, ifname) if container else {"CNI_COMMAND": verb, "CNI_PATH": "/nowhere"}
    faults: list[BaseException] = []
    reply = plugin.answer(environ, json.dumps(entry).encode(), handlers(), faults.append)
    assert faults == []
    return Plugin(reply.status, reply.stdout, "")
