"""The life of a port, with a VSC that answers as a test tells it."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from nuage_chain.errors import VsdUnreachable
from nuage_chain.vsp.resolver import resolutions
from nuage_chain.vsp.resolver.binding import Binding, Network
from nuage_chain.vsp.resolver.life import Life
from nuage_chain.vsp.resolver.networks import Unresolved
from nuage_chain.vsp.resolver.resolutions import Resolutions
from nuage_chain.vsp.resolver.rows import UNRESOLVED, Demand, Interface, Names, PortView

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from nuage_chain.deadline import Deadline

NETWORK = Network("s1", "255.255.255.0", "10.10.1.1", 1, 2)
NAMES = Names("Acme", "", "Shop", "front", "web")
DOWN = VsdUnreachable("VSD is down.")
UNKNOWN = Unresolved("VSD has no container.")


def demand(port: str = "nu1", names: Names | None = None) -> Demand:
    return Demand(port, "7a:42:00:00:00:01", f"uuid-of-{port}", "web-1", names)


def binding_of(asked: Demand) -> Binding:
    ids = (f"vp-{asked.port}", f"c-{asked.port}", f"i-{asked.port}")
    return Binding(asked.port, asked.vm_uuid, asked.mac, *ids, "10.10.1.2", NETWORK)


def view(asked: Demand, *, plugged: bool = True) -> PortView:
    return PortView(asked, "row", UNRESOLVED, Interface("if", "", False) if plugged else None)


class FakeVsc:
    """answers: what `activate` does, one after the other, the last one for ever; failures: what is raised instead."""

    def __init__(self) -> None:
        self.answers: list[Exception | Callable[[Demand], Binding]] = [binding_of]
        self.release_failures: list[Exception] = []
        self.report_failures: list[Exception] = []
        self.activated: list[str] = []
        self.released: list[str] = []
        self.reported: list[str] = []
        self.down: list[str] = []
        self.gate = threading.Event()
        self.gate.set()

    def activate(self, demand: Demand, deadline: Deadline) -> Binding:
        self.activated.append(demand.port)
        assert self.gate.wait(5)
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer(demand)

    def release(self, demand: Demand, deadline: Deadline) -> None:
        if self.release_failures:
            raise self.release_failures.pop(0)
        self.released.append(demand.port)

    def report(self, binding: Binding, life: Life, deadline: Deadline) -> None:
        if self.report_failures:
            raise self.report_failures.pop(0)
        self.reported.append(binding.port)

    def report_down(self, binding: Binding, deadline: Deadline) -> None:
        self.down.append(binding.port)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in [("FIRST_PAUSE", 0.01), ("LONGEST_PAUSE", 0.02), ("GRACE_SECONDS", 0.05)]:
        monkeypatch.setattr(resolutions, name, seconds)
    monkeypatch.setattr(resolutions, "REPORT_PAUSE", 0.01)


def run(vsc: FakeVsc, work: Callable[[Resolutions], Awaitable[None]]) -> None:
    async def main() -> None:
        with ThreadPoolExecutor(4) as lookups, ThreadPoolExecutor(1) as reports:
            made = Resolutions(vsc, lambda: None, lookups, reports)
            made.start()
            try:
                await asyncio.wait_for(work(made), 10)
            finally:
                vsc.gate.set()
                await made.close()

    asyncio.run(main())


async def until(happened: Callable[[], Any]) -> None:
    while not happened():
        await asyncio.sleep(0.005)


def test_a_port_is_undecided_until_vsd_has_spoken() -> None:
    vsc = FakeVsc()
    vsc.gate.clear()

    async def work(made: Resolutions) -> None:
        made.follow({"nu1": view(demand())})
        assert made.undecided == {"nu1"}
        vsc.gate.set()
        await until(lambda: made.bindings)
        assert made.undecided == set()
        assert made.bindings["nu1"].vport_id == "vp-nu1"

    run(vsc, work)


def test_a_port_whose_device_is_not_there_yet_is_not_asked_for() -> None:
    vsc = FakeVsc()

    async def work(made: Resolutions) -> None:
        made.follow({"nu1": view(demand(), plugged=False)})
        await asyncio.sleep(0.05)
        assert vsc.activated == []
        made.follow({"nu1": view(demand())})
        await until(lambda: made.bindings)

    run(vsc, work)


def test_vsd_down_leaves_a_port_undecided_and_is_tried_again() -> None:
    vsc = FakeVsc()
    vsc.answers = [DOWN, DOWN, binding_of]

    async def work(made: Resolutions) -> None:
        made.follow({"nu1": view(demand())})
        await until(lambda: len(vsc.activated) == 2)
        assert made.undecided == {"nu1"}
        await until(lambda: made.bindings)

    run(vsc, work)


def test_vsd_down_keeps_what_was_decided() -> None:
    vsc = FakeVsc()
    vsc.answers = [binding_of, DOWN]

    async def work(made: Resolutions) -> None:
        made.follow({"nu1": view(demand())})
        await until(lambda: made.bindings)
        made.ask_again(lambda _: True)
        await until(lambda: len(vsc.activated) > 3)
        assert made.bindings["nu1"].vport_id == "vp-nu1"

    run(vsc, work)


def test_a_port_that_vsd_does_not_know_any_more_is_decided_without_a_binding() -> None:
    vsc = FakeVsc()
    vsc.answers = [binding_of, UNKNOWN]

    async def work(made: Resolutions) -> None:
        made.follow({"nu1": view(demand())})
        await until(lambda: made.bindings)
        made.ask_again(lambda _: True)
        await until(lambda: not made.bindings)
        assert made.undecided == set()

    run(vsc, work)


def test_a_decided_port_is_asked_for_again_only_when_something_concerns_it() -> None:
    vsc = FakeVsc()

    async def work(made: Resolutions) -> None:
        made.follow({name: view(demand(name)) for name in ("nu1", "nu2")})
        await until(lambda: len(made.bindings) == 2)
        made.ask_again(lambda entry: entry.demand.port == "nu2")
        await until(lambda: len(vsc.activated) == 3)
        await asyncio.sleep(0.05)
        assert sorted(vsc.activated) == ["nu1", "nu2", "nu2"]

    run(vsc, work)


def test_the_same_reason_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    vsc = FakeVsc()
    vsc.answers = [UNKNOWN]

    async def work(made: Resolutions) -> None:
        made.follow({"nu1": view(demand())})
        await until(lambda: len(vsc.activated) > 5)

    run(vsc, work)
    assert [r.getMessage() for r in caplog.records].count(
        "port nu1 of uuid-of-nu1 is not resolved: VSD has no container."
    ) == 1


def test_vsd_is_told_once_that_a_port_runs_and_again_when_it_was_down() -> None:
    vsc = FakeVsc()
    vsc.report_failures = [DOWN, DOWN]

    async def work(made: Resolutions) -> None:
        made.follow({"nu1": view(demand())})
        await until(lambda: made.bindings)
        for _ in range(3):
            made.settled("nu1", Life())
        await until(lambda: vsc.reported)
        await asyncio.sleep(0.05)
        assert vsc.reported == ["nu1"]

    run(vsc, work)


def test_reports_come_after_look_ups() -> None:
    vsc = FakeVsc()

    async def work(made: Resolutions) -> None:
        views = {"nu1": view(demand())}
        made.follow(views)
        await until(lambda: made.bindings)
        vsc.gate.clear()
        made.follow({**views, "nu2": view(demand("nu2"))})
        made.settled("nu1", Life())
        await asyncio.sleep(0.1)
        assert vsc.reported == []
        vsc.gate.set()
        await until(lambda: vsc.reported == ["nu1"])

    run(vsc, work)


def test_in_metadata_mode_the_end_of_a_row_is_the_end_of_its_objects_even_when_vsd_is_down_first() -> None:
    vsc = FakeVsc()
    vsc.release_failures = [DOWN, DOWN]

    async def work(made: Resolutions) -> None:
        made.follow({"nu1": view(demand(names=NAMES))})
        await until(lambda: made.bindings)
        made.follow({})
        assert made.bindings == {}
        await until(lambda: vsc.released == ["nu1"])

    run(vsc, work)


def test_a_row_that_goes_while_vsd_is_being_asked_is_released_afterwards() -> None:
    vsc = FakeVsc()
    vsc.gate.clear()

    async def work(made: Resolutions) -> None:
        made.follow({"nu1": view(demand(names=NAMES))})
        await until(lambda: vsc.activated)
        made.follow({})
        await asyncio.sleep(0.05)
        assert vsc.released == []
        vsc.gate.set()
        await until(lambda: vsc.released == ["nu1"])

    run(vsc, work)


def test_a_port_that_is_plugged_in_again_waits_for_the_end_of_its_predecessor() -> None:
    vsc = FakeVsc()
    vsc.release_failures = [DOWN] * 5

    async def work(made: Resolutions) -> None:
        made.follow({"nu1": view(demand(names=NAMES))})
        await until(lambda: made.bindings)
        again = replace(demand(names=NAMES), vm_uuid="another")
        made.follow({"nu1": view(again)})
        await until(lambda: len(vsc.activated) == 2)
        assert vsc.released == ["nu1"]
        await until(lambda: made.bindings and made.bindings["nu1"].vm_uuid == "another")

    run(vsc, work)


def test_a_port_that_is_edited_again_and_again_while_vsd_is_asked_is_resolved_as_it_is_at_last() -> None:
    vsc = FakeVsc()
    vsc.gate.clear()
    edits = [replace(demand(names=NAMES), vm_uuid=f"edit-{n}") for n in range(4)]

    async def work(made: Resolutions) -> None:
        for edit in edits:
            made.follow({"nu1": view(edit)})
            await asyncio.sleep(0)
        vsc.gate.set()
        await until(lambda: made.bindings)
        assert made.bindings["nu1"].vm_uuid == "edit-3"
        assert vsc.released == ["nu1"] * 3

    run(vsc, work)


def test_a_successor_does_not_wait_for_a_predecessor_whose_task_has_failed() -> None:
    vsc = FakeVsc()
    vsc.answers = [KeyError("an answer of VSD that nobody expected"), binding_of]

    async def work(made: Resolutions) -> None:
        made.follow({"nu1": view(demand(names=NAMES))})
        await until(lambda: vsc.activated)
        await asyncio.sleep(0.05)
        made.follow({"nu1": view(replace(demand(names=NAMES), vm_uuid="another"))})
        await until(lambda: made.bindings)

    run(vsc, work)


def test_in_split_mode_nothing_is_deleted_and_what_stays_is_down() -> None:
    vsc = FakeVsc()

    async def work(made: Resolutions) -> None:
        made.follow({"nu1": view(demand())})
        await until(lambda: made.bindings)
        made.follow({})
        await until(lambda: vsc.down == ["nu1"])
        assert vsc.released == []

    run(vsc, work)


def test_in_split_mode_a_vport_that_is_bound_again_is_not_down() -> None:
    vsc = FakeVsc()

    async def work(made: Resolutions) -> None:
        made.follow({"nu1": view(demand())})
        await until(lambda: made.bindings)
        made.follow({})
        made.follow({"nu1": view(demand())})
        await until(lambda: made.bindings)
        await asyncio.sleep(0.2)
        assert vsc.down == []

    run(vsc, work)


def test_many_ports_are_asked_for_beside_each_other() -> None:
    vsc = FakeVsc()
    beside = threading.Barrier(4)
    vsc.answers = [lambda asked: (beside.wait(5), binding_of(asked))[1]]

    async def work(made: Resolutions) -> None:
        made.follow({f"nu{n}": view(demand(f"nu{n}")) for n in range(8)})
        await until(lambda: len(made.bindings) == 8)

    run(vsc, work)
