"""Every kind of what can be left over, by itself: it goes, and what is not certainly dead and ours stays."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyroute2 import IPRoute

from nuage_chain.attachment.state import World
from nuage_chain.audit import apply
from nuage_chain.audit.apply import Done
from nuage_chain.audit.plan import Plan
from nuage_chain.deadline import Deadline
from nuage_chain.link.netns import inside
from nuage_chain.vrs.connection import Connection
from tests.integration.attachment.inprocess import answer
from tests.integration.audit.audits import Audits, outcomes
from tests.integration.audit.test_leftovers import host_end, vsctl
from tests.integration.faults.killing import killed, killed_at
from tests.integration.lab import NOTHING, Container, Lab

pytestmark = pytest.mark.root

KILL_EVERY = 11
REMOVED, SETTLED = [("remove", "done")], [("settle", "done")]


def attach(lab: Lab, container: Container, **changes: Any) -> dict[str, Any]:
    """As `Lab.attach`, without a process of its own for our plugin."""
    added = answer(lab, "ADD", container, lab.entry(lab.veth(container), **changes))
    assert added.status == 0, added.document
    return added.document


def detach(lab: Lab, container: Container, **changes: Any) -> None:
    assert answer(lab, "DEL", container, lab.entry(**changes)).status == 0
    lab.unveth(container)


def lose(lab: Lab, result: dict[str, Any], *tables: str) -> None:
    """Somebody deletes the port, and rows of VRS's tables."""
    vsctl(lab, "del-port", "alubr0", host_end(result))
    connection = Connection(f"unix:{lab.layout.ovsdb_socket}")
    for table in tables:
        connection.transact([{"op": "delete", "table": table, "where": []}], Deadline(5))
    connection.close()


def lose_all(lab: Lab, result: dict[str, Any]) -> None:
    lose(lab, result, "Nuage_Port_Table", "Nuage_VM_Table")


def carried_out(audits: Audits, plan: Plan, seconds: float = 60) -> list[Done]:
    return apply.carry_out(plan.actions, audits.auditor().networks, World(audits.hostname), Deadline(seconds))


def why_kept(audits: Audits) -> list[str]:
    return [why for _, why in audits.plan().kept]


def test_rows_whose_port_somebody_deleted_go_with_their_container(lab: Lab, audits: Audits) -> None:
    dead = lab.container("dead")
    result = attach(lab, dead)
    audits.apply()
    lose(lab, result)
    lab.remove(dead)
    assert outcomes(audits.twice()) == REMOVED
    lab.settle({**NOTHING, "addresses": lab.left()["addresses"]})


def test_rows_without_a_port_that_nobody_remembers_are_told_and_left(lab: Lab, audits: Audits) -> None:
    one = lab.container("one")
    result = attach(lab, one, activation="metadata")
    lose(lab, result)
    assert list(audits.plan().unknown) == [host_end(result)]
    assert outcomes(audits.twice()) == []
    assert lab.left()["port rows"] == 1
    detach(lab, one, activation="metadata")


def test_a_veth_that_the_switch_has_forgotten_goes_when_its_owner_says_that_it_is_dead(
    lab: Lab, audits: Audits
) -> None:
    one = lab.container("one")
    audits.lists(one.id, "another")
    result = attach(lab, one, activation="metadata")
    audits.apply()
    lose_all(lab, result)
    audits.lists("another")
    assert outcomes(audits.twice()) == REMOVED
    assert lab.left()["veths"] == 0
    lab.unveth(one)


def test_what_an_earlier_boot_left_goes_at_once_whoever_lists_it(lab: Lab, audits: Audits) -> None:
    old = lab.container("old")
    name = host_end(attach(lab, old))
    vsctl(lab, "set", "Port", name, "external_ids:nuage-chain-boot=before")
    audits.lists(old.id)
    assert outcomes(audits.apply()) == REMOVED
    assert (lab.left()["ports"], lab.left()["containers"]) == (0, 0)
    lab.unveth(old)


@pytest.mark.parametrize("verb", ["ADD", "DEL"])
def test_a_call_that_was_killed_is_finished_without_any_grace_time(lab: Lab, audits: Audits, verb: str) -> None:
    one = lab.container("one")
    entry = lab.entry(lab.veth(one))
    if verb == "DEL":
        assert answer(lab, "ADD", one, entry).status == 0
    # Before it is in the journal a call has changed nothing, and can be made and killed once more.
    for point in itertools.count(1, 3):
        assert killed(lab, verb, one, entry, point), "it ended, and was never seen in the journal"
        if lab.left()["journal"]:
            break
    assert outcomes(audits.apply()) == SETTLED
    lab.unveth(one)


def test_with_ovsdb_down_nothing_goes_and_nothing_is_forgotten(lab: Lab, audits: Audits, tmp_path: Path) -> None:
    one, dead = lab.container("one"), lab.container("dead")
    attach(lab, one)
    attach(lab, dead)
    lab.remove(dead)
    audits.apply()
    remembered = Path("/var/lib/nuage-chain/audit.json")
    before = remembered.read_text()
    away = f"unix:{tmp_path}/nowhere"
    audits.changes, audits.config = {"ovsdb": away}, tmp_path / "config.yaml"
    audits.config.write_text(yaml.safe_dump({**yaml.safe_load(lab.config.read_text()), "ovsdb": away}))
    for _ in range(2):
        assert outcomes(audits.apply(later=600)) == []
    assert set(why_kept(audits)) == {"OVSDB cannot be asked"}
    for container in (one, dead):
        assert (container.id in before) == (container.id in remembered.read_text())
    audits.changes, audits.config = {}, None
    assert outcomes(audits.twice()) == REMOVED
    detach(lab, one)


