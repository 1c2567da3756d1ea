from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from nuage_chain.vsp.resolver.binding import Binding, Network
from nuage_chain.vsp.resolver.rows import Names, port_views, row_values, write_back

UUID = "ab" * 32
NETWORK = Network("s1", "255.255.255.0", "10.10.1.1", 20001, 20002)
BINDING = Binding("nu1", UUID, "7a:42:00:00:00:01", "vp1", "c1", "i1", "10.10.1.2", NETWORK)
SET = [["external_ids", "delete", ["set", ["iface-id", "ovn-installed", "ovn-installed-ts"]]]]


def vm_row(**changed: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "vm_uuid": UUID,
        "vm_name": "web-1",
        "nuage_user": "",
        "nuage_enterprise": "",
        "ports": "nu1",
    }
    row |= {"state": 1, "reason": 1, "event": 2}
    return {**row, "metadata": {"enterprise": "", "nuage-extension": "true"}, **changed}


def port_row(**changed: Any) -> dict[str, Any]:
    texts = dict.fromkeys(("nuage_domain", "nuage_zone", "nuage_network", "ip_addr", "subnet_mask", "gateway"), "")
    row = {"name": "nu1", "mac": "7A:42:00:00:00:01", "bridge": "alubr0", "metadata": {}, **texts}
    return {**row, "vrf_id": 0, "evpn_id": 0, **changed}


def interface_row(ids: dict[str, str]) -> dict[str, Any]:
    return {"name": "nu1", "external_ids": ids}


def tables(vm: dict[str, Any], port: dict[str, Any], interface: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "Nuage_VM_Table": {"vm-row": vm},
        "Nuage_Port_Table": {"port-row": port},
        "Interface": {} if interface is None else {"if-row": interface},
    }


FILLED = {"ip_addr": "10.10.1.2", "subnet_mask": "255.255.255.0", "gateway": "10.10.1.1"}
FILLED_ROW = port_row(**FILLED, vrf_id=20001, evpn_id=20002)
BOUND = {"iface-id": "vp1", "ovn-installed": "true"}


@pytest.mark.parametrize(
    ("vm", "port"),
    [
        ({"ports": []}, {}),
        ({"ports": ["other"]}, {}),
        ({}, {"mac": ""}),
        ({}, {"bridge": ""}),
        ({}, {"bridge": "br-int"}),
        ({"vm_uuid": ""}, {}),
    ],
)
def test_a_port_is_left_alone_until_its_rows_say_all_that_is_needed(vm: dict[str, Any], port: dict[str, Any]) -> None:
    assert port_views(tables(vm_row(**vm), port_row(**port), None)) == {}


def test_a_split_port_is_its_container_and_mac_in_lower_case() -> None:
    view = port_views(tables(vm_row(), port_row(), interface_row({})))["nu1"]
    assert (view.demand.vm_uuid, view.demand.mac, view.demand.names) == (UUID, "7a:42:00:00:00:01", None)
    assert view.interface is not None


def test_every_port_of_a_container_is_seen() -> None:
    found = tables(vm_row(ports=["nu1", "nu2"]), port_row(), None)
    found["Nuage_Port_Table"]["second"] = port_row(name="nu2", mac="7a:42:00:00:00:02")
    assert set(port_views(found)) == {"nu1", "nu2"}


def test_the_names_of_metadata_mode_are_read_from_both_rows() -> None:
    about = {
        "nuage-enterprise-domain": "Shop", "nuage-enterprise-zone": "front", "nuage-enterprise-network": "web",
        "static-ip": "10.10.1.9", "nuage-policy-group": "a, b,", "nuage-redirection-target": "rt",
    }  # fmt: skip
    vm = vm_row(metadata={"enterprise": "Acme"}, nuage_user="bob", nuage_enterprise="Acme")
    view = port_views(tables(vm, port_row(metadata=about), None))["nu1"]
    assert view.demand.names == Names("Acme", "bob", "Shop", "front", "web", "10.10.1.9", ("a", "b"), ("rt",))


