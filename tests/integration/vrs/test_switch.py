from __future__ import annotations

import time

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import AlreadyAttached, NotForwarding, OvsdbUnreachable, SwitchRefused
from nuage_chain.vrs import rows
from nuage_chain.vrs.connection import Connection
from nuage_chain.vrs.switch import Switch
from tests.integration.vrs.ovsdb_server import Ovsdb

EMPTY = {"Port": 0, "Interface": 0, "Nuage_Port_Table": 0, "Nuage_VM_Table": 0}
SPLIT_PORT_ROW = {
    "name": "veth1", "mac": "7a:42:11:22:33:44", "bridge": "alubr0", "alias": "", "ip_addr": "", "subnet_mask": "",
    "gateway": "", "nuage_domain": "", "nuage_network": "", "nuage_zone": "", "nuage_network_type": "", "evpn_id": 0,
    "vrf_id": 0, "vm_domain": 4, "dirty": 0,
    "metadata": ["map", [["nuage-enterprise-domain", ""], ["nuage-enterprise-network", ""],
                         ["nuage-enterprise-network-type", ""], ["nuage-enterprise-zone", ""]]],
}  # fmt: skip
SPLIT_VM_ROW = {
    "type": 4, "event": 2, "event_type": 0, "state": 1, "reason": 1, "vm_uuid": "ab" * 32, "vm_name": "web-1",
    "domain": 4, "nuage_user": "", "nuage_enterprise": "", "dirty": 0,
    "metadata": ["map", [["enterprise", ""], ["nuage-extension", "true"]]], "ports": "veth1",
}  # fmt: skip
NAMES = rows.Names(enterprise="Acme", user="bob", domain="Shop", zone="front", network="web")


def port(
    name: str = "veth1", container: str = "c1", ifname: str = "eth0", names: rows.Names | None = None
) -> rows.Port:
    return rows.Port(
        name=name, mac="7a:42:11:22:33:44", bridge="alubr0", uuid="ab" * 32, vm_name="web-1", platform=4,
        names=names or rows.Names(), wishes={"static-ip": "10.0.0.5"} if names else {},
        marks={rows.CONTAINER: container, rows.IFNAME: ifname, rows.NETWORK: "net"},
    )  # fmt: skip


def without_uuid(row: dict[str, object]) -> dict[str, object]:
    return {k: v for k, v in row.items() if k != "_uuid"}


def test_plugging_writes_the_rows_of_the_contract_and_nothing_else(ovsdb: Ovsdb, switch: Switch) -> None:
    assert switch.plug(port(), Deadline(5)) == "netdev"
    assert [without_uuid(r) for r in ovsdb.rows("Nuage_Port_Table")] == [SPLIT_PORT_ROW]
    assert [without_uuid(r) for r in ovsdb.rows("Nuage_VM_Table")] == [SPLIT_VM_ROW]
    [plugged] = ovsdb.rows("Port")
    assert ovsdb.rows("Bridge")[0]["ports"] == plugged["_uuid"]
    ids = rows.from_map(ovsdb.rows("Interface")[0]["external_ids"])
    assert (ids["vm-uuid"], ids["vm-name"], ids[rows.CONTAINER]) == ("ab" * 32, "web-1", "c1")


def test_names_go_into_both_rows_when_the_vsp_resolves_them(ovsdb: Ovsdb, switch: Switch) -> None:
    switch.plug(port(names=NAMES), Deadline(5))
    [row], [vm] = ovsdb.rows("Nuage_Port_Table"), ovsdb.rows("Nuage_VM_Table")
    assert [row[f"nuage_{c}"] for c in ("domain", "zone", "network", "network_type")] == [
        "Shop",
        "front",
        "web",
        "ipv4",
    ]
    assert rows.from_map(row["metadata"]) == {
        "nuage-enterprise-domain": "Shop", "nuage-enterprise-zone": "front", "nuage-enterprise-network": "web",
        "nuage-enterprise-network-type": "ipv4", "static-ip": "10.0.0.5",
    }  # fmt: skip
    assert (vm["nuage_enterprise"], vm["nuage_user"]) == ("Acme", "bob")
    assert rows.from_map(vm["metadata"]) == {"enterprise": "Acme"}