def test_what_a_call_is_working_on_is_left_to_it(lab: Lab, audits: Audits) -> None:
    dead = lab.container("dead")
    attach(lab, dead, activation="metadata")
    lab.remove(dead)
    audits.apply()
    audits.now += 600
    plan = audits.plan()
    with lab.journal.lock(dead.id, "eth0", Deadline(5)):
        assert why_kept(audits) == ["a call is under way"]
        assert [(d.outcome, d.why) for d in carried_out(audits, plan)] == [("skipped", "A call for it is under way.")]
    assert [d.outcome for d in carried_out(audits, plan)] == ["done"]


def test_one_that_came_back_after_it_was_judged_stays(lab: Lab, audits: Audits) -> None:
    one = lab.container("one")
    attach(lab, one, activation="metadata")
    lab.remove(one)
    audits.apply()
    audits.now += 600
    plan = audits.plan()
    assert len(plan.actions) == 1
    answer(lab, "DEL", one, lab.entry(activation="metadata"))
    again = lab.container("one")
    lab.forget_results()
    attach(lab, again, activation="metadata")
    assert [(d.outcome, d.why) for d in carried_out(audits, plan)] == [
        ("skipped", "Its port has changed since it was judged.")
    ]
    assert again.pings("10.10.1.1")
    detach(lab, again, activation="metadata")


def test_what_was_deleted_by_its_runtime_after_it_was_judged_is_not_put_back(lab: Lab, audits: Audits) -> None:
    one = lab.container("one")
    entry = lab.entry(lab.veth(one), activation="metadata")
    assert answer(lab, "ADD", one, entry).status == 0
    audits.apply()
    connection = Connection(f"unix:{lab.layout.ovsdb_socket}")
    connection.transact([{"op": "delete", "table": "Nuage_Port_Table", "where": []}], Deadline(5))
    connection.close()
    audits.lists(one.id)
    plan = audits.plan()
    assert [a.kind.value for a in plan.actions] == ["put back"]
    answer(lab, "DEL", one, entry)
    assert [d.outcome for d in carried_out(audits, plan)] == ["skipped"]
    assert (lab.left()["port rows"], lab.left()["VM rows"], lab.left()["ports"]) == (0, 0, 0)
    lab.unveth(one)


def test_an_audit_that_is_killed_at_any_point_is_finished_by_the_next(
    lab: Lab, audits: Audits, pytestconfig: pytest.Config
) -> None:
    alive = lab.container("alive")
    attach(lab, alive)
    ended, point, tried = False, 1, 0
    while not ended:
        dead = lab.container(f"dead-{point}")
        attach(lab, dead)
        lab.remove(dead)
        audits.apply()
        audits.now += 600
        ended = not killed_at(point, "audit", lambda: int(not audits.apply().complete))
        audits.apply()
        left = lab.left()
        assert {n: left[n] for n in ("ports", "containers", "vPorts", "journal", "veths")} == {
            "ports": 1, "containers": 1, "vPorts": 1, "journal": 0, "veths": 1,
        }, point  # fmt: skip
        point, tried = point + (1 if pytestconfig.getoption("long") else KILL_EVERY), tried + 1
    assert tried > 3
    assert alive.pings("10.10.1.1")
    detach(lab, alive)


def test_when_the_time_is_over_the_rest_is_left_to_the_next_audit(lab: Lab, audits: Audits) -> None:
    dead = lab.container("dead")
    attach(lab, dead, activation="metadata")
    lab.remove(dead)
    audits.apply()
    audits.now += 600
    assert [(d.outcome, d.why) for d in carried_out(audits, audits.plan(), seconds=0)] == [
        ("skipped", "There was no time left for it; the next audit goes on.")
    ]
    assert outcomes(audits.apply()) == REMOVED


def test_from_another_namespace_with_a_bridge_of_that_name_no_sandbox_looks_gone(lab: Lab, audits: Audits) -> None:
    """As several nodes on one machine have it."""
    one, other = lab.container("one"), lab.container("other")
    attach(lab, one, activation="metadata")
    audits.changes = {"activation": "metadata"}

    def look() -> Plan:
        with IPRoute() as ipr:
            ipr.link("add", ifname="alubr0", kind="bridge")
        return audits.plan()

    seen = inside(other.netns, look, 60)
    assert ([w.why for w in seen.waiting], [why for _, why in seen.kept]) == ([], ["the kernel cannot be asked"])
    detach(lab, one, activation="metadata")


@pytest.fixture
def other_bridge(lab: Lab) -> Any:
    vsctl(lab, "add-br", "br-other", "--", "set", "Bridge", "br-other", "datapath_type=netdev")
    yield "br-other"
    vsctl(lab, "del-br", "br-other")


def test_a_network_with_a_bridge_of_its_own_is_looked_at_there(lab: Lab, audits: Audits, other_bridge: str) -> None:
    """Nothing of it is on the node's bridge, and it is not `only in VSD` for that."""
    one = lab.container("one")
    name = host_end(attach(lab, one))
    [ids] = [row["external_ids"][1] for row in lab.rows("Port") if row["name"] == name]
    marks = [f'external_ids:{key}="{value}"' for key, value in ids]
    vsctl(lab, "del-port", "alubr0", name, "--", "add-port", other_bridge, name, "--", "set", "Port", name, *marks)
    assert (audits.plan().actions, audits.plan().waiting, audits.plan().kept) == ([], [], [])
    audits.changes = {"bridge": other_bridge}
    assert [facts.switch and facts.switch[1] for facts, _ in audits.plan().kept] == [other_bridge]
    detach(lab, one)
