from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from nuage_chain.deadline import Deadline
from tests.integration.vsp.conftest import plug_operations

if TYPE_CHECKING:
    from tests.integration.vsp.conftest import Container, Lab

pytestmark = pytest.mark.root

WEB, API, DB, OTHER = "Shop/front/web", "Shop/front/api", "Shop/back/db", "Lab/bench/web"


def vport_of(lab: Lab, uuid: str) -> dict[str, Any]:
    container = lab.get("containers", f'UUID == "{uuid}"')[0]
    return lab.get(f"vports/{container['interfaces'][0]['VPortID']}")[0]


# --- split mode


def test_a_row_in_split_mode_gets_what_vsd_decided(lab: Lab) -> None:
    container = lab.container()
    made = lab.register(container, WEB)
    lab.plug(container)
    row = lab.resolved(container)
    assert (row.address, row.netmask, row.gateway) == (made.address, made.netmask, made.gateway)
    assert row.vrf_id > 0
    assert row.evpn_id > 0


def test_vsd_is_told_that_the_container_runs(lab: Lab) -> None:
    container, _ = lab.attached(WEB)
    filter_ = f'UUID == "{container.uuid}"'
    told = lab.wait_for(lambda: [c for c in lab.get("containers", filter_) if c["status"] == "RUNNING"])
    assert told[0]["reasonType"] == "RUNNING_BOOTED"
    lab.wait_for(lambda: vport_of(lab, container.uuid)["operationalState"] == "UP")


def test_a_mac_in_upper_case_is_the_same_mac(lab: Lab) -> None:
    container = lab.container()
    made = lab.register(container, WEB)
    lab.plug(replace(container, mac=container.mac.upper()))
    assert lab.resolved(container).address == made.address


def test_a_row_before_its_container_is_in_vsd_is_resolved_when_it_comes(lab: Lab) -> None:
    container = lab.container()
    lab.plug(container)
    lab.wait_for(lambda: container.uuid in lab.resolver_log())
    assert lab.row(container) is None
    made = lab.register(container, WEB)
    assert lab.resolved(container).address == made.address


def test_a_reason_for_not_resolving_is_logged_once(lab: Lab) -> None:
    container = lab.container()
    lab.plug(container)
    lab.wait_for(lambda: container.uuid in lab.resolver_log())
    attempts = len(lab.layout.log_of("vsd").read_text().splitlines())
    lab.wait_for(lambda: len(lab.layout.log_of("vsd").read_text().splitlines()) >= attempts + 3)
    assert lab.resolver_log().count(f"port {container.port} ") == 1
    lab.unplug(container)


def test_a_port_is_down_in_ovn_without_its_row_and_gone_without_its_interface_in_vsd(lab: Lab) -> None:
    container = lab.container()
    made = lab.register(container, WEB)
    lab.plug(container)
    lab.resolved(container)
    lab.wait_for(lambda: lab.northbound("Logical_Switch_Port")[made.vport_id]["up"])
    lab.unplug(container)
    lab.wait_for(lambda: not lab.northbound("Logical_Switch_Port")[made.vport_id]["up"])
    assert lab.get(f"vports/{made.vport_id}"), "in split mode the client deletes its objects"
    lab.deregister(made)
    lab.wait_for(lambda: made.vport_id not in lab.northbound("Logical_Switch_Port"))


def test_a_container_that_vsd_does_not_have_any_more_loses_its_port(lab: Lab) -> None:
    container = lab.container()
    made = lab.register(container, WEB)
    lab.plug(container)
    lab.resolved(container)
    lab.deregister(made)
    lab.wait_for(lambda: lab.row(container) is None)
    # By the engine, which hears of it by itself.
    lab.wait_for(lambda: made.vport_id not in lab.northbound("Logical_Switch_Port"))


@pytest.mark.parametrize(("spoofing", "secured"), [("ENABLED", False), ("DISABLED", True), ("INHERITED", True)])
def test_port_security_is_off_only_where_spoofing_is_allowed(lab: Lab, spoofing: str, secured: bool) -> None:
    container = lab.container()
    made = lab.register(container, WEB, spoofing=spoofing)
    lab.plug(container)
    row = lab.resolved(container)
    port = lab.northbound("Logical_Switch_Port")[made.vport_id]
    assert bool(port["port_security"]) == secured
    assert f"{container.mac} {row.address}" in port["addresses"]


