from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import VsdUnreachable
from nuage_chain.vsp import events as module
from nuage_chain.vsp.events import Events

if TYPE_CHECKING:
    from collections.abc import Callable

    from nuage_chain.vsd.session import Access
    from tests.unit.vsp.conftest import World


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.05)


def until(happened: Callable[[], Any], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)


class Heard:
    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.gaps = 0

    def gap(self) -> None:
        self.gaps += 1

    def about(self, kind: str) -> list[tuple[str, str]]:
        return [(e["type"], e["entities"][0]["name"]) for e in self.events if e["entityType"] == kind]


def test_what_happens_in_vsd_is_heard_after_the_first_gap(world: World) -> None:
    heard = Heard()
    events = Events(world.sessions.access, heard.events.extend, heard.gap)
    events.start()
    until(lambda: heard.gaps == 1)
    made = world.session.create("enterprises", {"name": "E1"}, Deadline(5))
    until(lambda: ("CREATE", "E1") in heard.about("enterprise"))
    world.session.delete(f"enterprises/{made['ID']}", Deadline(5))
    until(lambda: ("DELETE", "E1") in heard.about("enterprise"))
    events.end()


def test_a_poll_that_ends_without_events_is_no_gap(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHORTEST_POLL", 0.2)
    heard = Heard()
    events = Events(world.sessions.access, heard.events.extend, heard.gap)
    events.start()
    until(lambda: heard.gaps == 1)
    time.sleep(1.2)
    assert heard.gaps == 1
    events.end()


def test_after_a_failure_something_may_have_been_missed(world: World) -> None:
    heard = Heard()
    asked: list[Access] = []

    def access() -> Access:
        asked.append(replace(world.sessions.access(), url=world.server.url))
        return asked[-1]

    events = Events(access, heard.events.extend, heard.gap)
    events.start()
    until(lambda: heard.gaps == 1)
    known = len(asked)
    world.server.stop()
    until(lambda: len(asked) > known)
    before = heard.gaps
    world.server.start()
    until(lambda: heard.gaps > before)
    events.end()


def test_while_vsd_cannot_be_asked_nothing_is_heard(world: World) -> None:
    heard = Heard()
    asked: list[int] = []

    def access() -> Access:
        asked.append(1)
        raise VsdUnreachable("down")

    events = Events(access, heard.events.extend, heard.gap)
    events.start()
    until(lambda: len(asked) > 3)
    events.end()
    assert heard.gaps == 0
