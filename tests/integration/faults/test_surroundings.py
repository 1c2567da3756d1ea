"""OVSDB restarted in the middle, disks that are full or read-only, clocks that jump, two ADDs of one attachment."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from nuage_chain.attachment.state import World
from nuage_chain.attachment.verbs import handlers
from nuage_chain.cni import plugin
from nuage_chain.deadline import Deadline
from nuage_chain.vsp import daemons, processes
from tests.integration.attachment.inprocess import answer
from tests.integration.audit.audits import Audits, outcomes
from tests.integration.lab import NOTHING, Container, Lab
from tests.integration.waiting import eventually

pytestmark = [pytest.mark.root, pytest.mark.timeout(300)]


# Seconds from the start of an ADD.
DELAYS = (0.0, 0.03, 0.06, 0.1, 0.2, 0.4)


def restart_ovsdb(lab: Lab, delay: float) -> None:
    time.sleep(delay)
    [daemon] = [d for d in daemons.databases(lab.layout, lab.settings) if d.name == "ovsdb-server"]
    processes.stop(daemon, os.environ, Deadline(20))
    processes.start(daemon, os.environ, (), Deadline(20))()


def replied(lab: Lab, container: Container, entry: dict[str, object], world: World) -> plugin.Reply:
    stdin = json.dumps(entry).encode()
    return plugin.answer(lab.environment("ADD", container), stdin, handlers(world), lambda e: None)


@pytest.mark.parametrize("activation", ["split", "metadata"])
def test_an_ovsdb_that_restarts_in_the_middle_of_an_add_leaves_it_there_or_not_there(
    lab: Lab, activation: str, tell: Callable[[str], None]
) -> None:
    there = 0
    for number, delay in enumerate(DELAYS):
        one = lab.container(f"restart{number}")
        previous = lab.veth(one)
        before = lab.left()
        with ThreadPoolExecutor(1) as pool:
            restarted = pool.submit(restart_ovsdb, lab, delay)
            done = answer(lab, "ADD", one, lab.entry(previous, activation=activation))
            restarted.result()
        if done.status == 0:
            there += 1
            assert lab.left()["ports"] == 1
            # Seen up to four seconds later: ovn-controller takes its time to connect to OVSDB again.
            eventually(partial(one.pings, "10.10.1.1"), "it forwards", 20)
        else:
            assert done.document["code"] in (11, 104), done.document
            # What its own rollback could not clean up, without OVSDB, is owed.
            if not lab.journal.records():
                lab.settle(before, seconds=10)
        assert answer(lab, "DEL", one, lab.entry(activation=activation)).status == 0
        lab.unveth(one)
        lab.remove(one)
        lab.settle(NOTHING, seconds=10)
    tell(f"OVSDB restarted in the middle of an ADD, {activation}: {there} there, {len(DELAYS) - there} not there")
    assert there < len(DELAYS), "no restart met an ADD"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, which a test can fill."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "small", folder], check=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path) -> None:
    with contextlib.suppress(OSError), open(folder / "filler", "wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


def test_a_full_disk_refuses_an_add_before_it_changes_anything_and_no_delete(lab: Lab, small_disk: Path) -> None:
    one, two = lab.container("one"), lab.container("two")
    state: dict[str, Any] = {"stateDir": str(small_disk)}
    first, second = lab.veth(one), lab.veth(two)
    assert answer(lab, "ADD", one, lab.entry(first, **state)).status == 0
    fill(small_disk)
    before = lab.left()
    done = answer(lab, "ADD", two, lab.entry(second, **state))
    assert (done.status, done.document["code"], "No space left" in done.document["msg"]) == (1, 5, True)
    assert lab.left() == before
    assert answer(lab, "DEL", one, lab.entry(**state)).status == 0
    for container in (one, two):
        lab.unveth(container)
    lab.settle(NOTHING)


def test_a_read_only_disk_refuses_an_add_and_no_delete(lab: Lab, small_disk: Path) -> None:
    one, two = lab.container("one"), lab.container("two")
    state: dict[str, Any] = {"stateDir": str(small_disk)}
    first, second = lab.veth(one), lab.veth(two)
    assert answer(lab, "ADD", one, lab.entry(first, **state)).status == 0
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    before = lab.left()
    done = answer(lab, "ADD", two, lab.entry(second, **state))
    assert (done.status, done.document["code"], "Read-only" in done.document["msg"]) == (1, 5, True)
    assert lab.left() == before
    assert answer(lab, "DEL", one, lab.entry(**state)).status == 0
    for container in (one, two):
        lab.unveth(container)
    lab.settle(NOTHING)


@pytest.mark.parametrize("jump", [-1e9, 1e9])
def test_a_clock_on_the_wall_that_jumps_makes_nothing_stale_and_loses_no_debt(
    lab: Lab, audits: Audits, jump: float
) -> None:
    dead, one = lab.container("dead"), lab.container("one")
    lab.attach(dead)
    previous = lab.veth(one)
    world = World("node1", clock=lambda: time.time() + jump)
    assert replied(lab, one, lab.entry(previous), world).status == 0
    lab.detach(one, vsd={"url": "https://127.0.0.1:9", "user": "u", "password": "p"})
    lab.remove(dead)
    audits.clock = lambda: time.time() + jump
    first = audits.apply()
    assert outcomes(first) == [("settle", "done")], first.done
    assert outcomes(audits.apply(later=599)) == []
    assert outcomes(audits.apply(later=1)) == [("remove", "done")]
    lab.settle(NOTHING)


def test_of_two_adds_of_one_attachment_at_once_one_is_there_and_the_other_is_refused(lab: Lab) -> None:
    for number in range(5):
        one = lab.container(f"twice{number}")
        previous = lab.veth(one)
        replies: list[int] = []

        def add(container: Container = one, result: dict[str, object] = previous, into: list[int] = replies) -> None:
            done = lab.call(lab.environment("ADD", container), lab.entry(result))
            into.append(0 if done.status == 0 else done.document["code"])

        threads = [threading.Thread(target=add) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(replies) == [0, 105]
        assert one.pings("10.10.1.1")
        assert (lab.left()["ports"], lab.left()["containers"]) == (1, 1)
        lab.detach(one)
    lab.settle(NOTHING)
