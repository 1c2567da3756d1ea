"""The OVSDB files: upstream's schemas, and the switch's with the two tables that VRS adds.

Columns as in shared/contracts/vrs-ovsdb.md, section 3.1.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nuage_chain.deadline import Deadline
from nuage_chain.errors import IOFailure, NotAvailable
from nuage_chain.vsp.layout import Layout
from nuage_chain.vsp.settings import Settings

SWITCH_SCHEMA = Path("/usr/share/openvswitch/vswitch.ovsschema")
NB_SCHEMA = Path("/usr/share/ovn/ovn-nb.ovsschema")
SB_SCHEMA = Path("/usr/share/ovn/ovn-sb.ovsschema")

_STRING: dict[str, Any] = {"type": "string"}
_INTEGER: dict[str, Any] = {"type": "integer"}
_MAP: dict[str, Any] = {"type": {"key": "string", "value": "string", "min": 0, "max": "unlimited"}}
_SET: dict[str, Any] = {"type": {"key": "string", "min": 0, "max": "unlimited"}}

_PORT_STRINGS = (
    "name mac bridge alias nuage_domain nuage_network nuage_zone nuage_network_type ip_addr subnet_mask gateway"
)
_VM_STRINGS = "vm_uuid vm_name nuage_user nuage_enterprise"
_VM_INTEGERS = "type domain event event_type state reason dirty"

NUAGE_TABLES: dict[str, dict[str, Any]] = {
    "Nuage_Port_Table": {
        "columns": dict.fromkeys(_PORT_STRINGS.split(), _STRING)
        | dict.fromkeys(("vm_domain", "vrf_id", "evpn_id", "dirty"), _INTEGER)
        | {"metadata": _MAP},
        "isRoot": True,
        "indexes": [["name"]],
    },
    "Nuage_VM_Table": {
        "columns": dict.fromkeys(_VM_STRINGS.split(), _STRING)
        | dict.fromkeys(_VM_INTEGERS.split(), _INTEGER)
        | {"metadata": _MAP, "ports": _SET},
        "isRoot": True,
        "indexes": [["vm_uuid"]],
    },
}


def extended_schema(upstream: str) -> str:
    """The text of upstream's `vswitch.ovsschema` with the Nuage tables added and its checksum dropped."""
    schema = json.loads(upstream)
    schema.pop("cksum", None)
    schema["tables"].update(NUAGE_TABLES)
    return json.dumps(schema)


def create_databases(layout: Layout, settings: Settings, environment: Mapping[str, str], deadline: Deadline) -> None:
    """Make the OVSDB files that are missing. What is there is kept: it says which containers are attached.

    Raises IOFailure when a schema cannot be read, NotAvailable when ovsdb-tool is missing or refuses.
    """
    wanted = {"conf": _switch_schema(layout)} if settings.switch else {}
    if settings.controller:
        wanted |= {"ovnnb": NB_SCHEMA, "ovnsb": SB_SCHEMA}
    for name, source in wanted.items():
        path = layout.db / f"{name}.db"
        if not path.exists():
            run_tool(["ovsdb-tool", "create", str(path), str(source)], environment, deadline)


def _switch_schema(layout: Layout) -> Path:
    schema = layout.db / "vrs.ovsschema"
    try:
        schema.write_text(extended_schema(SWITCH_SCHEMA.read_text(encoding="utf-8")), encoding="utf-8")
    except OSError as e:
        raise IOFailure(
            f"The schema of Open vSwitch cannot be prepared: {e}.", hint="Install openvswitch-switch and ovn-host."
        ) from e
    return schema


def run_tool(argv: list[str], environment: Mapping[str, str], deadline: Deadline) -> str:
    """What a command-line tool of Open vSwitch or OVN prints. Raises NotAvailable with the tool's own words."""
    try:
        done = subprocess.run(
            argv, env=dict(environment), capture_output=True, text=True, timeout=deadline.left(argv[0]), check=False
        )
    except FileNotFoundError as e:
        raise NotAvailable(
            f"{argv[0]} is not installed.", hint="Install openvswitch-switch, ovn-host and ovn-central."
        ) from e
    except subprocess.TimeoutExpired as e:
        raise NotAvailable(f"{argv[0]} did not end in time.") from e
    if done.returncode != 0:
        raise NotAvailable(f"`{' '.join(argv)}` failed: {done.stderr.strip() or done.returncode}")
    return done.stdout