def test_a_second_interface_joins_the_containers_row_and_the_last_one_takes_it_along(
    ovsdb: Ovsdb, switch: Switch
) -> None:
    switch.plug(port(), Deadline(5))
    switch.plug(port("veth2", ifname="eth1"), Deadline(5))
    assert sorted(rows.from_set(ovsdb.rows("Nuage_VM_Table")[0]["ports"])) == ["veth1", "veth2"]
    first, second = (switch.find("c1", i, Deadline(5)) for i in ("eth0", "eth1"))
    assert first is not None
    assert second is not None
    assert switch.unplug(first, Deadline(5)) is False
    assert ovsdb.counts() == {"Port": 1, "Interface": 1, "Nuage_Port_Table": 1, "Nuage_VM_Table": 1}
    assert switch.unplug(second, Deadline(5)) is True
    assert ovsdb.counts() == EMPTY


def test_unplugging_twice_is_fine(ovsdb: Ovsdb, switch: Switch) -> None:
    switch.plug(port(), Deadline(5))
    found = switch.find("c1", "eth0", Deadline(5))
    assert found is not None
    switch.unplug(found, Deadline(5))
    assert switch.unplug(found, Deadline(5)) is False
    assert switch.find("c1", "eth0", Deadline(5)) is None


def test_a_late_unplug_of_an_old_container_leaves_the_port_of_the_one_that_has_its_name(
    ovsdb: Ovsdb, switch: Switch
) -> None:
    switch.plug(port(container="old"), Deadline(5))
    old = switch.find("old", "eth0", Deadline(5))
    assert old is not None
    switch.unplug(old, Deadline(5))
    switch.plug(port(container="new"), Deadline(5))
    before = ovsdb.counts()
    assert switch.unplug(old, Deadline(5)) is False
    assert ovsdb.counts() == before


def test_a_port_of_that_name_is_not_overwritten(ovsdb: Ovsdb, switch: Switch) -> None:
    switch.plug(port(), Deadline(5))
    before = ovsdb.counts()
    with pytest.raises(AlreadyAttached, match="veth1"):
        switch.plug(port(container="c2"), Deadline(5))
    assert ovsdb.counts() == before


def test_a_missing_bridge_is_said_and_nothing_is_written(ovsdb: Ovsdb) -> None:
    elsewhere = Switch(Connection(ovsdb.remote), "nobr")
    assert elsewhere.datapath(Deadline(5)) is None
    assert elsewhere.health(Deadline(5)).bridge is False
    with pytest.raises(SwitchRefused, match="no bridge nobr"):
        elsewhere.plug(rows.Port("v", "m", "nobr", "u", "n", 4), Deadline(5))
    elsewhere.close()
    assert ovsdb.counts() == EMPTY


def test_waiting_ends_when_the_row_is_filled_in(ovsdb: Ovsdb, switch: Switch) -> None:
    switch.plug(port(), Deadline(5))
    timers = [
        ovsdb.later(0.1, "Interface", "veth1", ofport=7),
        ovsdb.later(0.2, "Nuage_Port_Table", "veth1", ip_addr="0.0.0.0"),  # noqa: S104 - what VRS writes first
        ovsdb.later(0.3, "Nuage_Port_Table", "veth1", ip_addr="10.0.0.5"),
        ovsdb.later(0.4, "Nuage_Port_Table", "veth1", subnet_mask="255.255.255.0"),
        ovsdb.later(0.5, "Nuage_Port_Table", "veth1", gateway="10.0.0.1"),
    ]
    resolved = switch.wait_until_forwarding("veth1", Deadline(10))
    for timer in timers:
        timer.join()
    assert (resolved.address, resolved.netmask, resolved.gateway) == ("10.0.0.5", "255.255.255.0", "10.0.0.1")


def test_a_port_of_a_network_without_gateway_is_resolved_without_one(ovsdb: Ovsdb, switch: Switch) -> None:
    switch.plug(port(), Deadline(5))
    ovsdb.update("Interface", "veth1", ofport=7)
    ovsdb.update("Nuage_Port_Table", "veth1", ip_addr="10.0.0.5", subnet_mask="255.255.255.0")
    with pytest.raises(NotForwarding):
        switch.wait_until_forwarding("veth1", Deadline(0.5))
    resolved = switch.wait_until_forwarding("veth1", Deadline(10), gateway=False)
    assert (resolved.address, resolved.gateway) == ("10.0.0.5", "")


def test_waiting_ends_in_time_when_nobody_resolves_the_port(ovsdb: Ovsdb, switch: Switch) -> None:
    switch.plug(port(), Deadline(5))
    begin = time.monotonic()
    with pytest.raises(NotForwarding, match="veth1 on alubr0 within 1 s"):
        switch.wait_until_forwarding("veth1", Deadline(1))
    assert time.monotonic() - begin < 5


