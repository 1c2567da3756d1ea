"""What holds for a container whichever runtime it is of."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.integration.lab import NOTHING, Container, Lab
from tests.integration.runtimes.base import Refused, Runtime

pytestmark = [pytest.mark.root, pytest.mark.timeout(300)]


def address(container: Container) -> str:
    (found,) = container.addresses()
    return found.partition("/")[0]


def test_two_containers_speak_tcp_over_the_overlay_until_they_are_stopped(
    lab: Lab, runtime: Runtime, transfers: Callable[[Container, Container, str], bool]
) -> None:
    one, two = runtime.start("one"), runtime.start("two")
    attached = lab.left()
    assert (attached["ports"], attached["port rows"], attached["containers"], attached["vPorts"]) == (2, 2, 2, 2)
    assert {c["interfaces"][0]["IPAddress"] for c in lab.vsd_objects("containers")} == {address(one), address(two)}
    assert transfers(one, two, address(two))
    assert transfers(two, one, address(one))
    runtime.stop(one)
    runtime.stop(two)
    lab.settle(NOTHING)


def test_a_container_that_is_killed_leaves_nothing(lab: Lab, runtime: Runtime) -> None:
    one = runtime.start("one")
    one.kill()
    runtime.died(one)
    lab.settle(NOTHING, 20)


def test_a_start_that_fails_says_why_and_leaves_nothing(lab: Lab, runtime: Runtime) -> None:
    with pytest.raises(Refused, match="nowhere"):
        runtime.start("one", broken=True)
    lab.settle(NOTHING, 20)


def test_a_restarted_container_is_on_the_overlay_again(
    lab: Lab, runtime: Runtime, transfers: Callable[[Container, Container, str], bool]
) -> None:
    one, two = runtime.start("one"), runtime.start("two")
    again = runtime.restart(one)
    assert again.pid != one.pid
    assert lab.left()["ports"] == 2
    assert transfers(two, again, address(again))
    runtime.stop(again)
    runtime.stop(two)
    lab.settle(NOTHING)
