"""The node's configuration that fits an embedded VSP: `config.yaml` in its state directory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from nuage_chain.vsp.access import access_of
from nuage_chain.vsp.layout import BRIDGE, Layout
from nuage_chain.vsp.settings import Settings
from nuage_chain.whole_file import write_whole

UNDERLAY_MTU, GENEVE = 1500, 58
"""What the underlay of nodes that are namespaces carries, and what a tunnel takes of it (docs/mtu.md)."""


def write(layout: Layout, settings: Settings) -> Path:
    """Writes the file, which names VSD's password file and holds no secret itself, and returns its path."""
    path, access = config_file(layout), access_of(layout, settings)
    values: dict[str, Any] = {
        "ovsdb": f"unix:{layout.ovsdb_socket}",
        "bridge": BRIDGE,
        "activation": "split",
        "vsd": {
            "url": access.url,
            "organization": access.organization,
            "user": access.user,
            "passwordFile": str(layout.password_file),
            "ca": str(layout.ca),
        },
    }
    if settings.agent:
        values |= _of_its_own(layout, settings)
    write_whole(path, yaml.safe_dump(values, sort_keys=False).encode())
    return path


def config_file(layout: Layout) -> Path:
    """Where that file is."""
    return layout.state / "config.yaml"


def programs(layout: Layout) -> Path:
    """The folder of the executable that calls the node's own agent."""
    return layout.plugin / "bin"


def cache(layout: Layout) -> Path:
    """Where a runtime on the node keeps its results."""
    return layout.plugin / "cni"


def _of_its_own(layout: Layout, settings: Settings) -> dict[str, Any]:
    """What several nodes on one machine must not share."""
    return {
        # Before a node has its first tunnel, nothing else tells what tunnels carry.
        "mtu": UNDERLAY_MTU - GENEVE,
        "owner": settings.system_id,
        "stateDir": str(layout.plugin),
        "runDir": str(layout.plugin / "run"),
        "cniCache": str(cache(layout)),
    }