def test_a_device_that_the_switch_cannot_open_ends_the_wait_at_once(ovsdb: Ovsdb, switch: Switch) -> None:
    switch.plug(port(), Deadline(5))
    ovsdb.update("Interface", "veth1", ofport=-1, error="could not open network device veth1")
    with pytest.raises(SwitchRefused, match="could not open network device"):
        switch.wait_until_forwarding("veth1", Deadline(5))


def test_an_ovsdb_that_is_not_there_is_said_with_its_address(ovsdb: Ovsdb, switch: Switch) -> None:
    ovsdb.stop()
    with pytest.raises(OvsdbUnreachable, match=str(ovsdb.socket)):
        switch.find("c1", "eth0", Deadline(5))


@pytest.mark.parametrize("remote", ["nonsense", "unix:", "tcp:127.0.0.1:1"])
def test_a_remote_that_is_none_is_unreachable_and_no_traceback(remote: str) -> None:
    with pytest.raises(OvsdbUnreachable):
        Switch(Connection(remote), "alubr0").find("c1", "eth0", Deadline(5))


def test_a_connection_opens_again_after_the_server_was_restarted(ovsdb: Ovsdb, switch: Switch) -> None:
    switch.plug(port(), Deadline(5))
    ovsdb.stop()
    with pytest.raises(OvsdbUnreachable):
        switch.find("c1", "eth0", Deadline(5))
    ovsdb.start()
    assert switch.find("c1", "eth0", Deadline(5)) is not None


def test_a_server_that_gave_the_silent_connection_up_meanwhile_is_connected_to_again(ovsdb: Ovsdb) -> None:
    switch = Switch(Connection(ovsdb.listen_on_tcp(probe=1000)), "alubr0")
    assert switch.find("c1", "eth0", Deadline(5)) is None
    time.sleep(2.5)
    switch.plug(port(), Deadline(5))
    assert switch.find("c1", "eth0", Deadline(5)) is not None
    switch.close()


def test_ours_are_listed_by_network_and_bridge(ovsdb: Ovsdb, switch: Switch) -> None:
    switch.plug(port(), Deadline(5))
    assert [p.name for p in switch.all_ours("net", Deadline(5))] == ["veth1"]
    assert switch.all_ours("other", Deadline(5)) == []
    assert Switch(Connection(ovsdb.remote), "otherbr").all_ours("net", Deadline(5)) == []


def test_a_port_without_ipv4_is_resolved_when_its_network_is_known(ovsdb: Ovsdb, switch: Switch) -> None:
    switch.plug(port(), Deadline(5))
    ovsdb.update("Interface", "veth1", ofport=7)
    with pytest.raises(NotForwarding):
        switch.wait_until_forwarding("veth1", Deadline(0.5), ipv4=False)
    timer = ovsdb.later(0.2, "Nuage_Port_Table", "veth1", evpn_id=20002)
    resolved = switch.wait_until_forwarding("veth1", Deadline(10), ipv4=False)
    timer.join()
    assert (resolved.address, resolved.gateway) == ("", "")


def test_the_last_port_of_a_container_is_known_even_when_its_row_has_gone(ovsdb: Ovsdb, switch: Switch) -> None:
    switch.plug(port(), Deadline(5))
    ovsdb.transact({"op": "delete", "table": "Nuage_VM_Table", "where": []})
    plugged = switch.find("c1", "eth0", Deadline(5))
    assert plugged is not None
    assert switch.unplug(plugged, Deadline(5)) is True
    assert ovsdb.counts() == EMPTY


def test_rows_of_a_port_that_the_switch_has_lost_are_forgotten_and_no_others(ovsdb: Ovsdb, switch: Switch) -> None:
    switch.plug(port(), Deadline(5))
    switch.plug(port("veth2", ifname="eth1"), Deadline(5))
    [lost] = [row["_uuid"] for row in ovsdb.rows("Port") if row["name"] == "veth1"]
    ovsdb.transact({"op": "mutate", "table": "Bridge", "where": [], "mutations": [["ports", "delete", lost]]})
    switch.forget("ab" * 32, Deadline(5))
    assert [row["name"] for row in ovsdb.rows("Nuage_Port_Table")] == ["veth2"]
    assert [row["ports"] for row in ovsdb.rows("Nuage_VM_Table")] == ["veth2"]
    second = switch.find("c1", "eth1", Deadline(5))
    assert second is not None
    assert switch.unplug(second, Deadline(5)) is True
    switch.forget("ab" * 32, Deadline(5))
    assert ovsdb.counts() == EMPTY