def test_the_columns_stand_in_for_metadata_that_is_not_there() -> None:
    vm = vm_row(metadata={"enterprise": "Acme"})
    port = port_row(nuage_domain="Shop", nuage_zone="front", nuage_network="web")
    assert port_views(tables(vm, port, None))["nu1"].demand.names == Names("Acme", "", "Shop", "front", "web")


def written(port: dict[str, Any], interface: dict[str, Any] | None, *, bound: bool, undecided: bool = False) -> Any:
    views = port_views(tables(vm_row(), port, interface))
    return write_back(views, {"nu1": BINDING} if bound else {}, {"nu1"} if undecided else set())


def test_a_decided_port_is_bound_first() -> None:
    (operation,) = written(port_row(), interface_row({"vm-uuid": UUID}), bound=True)
    assert (operation["op"], operation["table"]) == ("mutate", "Interface")
    assert operation["mutations"] == [*SET, ["external_ids", "insert", ["map", [["iface-id", "vp1"]]]]]


def test_a_sign_of_installation_for_another_vport_does_not_count() -> None:
    (operation,) = written(port_row(), interface_row({"iface-id": "old", "ovn-installed": "true"}), bound=True)
    assert operation["table"] == "Interface"


@pytest.mark.parametrize("ids", [{"iface-id": "vp1"}, {"iface-id": "vp1", "ovn-installed": "false"}])
def test_the_row_stays_empty_until_the_port_forwards(ids: dict[str, str]) -> None:
    assert written(port_row(), interface_row(ids), bound=True) == []


def test_the_row_is_filled_when_the_port_forwards() -> None:
    (operation,) = written(port_row(), interface_row(BOUND), bound=True)
    assert operation["row"] == {**FILLED, "vrf_id": 20001, "evpn_id": 20002}
    assert operation["where"] == [["_uuid", "==", ["uuid", "port-row"]]]


def test_a_filled_row_is_not_written_again() -> None:
    assert written(FILLED_ROW, interface_row(BOUND), bound=True) == []


def test_a_port_that_vsd_does_not_know_any_more_is_unbound_and_its_row_emptied() -> None:
    values, unbound = written(FILLED_ROW, interface_row(BOUND), bound=False)
    assert values["row"]["ip_addr"] == ""
    assert unbound["mutations"] == SET


def test_a_port_of_which_nothing_is_known_yet_is_left_as_it_is() -> None:
    assert written(FILLED_ROW, interface_row(BOUND), bound=False, undecided=True) == []


@pytest.mark.parametrize("address", ["", "0.0.0.0"])  # noqa: S104 - both are how VRS says "unresolved"
def test_an_unresolved_row_needs_no_emptying(address: str) -> None:
    assert written(port_row(ip_addr=address), interface_row({}), bound=False) == []


def test_a_port_whose_device_is_not_plugged_in_is_not_bound() -> None:
    assert written(port_row(), None, bound=True) == []


def test_what_is_written_is_what_the_network_says() -> None:
    assert row_values(BINDING) == ("10.10.1.2", "255.255.255.0", "10.10.1.1", 20001, 20002)


def test_a_port_without_ipv4_has_the_numbers_of_its_network_alone() -> None:
    six = replace(NETWORK, netmask=None, gateway=None)
    assert row_values(replace(BINDING, address=None, address6="2001:db8::2", network=six)) == ("", "", "", 20001, 20002)


def test_a_port_of_what_has_stopped_is_let_go() -> None:
    views = port_views(tables(vm_row(event=5, state=5), FILLED_ROW, interface_row(BOUND)))
    operations = write_back(views, {"nu1": BINDING}, set())
    assert [o["table"] for o in operations] == ["Nuage_Port_Table", "Interface"]
    assert operations[0]["row"]["ip_addr"] == ""
    assert operations[1]["mutations"] == SET
