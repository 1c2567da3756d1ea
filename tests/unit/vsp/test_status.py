from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import DeadlineExceeded
from nuage_chain.vsp import cluster, status
from nuage_chain.vsp.layout import Layout, layout_of, prepare
from nuage_chain.vsp.settings import Settings, save_settings

HERE = Settings(None, False, "netdev", "id", 8443, 7443, controller=False)


class Clock:
    """Time that goes by where a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def deadline(self) -> Deadline:
        return Deadline(10, self)


@pytest.fixture
def centre(tmp_path: Path) -> Layout:
    """A centre with four nodes, of which nothing runs."""
    layout = layout_of(tmp_path / "s")
    for one in (layout, *(cluster.layout_of_node(layout, number) for number in range(1, 5))):
        prepare(one)
        save_settings(one, replace(HERE, system_id=one.state.name))
    return layout


def answering(asked: list[str], clock: Clock, says: Callable[[], bool]) -> Callable[..., bool]:
    """A VSD that takes its time."""

    def answers(layout: Layout, settings: Settings, deadline: Deadline) -> bool:
        asked.append(settings.system_id)
        clock.now += 4
        try:
            deadline.left("asking VSD")
        except DeadlineExceeded:
            return False
        return says()

    return answers


def test_the_last_node_is_looked_at_as_long_as_the_first(centre: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(status, "_answers", answering([], clock, lambda: True))
    found = status.status(centre.state, environment={}, deadline=clock.deadline)
    assert {number: node.vsd_answers for number, node in found.nodes.items()} == dict.fromkeys(range(1, 5), True)


def test_a_vsd_that_gives_the_centre_no_answer_is_not_asked_by_each_node(
    centre: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, asked = Clock(), list[str]()
    monkeypatch.setattr(status, "_answers", answering(asked, clock, lambda: False))
    found = status.status(centre.state, environment={}, deadline=clock.deadline)
    assert asked == ["s"]
    assert [node.vsd_answers for node in (found, *found.nodes.values())] == [False] * 5
