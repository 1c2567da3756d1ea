from __future__ import annotations

import dataclasses

from nuage_chain.audit.facts import Facts
from nuage_chain.audit.memory import Memory
from nuage_chain.audit.plan import Kind, plan, summary
from nuage_chain.link.sandbox import Sandbox
from tests.unit.attachment.samples import a_record
from tests.unit.audit.test_verdict import FACTS, NOW

GONE = dataclasses.replace(FACTS, sandbox=Sandbox.GONE, listed={})
KEY = GONE.key


def planned(*judged: Facts, memory: Memory | None = None, now: float = 1000.0, grace: float = 600.0):  # type: ignore[no-untyped-def] # noqa: ANN201 - a Plan
    return plan(judged, memory or Memory(), boot=NOW, now=now, grace=grace)


def test_what_is_seen_stale_for_the_first_time_waits_the_whole_grace_time() -> None:
    made = planned(GONE)
    assert (made.actions, [w.seconds for w in made.waiting], made.suspects) == ([], [600.0], {KEY: 1000.0})


def test_one_sighting_is_never_enough_however_short_the_grace_time() -> None:
    assert planned(GONE, grace=0).actions == []
    assert len(planned(GONE, grace=0, memory=Memory(NOW, {KEY: 1000.0})).actions) == 1


def test_it_goes_when_the_grace_time_is_over_and_not_a_second_before() -> None:
    memory = Memory(NOW, {KEY: 1000.0})
    assert planned(GONE, memory=memory, now=1599.0).actions == []
    assert [a.kind for a in planned(GONE, memory=memory, now=1600.0).actions] == [Kind.REMOVE]


def test_a_sighting_alive_in_between_starts_it_anew() -> None:
    alive = planned(FACTS, memory=Memory(NOW, {KEY: 1000.0}), now=1300.0)
    assert alive.suspects == {}


def test_what_was_counted_in_another_boot_counts_for_nothing() -> None:
    assert planned(GONE, memory=Memory("before", {KEY: 0.0}), now=9000.0).actions == []


def test_a_clock_behind_the_first_sighting_makes_nothing_older() -> None:
    made = planned(GONE, memory=Memory(NOW, {KEY: 5000.0}), now=1000.0)
    assert (made.actions, made.suspects) == ([], {KEY: 1000.0})


def test_what_is_owed_or_of_another_boot_does_not_wait() -> None:
    owed = dataclasses.replace(FACTS, record=a_record(owed=["vsd"]))
    old = dataclasses.replace(FACTS, key=("c2", "eth0"), boot="before")
    assert [a.kind for a in planned(owed, old).actions] == [Kind.SETTLE, Kind.REMOVE]


def test_the_hash_is_of_what_is_done_and_not_of_the_time() -> None:
    memory = Memory(NOW, {KEY: 0.0})
    first, later = planned(GONE, memory=memory, now=1000.0), planned(GONE, FACTS, memory=memory, now=2000.0)
    other = planned(dataclasses.replace(GONE, key=("c2", "eth0")), memory=Memory(NOW, {("c2", "eth0"): 0.0}))
    assert first.hash == later.hash != other.hash
    assert len(first.actions) == len(other.actions) == 1


def test_a_container_that_was_started_again_meanwhile_begins_to_wait_anew() -> None:
    """It has the same names, as with `docker restart`; only the token of the call tells it from the first."""
    assert FACTS.remembered is not None
    again = dataclasses.replace(GONE, remembered=dataclasses.replace(FACTS.remembered, call="the first"))
    made = planned(again, memory=Memory(NOW, {KEY: 1000.0}), now=1600.0)
    assert (made.actions, made.suspects) == ([], {KEY: 1600.0})


def test_the_actions_are_said_in_a_line() -> None:
    owed = [dataclasses.replace(FACTS, key=(f"c{n}", "eth0"), record=a_record(owed=["vsd"])) for n in range(7)]
    assert summary(planned()) == "nothing"
    assert summary(planned(*owed[:2])) == "settle eth0 of container c0, settle eth0 of container c1"
    assert summary(planned(*owed)).endswith("settle eth0 of container c4, 2 more")
