"""Each kind of leftover is planted, and goes after the grace time; what lives stays."""

from __future__ import annotations

import subprocess
import time

import pytest

from nuage_chain.audit.cached import Cached
from nuage_chain.audit.plan import Kind
from nuage_chain.deadline import Deadline
from nuage_chain.link import sandbox
from nuage_chain.vrs.connection import Connection
from tests.integration.attachment.inprocess import answer
from tests.integration.audit.audits import Audits, outcomes
from tests.integration.lab import NOTHING, Container, Lab

pytestmark = pytest.mark.root


def vsctl(lab: Lab, *command: str) -> None:
    subprocess.run(["ovs-vsctl", f"--db=unix:{lab.layout.ovsdb_socket}", *command], check=True, timeout=20)


def host_end(result: dict[str, object]) -> str:
    interfaces = result["interfaces"]
    assert isinstance(interfaces, list)
    return next(str(i["name"]) for i in interfaces if i["name"].startswith("veth"))


@pytest.fixture
def process_in() -> object:
    started: list[subprocess.Popen[bytes]] = []

    def start(container: Container) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(["nsenter", f"--net={container.netns}", "--", "sleep", "600"])
        time.sleep(0.2)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("activation", ["split", "metadata"])
def test_a_container_that_vanished_without_a_delete_goes_after_the_grace_time_and_not_before(
    lab: Lab, audits: Audits, activation: str
) -> None:
    dead, alive = lab.container("dead"), lab.container("alive")
    lab.attach(dead, activation=activation)
    lab.attach(alive, activation=activation)
    lab.remove(dead)
    assert outcomes(audits.apply()) == []
    assert [w.facts.key for w in audits.plan().waiting] == [(dead.id, "eth0")]
    assert outcomes(audits.apply(later=599)) == []
    assert outcomes(audits.apply(later=1)) == [("remove", "done")]
    assert alive.pings("10.10.1.1")
    lab.detach(alive, activation=activation)
    lab.settle(NOTHING)


def test_a_container_that_vanished_goes_although_its_runtime_left_it_in_the_cache(lab: Lab, audits: Audits) -> None:
    dead = lab.container("dead")
    lab.attach(dead)
    audits.sources = [Cached(lab.cache)]
    assert dead.id in Cached(lab.cache).listing(Deadline(5)).sandboxes
    audits.apply()
    lab.remove(dead)
    assert (lab.cache / "results" / f"nuage-{dead.id}-eth0").exists()
    assert outcomes(audits.twice()) == [("remove", "done")]
    lab.settle(NOTHING)


def test_a_container_that_somebody_removed_from_the_cache_is_kept_as_long_as_its_namespace_is_there(
    lab: Lab, audits: Audits
) -> None:
    one, other = lab.container("one"), lab.container("other")
    lab.attach(one)
    lab.attach(other)
    audits.sources = [Cached(lab.cache)]
    audits.apply()
    (lab.cache / "results" / f"nuage-{one.id}-eth0").unlink()
    assert outcomes(audits.twice()) == []
    lab.detach(one)
    lab.detach(other)


def test_a_container_whose_namespace_is_there_is_kept_for_ever_without_somebody_who_knows(
    lab: Lab, audits: Audits
) -> None:
    one = lab.container("one")
    lab.attach(one)
    for _ in range(5):
        assert outcomes(audits.apply(later=600)) == []
    assert [why for _, why in audits.plan().kept] == [
        "its namespace is there, and nobody who could know says that it ended"
    ]
    lab.detach(one)


def test_a_container_that_its_runtime_has_forgotten_goes_with_its_veth(lab: Lab, audits: Audits) -> None:
    one = lab.container("one")
    lab.attach(one)
    audits.lists(one.id, "another")
    audits.apply()
    audits.lists("another")
    assert outcomes(audits.twice()) == [("remove", "done")]
    left = lab.left()
    assert (left["ports"], left["containers"], left["veths"]) == (0, 0, 0)
    lab.unveth(one)


def test_a_process_in_the_namespace_keeps_it_whatever_anybody_says(
    lab: Lab, audits: Audits, process_in: object
) -> None:
    one = lab.container("one")
    lab.attach(one)
    assert callable(process_in)
    process_in(one)
    audits.lists(one.id, "another")
    audits.apply()
    audits.lists("another")
    assert outcomes(audits.twice()) == []
    lab.detach(one)


def test_where_a_process_is_out_of_sight_nothing_is_stale_that_has_its_namespace_and_the_plan_says_so(
    lab: Lab, audits: Audits, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = lab.container("one")
    lab.attach(one)
    audits.lists(one.id, "another")
    audits.apply()
    audits.lists("another")
    monkeypatch.setattr(sandbox, "peopled", lambda: None)
    assert outcomes(audits.twice()) == []
    assert any("Not every process in /proc" in problem for problem in audits.plan().problems)
    lab.detach(one)


@pytest.mark.parametrize("problem", ["", "It did not answer within 5 s."])
def test_a_source_that_fails_or_answers_empty_makes_nothing_stale(lab: Lab, audits: Audits, problem: str) -> None:
    one = lab.container("one")
    lab.attach(one)
    audits.lists(one.id)
    audits.apply()
    audits.lists(problem=problem)
    for _ in range(3):
        assert outcomes(audits.apply(later=600)) == []
    lab.detach(one)


def test_a_plan_changes_nothing_and_is_refused_when_the_world_has_changed(lab: Lab, audits: Audits) -> None:
    dead, other = lab.container("dead"), lab.container("other")
    lab.attach(dead)
    lab.attach(other)
    lab.remove(dead)
    audits.apply()
    audits.now += 600
    plan = audits.plan()
    assert [(a.kind, a.facts.key) for a in plan.actions] == [(Kind.REMOVE, (dead.id, "eth0"))]
    assert audits.plan().hash == plan.hash
    lab.detach(other)
    assert audits.plan().hash == plan.hash, "what is not in the plan does not change it"
    answer(lab, "DEL", dead, lab.entry())
    with pytest.raises(Exception, match="the world has changed"):
        audits.apply(wanted=plan.hash)


LOST = {
    "port": [],
    "row": ["Nuage_Port_Table"],
    "vm row": ["Nuage_VM_Table"],
    "both rows": ["Nuage_Port_Table", "Nuage_VM_Table"],
}


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("activation", ["split", "metadata"])
def test_what_somebody_deleted_of_a_live_one_is_put_back(
    lab: Lab, audits: Audits, process_in: object, activation: str, lost: str
) -> None:
    one = lab.container("one")
    result = lab.attach(one, activation=activation)
    assert callable(process_in)
    process_in(one)
    audits.apply()
    if lost == "port":
        vsctl(lab, "del-port", "alubr0", host_end(result))
    for table in LOST[lost]:
        connection = Connection(f"unix:{lab.layout.ovsdb_socket}")
        connection.transact([{"op": "delete", "table": table, "where": []}], Deadline(5))
        connection.close()
    assert outcomes(audits.apply()) == [("put back", "done")]
    until = time.monotonic() + 10
    while not one.pings("10.10.1.1") and time.monotonic() < until:
        time.sleep(0.2)
    assert one.pings("10.10.1.1")
    assert outcomes(audits.apply()) == []
    lab.detach(one, activation=activation)
