"""What passes and what does not, by ACLs of the embedded VSD, as packets meet it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from nuage_chain.deadline import Deadline
from tests.integration.vsp.policies import sees, wait

if TYPE_CHECKING:
    import socket

    from tests.integration.vsp.conftest import Lab
    from tests.integration.vsp.policies import Domain

pytestmark = pytest.mark.root


# --- defaults


def test_without_any_template_nothing_passes_and_with_one_each_way_all_does(lab: Lab, domain: Domain) -> None:
    a, b = domain.attach("east1"), domain.attach("east1")
    gateway = f"{a.address.rpartition('.')[0]}.1"
    assert not a.pings(gateway)
    sees(lab, a, b, {80: False})
    assert not a.pings(b)
    domain.allow("ingress")
    wait(lambda: a.pings(gateway))
    sees(lab, a, b, {80: False})
    domain.allow("egress")
    sees(lab, a, b, {80: True})
    assert a.pings(b)


def test_a_template_that_is_not_active_counts_for_nothing(lab: Lab, domain: Domain) -> None:
    a, b = domain.attach("east1"), domain.attach("west1")
    domain.allow("egress")
    template = domain.template("ingress", ip=True)
    sees(lab, a, b, {80: True})
    domain.update(f"ingressacltemplates/{template}", active=False)
    sees(lab, a, b, {80: False})


def test_frames_that_are_not_ip_pass_by_their_own_default(lab: Lab, domain: Domain) -> None:
    """With spoofing allowed: OVN lets a port that is held to its addresses send IP and ARP alone."""
    template = domain.template("ingress", ip=True, others=False)
    domain.template("egress", ip=True)
    a, b = domain.attach("east1", spoofing="ENABLED"), domain.attach("east1", spoofing="ENABLED")
    assert a.pings(b), "ARP is no matter of policies"
    assert not a.sends_frame(b, 0x88B5)
    domain.update(f"ingressacltemplates/{template}", defaultAllowNonIP=True)
    wait(lambda: a.sends_frame(b, 0x88B5))


# --- directions and state


def test_ingress_is_what_a_vport_sends_and_egress_what_it_gets(lab: Lab, domain: Domain) -> None:
    web, db = domain.group("web"), domain.group("db")
    a, b = domain.attach("east1", web), domain.attach("east1", db)
    ingress, egress = domain.template("ingress", ip=True), domain.template("egress", ip=True)
    refuse = {"action": "DROP", "destinationPort": "80", "locationType": "POLICYGROUP", "stateful": False}
    domain.entry(ingress, "ingress", **refuse, locationID=web)
    sees(lab, a, b, {80: False, 81: True})
    sees(lab, b, a, {80: True, 81: True})
    domain.entry(egress, "egress", **{**refuse, "destinationPort": "81"}, locationID=web)
    sees(lab, b, a, {80: True, 81: False})
    sees(lab, a, b, {80: False, 81: True})


def test_a_stateful_entry_lets_the_answers_back_and_one_without_state_does_not(lab: Lab, domain: Domain) -> None:
    a, b = domain.attach("east1"), domain.attach("west1")
    ingress, egress = domain.template("ingress"), domain.template("egress")
    from_east = {"locationType": "ZONE", "locationID": domain.ids["east"], "stateful": False}
    into_west = {"locationType": "ZONE", "locationID": domain.ids["west"], "stateful": False}
    out = domain.entry(ingress, "ingress", destinationPort="80", **from_east)
    there = domain.entry(egress, "egress", destinationPort="80", **into_west)
    # The pair that passes shows that those before it are in force.
    domain.entry(ingress, "ingress", destinationPort="81", **from_east | {"stateful": True})
    domain.entry(egress, "egress", destinationPort="81", **into_west | {"stateful": True})
    sees(lab, a, b, {80: False, 81: True})
    for path in (f"ingressaclentrytemplates/{out}", f"egressaclentrytemplates/{there}"):
        domain.update(path, stateful=True)
    sees(lab, a, b, {80: True, 81: True, 82: False})
    sees(lab, b, a, {80: False})


def test_answers_that_no_state_lets_back_may_be_let_by_entries_of_their_own(lab: Lab, domain: Domain) -> None:
    a, b = domain.attach("east1"), domain.attach("west1")
    for direction in ("ingress", "egress"):
        template = domain.template(direction)
        domain.entry(template, direction, destinationPort="80", stateful=False)
        domain.entry(template, direction, sourcePort="80", stateful=False)
    sees(lab, a, b, {80: True, 81: False})


# --- order


def test_the_entry_of_the_lowest_number_decides(lab: Lab, domain: Domain) -> None:
    domain.allow("egress")
    a, b = domain.attach("east1"), domain.attach("west1")
    template = domain.template("ingress", ip=True)
    later = domain.entry(template, "ingress", destinationPort="80", action="DROP", priority=200)
    sees(lab, a, b, {80: False, 81: True})
    domain.entry(template, "ingress", destinationPort="80", priority=100)
    sees(lab, a, b, {80: True})
    domain.update(f"ingressaclentrytemplates/{later}", priority=50)
    sees(lab, a, b, {80: False})


def test_templates_come_top_first_and_bottom_last_and_by_priority_between(lab: Lab, domain: Domain) -> None:
    domain.allow("egress")
    a, b = domain.attach("east1"), domain.attach("west1")

    def says(action: str, **order: Any) -> None:
        template = domain.template("ingress", **order)
        for port in ("80", "81") if action == "DROP" else ("80",):
            domain.entry(template, "ingress", destinationPort=port, action=action)

    says("FORWARD", priority=5, priorityType="BOTTOM")
    sees(lab, a, b, {80: True})
    says("DROP", priority=9)
    sees(lab, a, b, {80: False})
    says("FORWARD", priority=3)
    sees(lab, a, b, {80: True, 81: False})
    says("DROP", priority=77, priorityType="TOP")
    sees(lab, a, b, {80: False})


# --- what an entry matches


def test_ports_may_be_ranges_and_protocols_numbers(lab: Lab, domain: Domain) -> None:
    domain.allow("egress")
    a, b = domain.attach("east1"), domain.attach("west1")
    template = domain.template("ingress")
    domain.entry(template, "ingress", destinationPort="80-82")
    domain.entry(template, "ingress", sourcePort="4000", destinationPort="90")
    sees(lab, a, b, {79: False, 80: True, 82: True, 83: False, 90: False})
    with b.serving(90):
        assert a.reaches(b, 90, source=4000)
    assert not a.pings(b)
    icmp = {"protocol": "1", "ICMPType": "8", "ICMPCode": "0"}
    domain.entry(template, "ingress", **icmp)
    wait(lambda: a.pings(b))


def test_what_ovn_cannot_tell_apart_is_not_let_through(lab: Lab, domain: Domain) -> None:
    """OVN 23.03 would let any DSCP pass where an entry names one."""
    domain.allow("egress")
    a, b = domain.attach("east1"), domain.attach("west1")
    template = domain.template("ingress")
    domain.entry(template, "ingress", DSCP="46", destinationPort="80")
    domain.entry(template, "ingress", destinationPort="81")
    sees(lab, a, b, {80: False, 81: True})
    domain.entry(template, "ingress", DSCP="46", destinationPort="81", action="DROP", priority=0)
    sees(lab, a, b, {81: False})


# --- the other end


@pytest.mark.parametrize("kind", ["ZONE", "SUBNET", "POLICYGROUP"])
def test_an_entry_may_be_between_zones_subnets_and_groups(lab: Lab, domain: Domain, kind: str) -> None:
    web, db = domain.group("web"), domain.group("db")
    a, b, c = domain.attach("east1", web), domain.attach("west1", db), domain.attach("east2")
    ids = {
        "ZONE": (domain.ids["east"], domain.ids["west"]),
        "SUBNET": (domain.ids["east1"], domain.ids["west1"]),
        "POLICYGROUP": (web, db),
    }
    here, there = ids[kind]
    ingress, egress = domain.template("ingress"), domain.template("egress")
    both = {"locationType": kind, "networkType": kind, "destinationPort": "80"}
    domain.entry(ingress, "ingress", locationID=here, networkID=there, **both)
    domain.entry(egress, "egress", locationID=there, networkID=here, **both)
    sees(lab, a, b, {80: True, 81: False})
    sees(lab, b, a, {80: False})
    sees(lab, a, c, {80: False})
    sees(lab, c, b, {80: kind == "ZONE"})


def test_an_entry_may_be_within_the_zone_or_subnet_or_domain_that_each_end_is_in(lab: Lab, domain: Domain) -> None:
    domain.allow("egress")
    east1, beside, east2, west = (domain.attach(s) for s in ("east1", "east1", "east2", "west1"))
    template = domain.template("ingress")
    for port, word in (("80", "ENDPOINT_SUBNET"), ("81", "ENDPOINT_ZONE"), ("82", "ENDPOINT_DOMAIN")):
        domain.entry(template, "ingress", destinationPort=port, networkType=word)
    sees(lab, east1, beside, {80: True, 81: True, 82: True, 83: False})
    sees(lab, east1, east2, {80: False, 81: True, 82: True})
    sees(lab, east1, west, {80: False, 81: False, 82: True})
    sees(lab, west, east1, {80: False, 81: False, 82: True})


def test_an_entry_may_name_a_macro_or_a_group_of_macros(lab: Lab, domain: Domain) -> None:
    domain.allow("egress")
    a, b, c = domain.attach("east1"), domain.attach("west1"), domain.attach("west1")
    enterprise = f"enterprises/{domain.ids['enterprise']}"

    def host(address: str) -> str:
        plan = {"address": address, "netmask": "255.255.255.255"}
        return domain.create(f"{enterprise}/enterprisenetworks", name=f"host {address}", **plan)

    one, two = host(b.address), host(c.address)
    group = domain.create(f"{enterprise}/networkmacrogroups", name=f"hosts of {domain.name}")
    template = domain.template("ingress")
    single = {"networkType": "ENTERPRISE_NETWORK", "networkID": one}
    several = {"networkType": "NETWORK_MACRO_GROUP", "networkID": group}
    domain.entry(template, "ingress", destinationPort="80", **single)
    domain.entry(template, "ingress", destinationPort="81", **several)
    sees(lab, a, b, {80: True, 81: False})
    sees(lab, a, c, {80: False, 81: False})
    domain.assign(f"networkmacrogroups/{group}/enterprisenetworks", two)
    sees(lab, a, c, {80: False, 81: True})
    domain.assign(f"networkmacrogroups/{group}/enterprisenetworks", one)
    sees(lab, a, c, {81: False})
    sees(lab, a, b, {81: True})


# --- changes


def test_a_vport_joins_and_leaves_a_policy_group_while_it_runs(lab: Lab, domain: Domain) -> None:
    domain.allow("ingress")
    web = domain.group("web")
    a, b = domain.attach("east1"), domain.attach("west1")
    template = domain.template("egress")
    domain.entry(template, "egress", locationType="POLICYGROUP", locationID=web, destinationPort="80")
    domain.entry(template, "egress", destinationPort="81")
    sees(lab, a, b, {80: False, 81: True})
    domain.assign(f"vports/{b.vport_id}/policygroups", web)
    sees(lab, a, b, {80: True})
    domain.assign(f"policygroups/{web}/vports")
    sees(lab, a, b, {80: False})


def test_a_connection_that_stands_ends_with_the_entry_that_let_it_in(lab: Lab, domain: Domain) -> None:
    domain.allow("ingress")
    template = domain.template("egress")
    entry = domain.entry(template, "egress", destinationPort="80")
    a, b = domain.attach("east1"), domain.attach("west1")
    with b.connected(a, 80) as (client, server):
        client.sendall(b"1")
        assert server.recv(1) == b"1"
        domain.delete(f"egressaclentrytemplates/{entry}")
        server.settimeout(0.3)
        wait(lambda: not passes(client, server))


def passes(client: socket.socket, server: socket.socket) -> bool:
    client.sendall(b"2")
    with contextlib.suppress(TimeoutError):
        return bool(server.recv(1))
    return False


def test_how_long_a_change_in_vsd_takes_until_packets_meet_it(lab: Lab, domain: Domain) -> None:
    domain.allow("ingress")
    a, b = domain.attach("east1"), domain.attach("west1")
    template = domain.template("egress")
    with b.serving(80):
        sees(lab, a, b, {81: False})
        opened, closed = [], []
        for _ in range(5):
            entry = domain.entry(template, "egress", destinationPort="80")
            opened.append(wait(lambda: a.reaches(b, 80, 0.05)))
            path = f"egressaclentrytemplates/{entry}"
            lab.vsd(lambda s, path=path: s.delete(path, Deadline(5)))  # type: ignore[misc]
            closed.append(wait(lambda: not a.reaches(b, 80, 0.05)))
    print("ms from VSD's answer to the first packet let through:", [round(s * 1000) for s in opened])  # noqa: T201
    print("ms from VSD's answer to the first packet refused:", [round(s * 1000) for s in closed])  # noqa: T201
