"""Which node made an object in VSD: two may have one name, or one `owner`, and neither may clean up the other's."""

from __future__ import annotations

import hashlib
from pathlib import Path

_MACHINE = Path("/etc/machine-id")


def description(hostname: str, state: str, machine: Path = _MACHINE) -> str:
    """The vPort's `description`; empty where the machine has no ID, so that nothing is ever taken for its own.

    state: the node's `stateDir`, which tells apart several nodes on one machine (`nuage-chain vsp up --nodes`).
    """
    try:
        machine_id = machine.read_text().strip()
    except OSError:
        return ""
    if not machine_id:
        return ""
    digest = hashlib.sha256(f"{machine_id}/{hostname}/{state}".encode()).hexdigest()[:16]
    return f"nuage-chain on {hostname}, node {digest}"
