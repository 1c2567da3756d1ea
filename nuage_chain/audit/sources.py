"""Every source of this node that knows which workloads live."""

from __future__ import annotations

from nuage_chain.attachment.settings import Settings
from nuage_chain.orchestrators.workloads import Source


def of(node: Settings) -> list[Source]:
    """Those that are configured, and those whose usual socket is there."""
    return []