def test_a_change_of_the_vport_in_vsd_arrives_at_once(lab: Lab) -> None:
    container = lab.container()
    made = lab.register(container, WEB)
    lab.plug(container)
    lab.resolved(container)
    lab.vsd(lambda s: s.update(f"vports/{made.vport_id}", {"addressSpoofing": "ENABLED"}, Deadline(5)))
    lab.wait_for(lambda: not lab.northbound("Logical_Switch_Port")[made.vport_id]["port_security"], seconds=3)


def test_many_ports_at_once_are_all_resolved(lab: Lab) -> None:
    containers = [lab.container() for _ in range(20)]
    made = {c.port: lab.register(c, API) for c in containers}
    for container in containers:
        lab.plug(container)
    rows = {c.port: lab.resolved(c, seconds=10) for c in containers}
    assert {port: row.address for port, row in rows.items()} == {port: m.address for port, m in made.items()}


# --- events and states of entities


def lives(lab: Lab, container: Container, state: int, reason: int, event: int, event_type: int) -> None:
    row = {"state": state, "reason": reason, "event": event, "event_type": event_type}
    where = [["vm_uuid", "==", container.uuid]]
    lab.transact([{"op": "update", "table": "Nuage_VM_Table", "where": where, "row": row}])


def told(lab: Lab, container: Container) -> tuple[str, str, str]:
    """Status, reason and vPort's state in VSD."""
    found = lab.get("containers", f'UUID == "{container.uuid}"')[0]
    return found["status"], found["reasonType"], vport_of(lab, container.uuid)["operationalState"]


def test_vsd_hears_of_what_becomes_of_an_entity(lab: Lab) -> None:
    container, row = lab.attached(WEB)
    lab.wait_for(lambda: told(lab, container) == ("RUNNING", "RUNNING_BOOTED", "UP"))
    lives(lab, container, 3, 1, 3, 0)
    lab.wait_for(lambda: told(lab, container) == ("PAUSED", "PAUSED_USER", "UP"))
    assert lab.row(container) == row, "what is paused keeps its port"
    lives(lab, container, 5, 1, 5, 0)
    lab.wait_for(lambda: told(lab, container) == ("SHUTOFF", "SHUTOFF_SHUTDOWN", "DOWN"))
    assert lab.row(container) is None, "what has stopped has let it go"
    lives(lab, container, 1, 1, 2, 0)
    assert lab.resolved(container) == row
    lab.wait_for(lambda: told(lab, container) == ("RUNNING", "RUNNING_BOOTED", "UP"))


def test_rows_that_are_filled_in_bit_by_bit_resolve_when_they_say_enough(lab: Lab) -> None:
    """As OpenStack's agent writes them: names alone first, the rest by updates."""
    container = lab.container()
    made = lab.register(container, WEB)
    operations = plug_operations(container, None, {}, "")
    port, vm = (next(o for o in operations if o["table"] == t) for t in ("Nuage_Port_Table", "Nuage_VM_Table"))
    rest = [dict(port["row"]), dict(vm["row"])]
    port["row"], vm["row"] = {"name": container.port}, {"vm_uuid": container.uuid}
    lab.transact(operations)
    assert lab.row(container) is None
    for operation, row, key in ((port, rest[0], "name"), (vm, rest[1], "vm_uuid")):
        where = [[key, "==", row[key]]]
        lab.transact([{"op": "update", "table": operation["table"], "where": where, "row": row}])
    assert lab.resolved(container).address == made.address


def test_what_is_undefined_leaves_vsd_in_metadata_mode_though_its_rows_stay(lab: Lab) -> None:
    container = lab.container()
    lab.plug(container, place_name=DB)
    lab.resolved(container)
    lives(lab, container, 5, 2, 1, 0)
    lab.wait_for(lambda: not lab.get("containers", f'UUID == "{container.uuid}"'))
    lab.wait_for(lambda: lab.row(container) is None)
    lab.unplug(container)


# --- metadata mode


