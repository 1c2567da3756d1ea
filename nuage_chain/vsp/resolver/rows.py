"""What the rows of the switch's database ask for, and what is written back into them."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any

from nuage_chain.vsp.layout import BRIDGE
from nuage_chain.vsp.ovsdb import Operation, Row, Tables, as_list, encoded_map, encoded_set
from nuage_chain.vsp.resolver.binding import Binding
from nuage_chain.vsp.resolver.life import Life, life_of

LIFE = ("state", "reason", "event")
COLUMNS = {
    "Nuage_VM_Table": ("vm_uuid", "vm_name", "nuage_user", "nuage_enterprise", "metadata", "ports", *LIFE),
    "Nuage_Port_Table": (
        *("name", "mac", "bridge", "nuage_domain", "nuage_zone", "nuage_network", "metadata"),
        *("ip_addr", "subnet_mask", "gateway", "vrf_id", "evpn_id"),
    ),
    "Interface": ("name", "external_ids"),
    "Controller": ("target", "role"),
    "Open_vSwitch": ("external_ids", "other_config"),
}
"""The columns that the resolver monitors."""

RowValues = tuple[str, str, str, int, int]
UNRESOLVED: RowValues = ("", "", "", 0, 0)
INSTALLED = "ovn-installed"


@dataclass(frozen=True)
class Names:
    """Where a port belongs in metadata mode (vsd-rest.md 2.5): names, as the client wrote them."""

    enterprise: str
    user: str
    domain: str
    zone: str
    network: str
    static_ip: str = ""
    policy_groups: tuple[str, ...] = ()
    redirection_targets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Demand:
    """A port that wants to be resolved. names is None in split mode, where VSD knows the container already."""

    port: str
    mac: str
    vm_uuid: str
    vm_name: str
    names: Names | None = None


@dataclass(frozen=True)
class Interface:
    """The switch port behind a row. bound: the vPort it is bound to, or ""; installed: OVN says that it forwards."""

    row_id: str
    bound: str
    installed: bool


@dataclass(frozen=True)
class PortView:
    """A port as the database has it now. values: what its row says of its address; life: of whose port it is."""

    demand: Demand
    row_id: str
    values: RowValues
    interface: Interface | None
    life: Life = field(default_factory=Life)


def port_views(tables: Tables) -> dict[str, PortView]:
    """Every port that a VM row names and whose own row says MAC and our bridge, by its name."""
    ports = {row["name"]: (row_id, row) for row_id, row in tables["Nuage_Port_Table"].items()}
    interfaces = {row["name"]: _interface(row_id, row) for row_id, row in tables["Interface"].items()}
    views = {}
    for vm in tables["Nuage_VM_Table"].values():
        for name in as_list(vm["ports"]):
            row_id, row = ports.get(name, ("", {}))
            if row.get("mac") and row.get("bridge") == BRIDGE and vm["vm_uuid"]:
                views[name] = PortView(_demand(vm, row), row_id, _values(row), interfaces.get(name), life_of(vm))
    return views


def write_back(
    views: Mapping[str, PortView], bindings: Mapping[str, Binding], undecided: Container[str]
) -> list[Operation]:
    """The operations that bind the interfaces and fill the rows, as far as can be done now.

    undecided: ports of which nobody knows yet whether they resolve; they are left as they are.
    """
    operations = []
    for name, view in views.items():
        binding = bindings.get(name)
        if not view.life.forwards:
            operations += _reset(view)
        elif binding is not None and view.interface is not None:
            operations += _bind(view, view.interface, binding)
        elif binding is None and name not in undecided:
            operations += _reset(view)
    return operations


def row_values(binding: Binding) -> RowValues:
    """What VRS writes into the row of a resolved port; it has no column for IPv6 (vrs-ovsdb.md 3.1)."""
    network = binding.network
    if binding.address is None:
        return ("", "", "", network.vrf_id, network.evpn_id)
    return (binding.address, network.netmask or "", network.gateway or "", network.vrf_id, network.evpn_id)


def _bind(view: PortView, interface: Interface, binding: Binding) -> list[Operation]:
    if interface.bound != binding.vport_id:
        return [_set_iface_id(interface.row_id, binding.vport_id)]
    if interface.installed and view.values != row_values(binding):
        return [_set_values(view.row_id, row_values(binding))]
    return []


def _reset(view: PortView) -> list[Operation]:
    operations = [] if view.values == UNRESOLVED else [_set_values(view.row_id, UNRESOLVED)]
    if view.interface is not None and view.interface.bound:
        operations.append(_set_iface_id(view.interface.row_id, None))
    return operations


def _set_values(row_id: str, values: RowValues) -> Operation:
    row = dict(zip(("ip_addr", "subnet_mask", "gateway", "vrf_id", "evpn_id"), values, strict=True))
    return {"op": "update", "table": "Nuage_Port_Table", "where": _is(row_id), "row": row}


def _set_iface_id(row_id: str, vport_id: str | None) -> Operation:
    # ovn-installed of another binding would pass for the sign that this one forwards.
    mutations: list[Any] = [
        ["external_ids", "delete", encoded_set(["iface-id", INSTALLED, f"{INSTALLED}-ts"])],
    ]
    if vport_id is not None:
        mutations.append(["external_ids", "insert", encoded_map({"iface-id": vport_id})])
    return {"op": "mutate", "table": "Interface", "where": _is(row_id), "mutations": mutations}


def _is(row_id: str) -> list[Any]:
    return [["_uuid", "==", ["uuid", row_id]]]


def _interface(row_id: str, row: Row) -> Interface:
    ids = row["external_ids"]
    return Interface(row_id, ids.get("iface-id", ""), ids.get(INSTALLED) == "true")


def _values(row: Row) -> RowValues:
    address = "" if row["ip_addr"] == "0.0.0.0" else row["ip_addr"]  # noqa: S104 - how VRS may write "unresolved"
    return (address, row["subnet_mask"], row["gateway"], row["vrf_id"], row["evpn_id"])


def _demand(vm: Row, port: Row) -> Demand:
    # lower case, as VSD keeps MAC addresses
    split = vm["metadata"].get("nuage-extension") == "true"
    return Demand(port["name"], port["mac"].lower(), vm["vm_uuid"], vm["vm_name"], None if split else _names(vm, port))


def _names(vm: Row, port: Row) -> Names:
    about, of_vm = port["metadata"], vm["metadata"]

    def several(key: str) -> tuple[str, ...]:
        return tuple(filter(None, (part.strip() for part in about.get(key, "").split(","))))

    return Names(
        enterprise=vm["nuage_enterprise"] or of_vm.get("enterprise", ""),
        user=vm["nuage_user"] or of_vm.get("user", "") or of_vm.get("nuage-user", ""),
        domain=about.get("nuage-enterprise-domain") or port["nuage_domain"],
        zone=about.get("nuage-enterprise-zone") or port["nuage_zone"],
        network=about.get("nuage-enterprise-network") or port["nuage_network"],
        static_ip=about.get("static-ip", ""),
        policy_groups=several("nuage-policy-group"),
        redirection_targets=several("nuage-redirection-target"),
    )
