"""Whatever part was away while VSD changed, OVN ends up as VSD wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.vsp.policies import sees, wait

if TYPE_CHECKING:
    from tests.integration.vsp.conftest import Lab
    from tests.integration.vsp.policies import Domain, Workload

pytestmark = pytest.mark.root

TABLES = (
    *("Logical_Router", "Logical_Router_Port", "Logical_Router_Static_Route", "Logical_Router_Policy", "NAT"),
    *("Logical_Switch", "Logical_Switch_Port", "DHCP_Options", "Port_Group", "Address_Set", "ACL", "Gateway_Chassis"),
)
"""All that the engine writes."""


@pytest.fixture
def pair(domain: Domain) -> tuple[Workload, Workload]:
    domain.allow("ingress")
    return domain.attach("east1"), domain.attach("west1")


def test_what_changed_while_the_engine_was_dead_is_made_up_for(
    lab: Lab, domain: Domain, pair: tuple[Workload, Workload]
) -> None:
    a, b = pair
    template = domain.template("egress")
    gone = domain.entry(template, "egress", destinationPort="80")
    sees(lab, a, b, {80: True, 81: False})
    lab.kill("engine")
    domain.delete(f"egressaclentrytemplates/{gone}")
    domain.entry(template, "egress", destinationPort="81")
    domain.delete(f"subnets/{domain.ids['east2']}")
    with b.serving(80):
        assert a.reaches(b, 80), "traffic goes on as it was"
    lab.start("engine")
    sees(lab, a, b, {80: False, 81: True})
    assert domain.ids["east2"] not in lab.northbound("Logical_Switch")


def test_a_full_pass_over_what_is_right_writes_nothing(
    lab: Lab, domain: Domain, pair: tuple[Workload, Workload]
) -> None:
    a, b = pair
    domain.entry(domain.template("egress"), "egress", destinationPort="80")
    sees(lab, a, b, {80: True})
    before = {table: sorted(row["_uuid"] for row in lab.rows_of(table)) for table in TABLES}
    transactions = lab.writes("ovnnb")
    lab.kill("engine")
    lab.start("engine")
    assert {table: sorted(row["_uuid"] for row in lab.rows_of(table)) for table in TABLES} == before
    assert lab.writes("ovnnb") == transactions


def test_what_changed_while_vsd_was_away_and_lost_its_events_arrives(
    lab: Lab, domain: Domain, pair: tuple[Workload, Workload]
) -> None:
    """A VSD that was started anew knows nothing of the events before; the engine reads all of it again."""
    a, b = pair
    template = domain.template("egress")
    lab.stop("engine")
    domain.entry(template, "egress", destinationPort="80")
    lab.start("engine")
    lab.kill("vsd")
    with b.serving(80):
        wait(lambda: a.reaches(b, 80))
        lab.start("vsd")
        assert a.reaches(b, 80), "OVN stays as it is while VSD is away"
    domain.entry(template, "egress", destinationPort="81")
    sees(lab, a, b, {80: True, 81: True, 82: False})


def test_rows_that_somebody_removed_from_ovn_come_back_and_those_of_others_stay(
    lab: Lab, domain: Domain, pair: tuple[Workload, Workload]
) -> None:
    a, b = pair
    domain.entry(domain.template("egress"), "egress", destinationPort="80")
    sees(lab, a, b, {80: True})
    nbctl = ("ovn-nbctl", f"--db=unix:{lab.layout.nb_socket}")
    lab.run(*nbctl, "ls-add", "theirs")
    lab.run(*nbctl, "lr-del", domain.id, "--", "ls-del", domain.ids["west1"])
    wait(lambda: not a.pings(b))
    lab.kill("engine")
    lab.start("engine")
    sees(lab, a, b, {80: True, 81: False})
    assert "theirs" in lab.northbound("Logical_Switch")
    lab.run(*nbctl, "ls-del", "theirs")


def test_ovns_databases_and_northd_may_be_killed_and_changes_arrive_afterwards(
    lab: Lab, domain: Domain, pair: tuple[Workload, Workload]
) -> None:
    a, b = pair
    template = domain.template("egress")
    domain.entry(template, "egress", destinationPort="80")
    sees(lab, a, b, {80: True})
    for daemon in ("ovnnb", "ovnsb", "ovn-northd", "ovn-controller"):
        lab.kill(daemon)
    domain.entry(template, "egress", destinationPort="81")
    for daemon in ("ovnnb", "ovnsb", "ovn-northd", "ovn-controller"):
        lab.start(daemon)
    wait(lambda: reaches(a, b, 81), 10)
    sees(lab, a, b, {80: True, 81: True, 82: False})


def reaches(a: Workload, b: Workload, port: int) -> bool:
    with b.serving(port):
        return a.reaches(b, port)


def test_a_domain_that_goes_takes_everything_of_it_along(lab: Lab, domain: Domain) -> None:
    domain.allow("ingress")
    group = domain.group("web")
    template = domain.template("egress")
    domain.entry(template, "egress", locationType="POLICYGROUP", locationID=group)
    domain.entry(template, "egress", networkType="ZONE", networkID=domain.ids["east"])
    plan = {"address": "192.0.2.0", "netmask": "255.255.255.0", "nextHopIp": "10.1.1.9"}
    domain.create(f"domains/{domain.id}/staticroutes", **plan)
    domain.update(f"domains/{domain.id}", PATEnabled="ENABLED")

    def left() -> dict[str, int]:
        rows = {t: [r for r in lab.rows_of(t) if r["external_ids"].get("nuage-scope") == domain.id] for t in TABLES}
        return {table: len(found) for table, found in rows.items() if found}

    wait(lambda: left().keys() == set(TABLES))
    domain.delete(f"domains/{domain.id}?responseChoice=1")
    wait(lambda: left() == {})