def test_names_in_the_rows_become_a_vport_and_a_container_that_go_with_the_rows(lab: Lab) -> None:
    container = lab.container()
    lab.plug(container, place_name=DB)
    row = lab.resolved(container)
    found = lab.get("containers", f'UUID == "{container.uuid}"')
    assert [i["IPAddress"] for c in found for i in c["interfaces"]] == [row.address]
    assert found[0]["interfaces"][0]["networkName"] == "db"
    vport = vport_of(lab, container.uuid)
    lab.unplug(container)
    lab.wait_for(lambda: not lab.get("containers", f'UUID == "{container.uuid}"'))
    subnet = f"subnets/{vport['parentID']}/vports"
    lab.wait_for(lambda: vport["ID"] not in [v["ID"] for v in lab.get(subnet)])
    lab.wait_for(lambda: vport["ID"] not in lab.northbound("Logical_Switch_Port"))


def test_a_static_address_and_groups_and_targets_are_taken_from_the_metadata(lab: Lab) -> None:
    container = lab.container()
    metadata = {"static-ip": "10.10.3.77", "nuage-policy-group": "web, db", "nuage-redirection-target": "balancer"}
    lab.plug(container, place_name=DB, metadata=metadata)
    assert lab.resolved(container).address == "10.10.3.77"
    vport = vport_of(lab, container.uuid)
    assert {g["name"] for g in lab.get(f"vports/{vport['ID']}/policygroups")} == {"web", "db"}
    assert [t["name"] for t in lab.get(f"vports/{vport['ID']}/redirectiontargets")] == ["balancer"]
    lab.unplug(container)


def test_the_user_in_the_rows_owns_what_is_made(lab: Lab) -> None:
    enterprise = lab.get("enterprises", 'name == "Acme"')[0]
    bob = {"userName": "bob", "password": "secret", "firstName": "b", "lastName": "b", "email": "b@x"}
    user = lab.vsd(lambda s: s.create(f"enterprises/{enterprise['ID']}/users", bob, Deadline(5)))
    for group in lab.get(f"enterprises/{enterprise['ID']}/groups", 'name == "Administrators"'):
        lab.vsd(lambda s, g=group: s.assign(f"groups/{g['ID']}/users", [user["ID"]], Deadline(5)))  # type: ignore[misc]
    container = lab.container()
    lab.plug(container, place_name=WEB, user="bob")
    lab.resolved(container)
    found = lab.get("containers", f'UUID == "{container.uuid}"')[0]
    assert found["userName"] == "bob"
    assert found["enterpriseName"] == "Acme"
    lab.unplug(container)
    lab.wait_for(lambda: not lab.get("containers", f'UUID == "{container.uuid}"'))


def test_an_unknown_subnet_leaves_the_row_empty_until_it_is_there(lab: Lab) -> None:
    container = lab.container()
    lab.plug(container, place_name="Shop/back/later")
    lab.wait_for(lambda: "no subnet named 'later'" in lab.resolver_log())
    assert lab.row(container) is None
    zone = next(z for z in lab.get("zones") if z["name"] == "back")
    later = {"name": "later", "address": "10.10.9.0", "netmask": "255.255.255.0", "gateway": "10.10.9.1"}
    lab.vsd(lambda s: s.create(f"zones/{zone['ID']}/subnets", later, Deadline(5)))
    assert lab.resolved(container, seconds=5).address.startswith("10.10.9.")
    lab.unplug(container)


def test_a_subnet_that_vsd_deletes_leaves_ovn(lab: Lab) -> None:
    zone = next(z for z in lab.get("zones") if z["name"] == "back")
    body = {"name": "short", "address": "10.10.8.0", "netmask": "255.255.255.0", "gateway": "10.10.8.1"}
    subnet = lab.vsd(lambda s: s.create(f"zones/{zone['ID']}/subnets", body, Deadline(5)))
    container = lab.container()
    made = lab.register(container, "Shop/back/short")
    lab.plug(container)
    lab.resolved(container)
    assert subnet["ID"] in lab.northbound("Logical_Switch")
    lab.unplug(container)
    lab.deregister(made)
    lab.vsd(lambda s: s.delete(f"subnets/{subnet['ID']}", Deadline(5)))
    lab.wait_for(lambda: subnet["ID"] not in lab.northbound("Logical_Switch"))
    assert f"{subnet['ID']}-gateway" not in lab.northbound("Logical_Router_Port")


