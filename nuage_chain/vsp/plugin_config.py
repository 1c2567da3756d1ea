"""The node's configuration that fits an embedded VSP: `config.yaml` in its state directory."""

from __future__ import annotations

from pathlib import Path

import yaml

from nuage_chain.vsp.access import access_of
from nuage_chain.vsp.layout import BRIDGE, Layout, Settings, write_private


def write(layout: Layout, settings: Settings) -> Path:
    """Writes the file, which names VSD's password file and holds no secret itself, and returns its path."""
    path, access = layout.state / "config.yaml", access_of(layout, settings)
    values = {
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
    write_private(path, yaml.safe_dump(values, sort_keys=False))
    return path
