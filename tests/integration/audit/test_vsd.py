"""What is left in VSD, and what becomes of a node's leftovers where VSD cannot be asked."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml

from nuage_chain.attachment.record import Objects
from nuage_chain.deadline import Deadline
from tests.integration.audit.audits import Audits, outcomes
from tests.integration.audit.test_kinds import REMOVED, SETTLED, attach, lose_all
from tests.integration.audit.test_leftovers import host_end, vsctl
from tests.integration.lab import Lab
from tests.unit.attachment.samples import a_record
from tests.unit.test_exchange import full

pytestmark = pytest.mark.root

DOWN = {"url": "https://127.0.0.1:9", "user": "u", "password": "p"}

# Where the container is: the network's own domain, and another that the workload has asked for.
PLACES: dict[str, dict[str, str]] = {"own": {}, "other": {"domain": "Lab", "zone": "bench", "subnet": "web"}}


@pytest.mark.parametrize("place", PLACES)
def test_what_only_vsd_has_of_this_node_goes_and_another_nodes_stays(lab: Lab, audits: Audits, place: str) -> None:
    dead = lab.container("dead")
    lose_all(lab, attach(lab, dead, **PLACES[place]))
    lab.remove(dead)
    theirs = dataclasses.replace(audits, hostname="another")
    assert outcomes(theirs.twice()) == []
    assert lab.left()["containers"] == 1
    assert [w.why for w in audits.plan().waiting] == ["the switch has no port of it, and nobody lists it"]
    assert outcomes(audits.twice()) == REMOVED
    assert (lab.left()["containers"], lab.left()["vPorts"]) == (0, 0)


@pytest.fixture(params=[{}, {"vsd": DOWN, "enterprise": "Acme", "domain": "Shop"}], ids=["no VSD", "another VSD"])
def node(lab: Lab, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """The configuration of a node on which only the list's entry names the lab's VSD."""
    written = yaml.safe_load(lab.config.read_text())
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({"ovsdb": written["ovsdb"], **request.param}))
    return path


@pytest.mark.parametrize("place", PLACES)
def test_what_only_a_networks_own_vsd_has_goes_by_that_networks_login(
    lab: Lab, audits: Audits, node: Path, place: str
) -> None:
    dead = lab.container("dead")
    lose_all(lab, attach(lab, dead, **PLACES[place]))
    lab.remove(dead)
    audits.config = node
    applied = audits.twice()
    assert outcomes(applied) == REMOVED, applied.done
    assert [done.action.facts.network for done in applied.done] == ["nuage"]
    assert (lab.left()["containers"], lab.left()["vPorts"], lab.left()["journal"]) == (0, 0, 0)


def test_a_debt_that_names_no_network_is_paid_by_the_login_that_finds_it(lab: Lab, audits: Audits, node: Path) -> None:
    dead = lab.container("dead")
    lose_all(lab, attach(lab, dead))
    lab.remove(dead)
    [vport], [container] = lab.vsd_objects("vports"), lab.vsd_objects("containers")
    names = {"external_id": container["externalID"], "vport_external_id": vport["externalID"]}
    objects = Objects(parent=f"subnets/{vport['parentID']}", vport=vport["ID"])
    lab.journal.owe(a_record(verb="DEL", container_id=dead.id, network="", objects=objects, owed=["vsd"], **names))
    audits.config = node
    assert outcomes(audits.apply()) == SETTLED
    assert (lab.left()["containers"], lab.left()["vPorts"], lab.left()["journal"]) == (0, 0, 0)


def test_with_vsd_down_the_node_is_cleaned_and_the_rest_is_paid_when_it_is_back(lab: Lab, audits: Audits) -> None:
    dead = lab.container("dead")
    attach(lab, dead)
    lab.remove(dead)
    audits.changes = {"vsd": DOWN}
    assert any("127.0.0.1:9" in problem for problem in audits.plan().problems)
    assert outcomes(audits.twice()) == [("remove", "owed")]
    left = lab.left()
    assert (left["ports"], left["port rows"], left["containers"], left["journal"]) == (0, 0, 1, 1)
    audits.changes = {}
    assert outcomes(audits.apply()) == SETTLED
    assert lab.left()["containers"] == 0


def test_a_vsd_that_drops_packets_is_waited_for_once_and_not_by_each_removal(lab: Lab, audits: Audits) -> None:
    """As at a boot with VSD behind a firewall: each wait would take time that the next ports need."""
    for number in range(16):
        old = lab.container(f"old-{number}")
        name = host_end(attach(lab, old))
        vsctl(lab, "set", "Port", name, "external_ids:nuage-chain-boot=before")
        lab.remove(old)
    with full() as port:
        audits.changes = {"vsd": {**DOWN, "url": f"https://127.0.0.1:{port}"}}
        applied = audits.auditor().apply(audits.grace, Deadline(8))
    assert outcomes(applied) == [("remove", "owed")] * 16
    assert (lab.left()["ports"], lab.left()["port rows"], lab.left()["journal"]) == (0, 0, 16)
    audits.changes = {}
    assert outcomes(audits.apply()) == SETTLED * 16
    assert lab.left()["containers"] == 0