def test_a_dual_stack_subnet_gives_the_port_its_ipv6_address_too(lab: Lab) -> None:
    zone = next(z for z in lab.get("zones") if z["name"] == "back")
    body = {
        "name": "dual",
        "address": "10.10.7.0",
        "netmask": "255.255.255.0",
        "gateway": "10.10.7.1",
        "IPType": "DUALSTACK",
        "IPv6Address": "2001:db8:7::/64",
        "IPv6Gateway": "2001:db8:7::1",
    }
    lab.vsd(lambda s: s.create(f"zones/{zone['ID']}/subnets", body, Deadline(5)))
    container = lab.container()
    made = lab.register(container, "Shop/back/dual")
    lab.plug(container)
    row = lab.resolved(container)
    assert made.address6 is not None
    port = lab.northbound("Logical_Switch_Port")[made.vport_id]
    assert port["addresses"] == f"{container.mac} {row.address} {made.address6}"
    router_port = lab.northbound("Logical_Router_Port")[f"{vport_of(lab, container.uuid)['parentID']}-gateway"]
    assert sorted(router_port["networks"]) == ["10.10.7.1/24", "2001:db8:7::1/64"]


# --- restarts


def test_a_killed_resolver_finds_everything_again_and_clears_what_went_meanwhile(lab: Lab) -> None:
    stays, row = lab.attached(WEB)
    goes = lab.container()
    lab.plug(goes, place_name=DB)
    lab.resolved(goes)
    vport = vport_of(lab, goes.uuid)
    lab.kill("resolver")
    lab.unplug(goes)
    comes = lab.container()
    lab.register(comes, WEB)
    lab.plug(comes)
    lab.start("resolver")
    lab.resolved(comes)
    assert lab.row(stays) == row
    lab.wait_for(lambda: not lab.get("containers", f'UUID == "{goes.uuid}"'))
    lab.wait_for(lambda: vport["ID"] not in lab.northbound("Logical_Switch_Port"))
    assert lab.status().role == "master"
    assert lab.row(stays) == row


def test_a_metadata_port_keeps_its_address_when_the_resolver_restarts(lab: Lab) -> None:
    container = lab.container()
    lab.plug(container, place_name=DB)
    row = lab.resolved(container)
    vport = vport_of(lab, container.uuid)
    lab.kill("resolver")
    lab.start("resolver")
    lab.wait_for(lambda: lab.status().role == "master")
    assert lab.row(container) == row
    assert vport_of(lab, container.uuid)["ID"] == vport["ID"]
    lab.unplug(container)
    lab.wait_for(lambda: not lab.get("containers", f'UUID == "{container.uuid}"'))


def test_rows_written_while_vsd_is_down_are_resolved_when_it_is_back(lab: Lab) -> None:
    stays, row = lab.attached(WEB)
    container = lab.container()
    lab.register(container, WEB)
    lab.stop("vsd")
    lab.plug(container)
    by_names = lab.container()
    lab.plug(by_names, place_name=DB)
    lab.wait_for(lambda: by_names.uuid in lab.resolver_log())
    assert lab.row(container) is None
    assert lab.row(stays) == row
    lab.start("vsd")
    assert lab.resolved(container, seconds=15)
    assert lab.resolved(by_names, seconds=15)
    lab.unplug(by_names)


def test_a_vport_left_by_a_killed_resolver_does_not_keep_its_port_from_resolving(lab: Lab) -> None:
    container = lab.container()
    subnet = next(s for s in lab.get("subnets") if s["name"] == "db")
    mark = f"{container.uuid}/{container.port}@vrs-{lab.settings.system_id}"
    left = {"name": container.port, "type": "CONTAINER", "addressSpoofing": "INHERITED", "externalID": mark}
    lab.vsd(lambda s: s.create(f"subnets/{subnet['ID']}/vports", left, Deadline(5)))
    lab.plug(container, place_name=DB)
    assert lab.resolved(container).address.startswith("10.10.3.")
    lab.unplug(container)


def test_the_switch_does_not_count_as_functional_without_the_resolver(lab: Lab) -> None:
    lab.kill("resolver")
    try:
        lab.wait_for(lambda: lab.status().role != "master", seconds=12)
    finally:
        lab.start("resolver")
    assert lab.status().role == "master"
