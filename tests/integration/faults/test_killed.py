"""A call that is killed at any point is brought to "not there" by the next call, and touches nothing that lives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nuage_chain.attachment import settings, settle, sources
from nuage_chain.attachment.settings import Settings
from nuage_chain.attachment.state import World
from nuage_chain.cni.request import Request
from nuage_chain.deadline import Deadline
from nuage_chain.errors import AlreadyAttached
from tests.integration.attachment.inprocess import answer
from tests.integration.faults.killing import killed
from tests.integration.lab import Container, Lab

pytestmark = [pytest.mark.root, pytest.mark.timeout(300)]

# The short form kills at every third point, another third for each way on.
EVERY = 3
_ENOUGH = 400


@pytest.fixture
def neighbour(lab: Lab) -> Iterator[Container]:
    """A container that was attached before all this, and has to stay so."""
    other = lab.container("neighbour")
    lab.attach(other)
    yield other
    assert other.pings("10.10.1.1")
    lab.detach(other)


def settings_of(lab: Lab, entry: dict[str, Any]) -> Settings:
    return settings.merge(sources.layers(Request("DEL", "1.0.0", config=entry)), "node1")


def settled(lab: Lab, entry: dict[str, Any]) -> None:
    """What the audit does with what is in the journal."""
    found = settings_of(lab, entry)
    for record in lab.journal.records():
        with lab.journal.try_lock(record.container_id, record.ifname) as ours:
            assert ours, "a process that was killed holds no lock"
            assert settle.settle(record, found, World("node1"), Deadline(20)) == []


Tell = Callable[[str], None]
Recover = Callable[[Lab, Container, dict[str, Any]], None]


def by_delete(lab: Lab, container: Container, entry: dict[str, Any]) -> None:
    assert answer(lab, "DEL", container, entry).status == 0


def by_audit_then_delete(lab: Lab, container: Container, entry: dict[str, Any]) -> None:
    settled(lab, entry)
    assert lab.journal.records() == []
    by_delete(lab, container, entry)


def by_a_second_add(lab: Lab, container: Container, entry: dict[str, Any]) -> None:
    """As a runtime does that tries again without a DEL."""
    done = answer(lab, "ADD", container, entry)
    if done.status:
        assert done.document["code"] in (102, 105), "only where the one that was killed had ended"
        by_delete(lab, container, entry)
        done = answer(lab, "ADD", container, entry)
    assert done.status == 0, done.document
    assert container.pings("10.10.1.1")
    by_delete(lab, container, entry)


RECOVERIES = (by_delete, by_audit_then_delete, by_a_second_add)


def points(first: int, every: int) -> Iterator[int]:
    return iter(range(1 + first, _ENOUGH, every))


@pytest.mark.parametrize("recover", RECOVERIES)
@pytest.mark.parametrize("activation", ["split", "metadata"])
def test_an_add_that_is_killed_at_any_point_leaves_nothing_after_the_next_call(
    lab: Lab, neighbour: Container, activation: str, recover: Recover, pytestconfig: pytest.Config, tell: Tell
) -> None:
    before, tried = lab.left(), 0
    for point in points(RECOVERIES.index(recover), 1 if pytestconfig.getoption("long") else EVERY):
        one = lab.container(f"add{point}")
        entry = lab.entry(lab.veth(one), activation=activation)
        was_killed = killed(lab, "ADD", one, entry, point)
        recover(lab, one, entry) if was_killed else by_delete(lab, one, entry)
        lab.unveth(one)
        lab.remove(one)
        lab.settle(before)
        if not was_killed:
            break
        tried += 1
    tell(f"ADD killed at {tried} points, {activation}, recovered {recover.__name__}")
    assert 5 < tried < _ENOUGH


@pytest.mark.parametrize("recover", RECOVERIES[:2])
@pytest.mark.parametrize("activation", ["split", "metadata"])
def test_a_delete_that_is_killed_at_any_point_leaves_nothing_after_the_next_call(
    lab: Lab, neighbour: Container, activation: str, recover: Recover, pytestconfig: pytest.Config, tell: Tell
) -> None:
    before, tried = lab.left(), 0
    for point in points(RECOVERIES.index(recover), 1 if pytestconfig.getoption("long") else 2):
        one = lab.container(f"del{point}")
        entry = lab.entry(lab.veth(one), activation=activation)
        assert answer(lab, "ADD", one, entry).status == 0
        was_killed = killed(lab, "DEL", one, entry, point)
        if was_killed:
            recover(lab, one, entry)
        lab.unveth(one)
        lab.remove(one)
        lab.settle(before)
        if not was_killed:
            break
        tried += 1
    tell(f"DEL killed at {tried} points, {activation}, recovered {recover.__name__}")
    assert 3 < tried < _ENOUGH


@pytest.mark.parametrize("activation", ["split", "metadata"])
def test_a_second_add_that_is_killed_at_any_point_leaves_the_first_one_attached(
    lab: Lab, activation: str, pytestconfig: pytest.Config, tell: Tell
) -> None:
    one = lab.container("one")
    entry = lab.entry(lab.veth(one), activation=activation)
    assert answer(lab, "ADD", one, entry).status == 0
    before, tried = lab.left(), 0
    for point in points(0, 1 if pytestconfig.getoption("long") else 2):
        was_killed = killed(lab, "ADD", one, entry, point, code=AlreadyAttached.code)
        if was_killed:
            settled(lab, entry)
        lab.settle(before)
        assert one.pings("10.10.1.1"), f"after point {point}"
        if not was_killed:
            break
        tried += 1
    tell(f"second ADD killed at {tried} points, {activation}")
    by_delete(lab, one, entry)
    lab.unveth(one)
    assert 3 < tried < _ENOUGH
