"""Things that several tests of this folder need one of."""

from __future__ import annotations

from typing import Any

from nuage_chain.attachment.record import Record


def a_record(**changes: Any) -> Record:
    """An ADD under way."""
    return Record(
        **{
            "verb": "ADD", "container_id": "c1", "ifname": "eth0", "network": "nuage", "uuid": "ab" * 32,
            "name": "web", "external_id": "c1@node1", "vport_external_id": "c1/eth0@node1", "since": 1.0,
            **changes,
        }
    )  # fmt: skip
