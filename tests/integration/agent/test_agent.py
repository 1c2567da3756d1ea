"""Calls that go through an agent do what those without one do, and none is done twice."""

from __future__ import annotations

import json
import re
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from nuage_chain.attachment import traces
from nuage_chain.launcher import SOCKET
from tests.integration.agent.conftest import Agent, started
from tests.integration.lab import EXECUTABLE, Container, Lab
from tests.integration.waiting import eventually

pytestmark = pytest.mark.root
# With addresses of IPAM: a container that stays gets the same one with every ADD.
STEADY = "20-nuage-host-local.conflist"


def start(lab: Lab, verb: str, container: Container, entry: dict[str, Any]) -> subprocess.Popen[bytes]:
    """A call that goes on while the test does something else."""
    pipe = subprocess.PIPE
    process = subprocess.Popen([EXECUTABLE], env=lab.environment(verb, container), stdin=pipe, stdout=pipe, stderr=pipe)
    assert process.stdin is not None
    process.stdin.write(json.dumps(entry).encode())
    process.stdin.close()
    process.stdin = None
    return process


def waiting(lab: Lab, container: Container, timeout: int = 30) -> dict[str, Any]:
    """An entry with which ADD waits until its time is up: VRS never resolves the port."""
    return lab.entry(lab.veth(container), activation="metadata", subnet="there is none", timeout=timeout)


def test_every_verb_gives_what_it_gives_without_an_agent(lab: Lab, agent: Agent) -> None:
    before = lab.left()
    one = lab.container("one")
    entry = lab.entry(lab.veth(one))
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    added = lab.call(lab.environment("ADD", one) | {"TRACEPARENT": parent}, entry)
    assert (added.status, added.stderr) == (0, ""), added
    assert one.pings("10.10.1.1")
    traced = list(traces.read(lab.journal.folder.parent))[-1]
    assert (traced["way"], traced["traceparent"]) == ("agent", parent)
    later = lab.entry(added.document) | {"cniVersion": "1.1.0"}
    documents = {}
    for way in ("agent", "direct"):
        calls = {v: lab.call(lab.environment(v, one), later) for v in ("CHECK", "STATUS", "VERSION")}
        bad = {v: lab.call(lab.environment(v, one), b"{}") for v in ("ADD", "DEL", "GC", "NONSENSE")}
        documents[way] = calls | bad
        if way == "agent":
            assert [agent.calls(v) for v in ("ADD", "CHECK", "STATUS", "VERSION")] == [2, 1, 1, 1]
            agent.process.send_signal(signal.SIGTERM)
            assert agent.process.wait(20) == 0
            assert not SOCKET.exists()
    assert documents["agent"] == documents["direct"]
    assert lab.call(lab.environment("DEL", one), later).status == 0
    lab.unveth(one)
    lab.settle(before)


def test_connections_to_ovsdb_and_the_session_with_vsd_are_kept_and_replaced_when_they_broke(
    lab: Lab, agent: Agent
) -> None:
    one = lab.container("one")
    entry = lab.entry(lab.veth(one, STEADY))

    def cycle() -> None:
        for verb in ("ADD", "DEL"):
            done = lab.call(lab.environment(verb, one), entry)
            assert (done.status, done.stderr) == (0, ""), done

    cycle()
    assert "1 connection(s) to OVSDB, 1 session(s) with VSD" in agent.about()
    kept = sockets(agent)
    cycle()
    assert sockets(agent) == kept
    lab.unveth(one, STEADY)


def sockets(agent: Agent) -> set[str]:
    """Those that the agent has open: their numbers stay as long as the connections do."""
    said = subprocess.run(["ss", "-Hxtnp"], capture_output=True, text=True, check=True).stdout
    return {line.split()[4] + line.split()[5] for line in said.splitlines() if f"pid={agent.process.pid}," in line}


def test_a_caller_that_is_killed_has_its_add_rolled_back(lab: Lab, agent: Agent) -> None:
    one = lab.container("one")
    entry = waiting(lab, one)
    before = lab.left()
    call = start(lab, "ADD", one, entry)
    eventually(lambda: lab.left()["ports"] == before["ports"] + 1)
    began = time.monotonic()
    call.kill()
    call.communicate()
    lab.settle(before, seconds=10)
    assert time.monotonic() - began < 10, "well before its time is up"
    assert ", 0 waiting" in agent.about()
    lab.unveth(one)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_caller_rolls_its_add_back_and_gives_one_document(
    lab: Lab, agent: Agent, number: signal.Signals
) -> None:
    one = lab.container("one")
    entry = waiting(lab, one)
    before = lab.left()
    call = start(lab, "ADD", one, entry)
    eventually(lambda: lab.left()["ports"] == before["ports"] + 1)
    for again in (number, signal.SIGTERM, number):
        call.send_signal(again)
    out, _ = call.communicate(timeout=20)
    assert lab.left() == before
    document = json.loads(out)
    assert (call.returncode, document["code"], "rolled back" in document["msg"]) == (1, 11, True)
    lab.unveth(one)


def test_an_agent_that_is_stopped_finishes_what_is_under_way(lab: Lab, agent: Agent) -> None:
    one, two = lab.container("one"), lab.container("two")
    entry, other = waiting(lab, one, timeout=3), lab.entry(lab.veth(two))
    before = lab.left()
    call = start(lab, "ADD", one, entry)
    eventually(lambda: lab.left()["ports"] == before["ports"] + 1)
    agent.process.terminate()
    assert lab.call(lab.environment("ADD", two), other).status == 0, "done without the agent meanwhile"
    out, _ = call.communicate(timeout=20)
    assert "did not resolve the port" in json.loads(out)["msg"]
    assert agent.process.wait(20) == 0
    assert lab.call(lab.environment("DEL", two), other).status == 0
    for container in (one, two):
        lab.unveth(container)


def test_a_burst_of_adds_succeeds_and_status_is_answered_meanwhile(
    lab: Lab, agent: Agent, tell: Callable[[str], None]
) -> None:
    number = 100
    before = lab.left()
    with ThreadPoolExecutor(4) as pool:
        containers = list(pool.map(lambda i: lab.container(f"burst{i}"), range(number)))
    entries = [lab.entry(lab.veth(container)) for container in containers]
    status = lab.entry() | {"cniVersion": "1.1.0"}
    answered = []

    def all_of(verb: str) -> None:
        begun = time.monotonic()
        calls = [start(lab, verb, c, e) for c, e in zip(containers, entries, strict=True)]
        while any(call.poll() is None for call in calls):
            asked = time.monotonic()
            looked = lab.call(lab.environment("STATUS", containers[0]), status)
            assert (looked.status, looked.stdout) == (0, "")
            answered.append(time.monotonic() - asked)
            time.sleep(0.1)
        for call in calls:
            out, err = call.communicate()
            assert (call.returncode, err) == (0, b""), out
        tell(f"{number} {verb} at once through an agent: {time.monotonic() - begun:.1f} s")

    all_of("ADD")
    assert lab.left()["port rows"] == before["port rows"] + number
    assert [agent.calls("ADD"), len(answered) > 3] == [number, True]
    all_of("DEL")
    tell(f"STATUS meanwhile: {len(answered)} times, {1000 * sum(answered) / len(answered):.0f} ms on average")
    for container in containers:
        lab.unveth(container)
    lab.settle(before)


def test_memory_does_not_grow_with_the_number_of_calls(lab: Lab, agent: Agent) -> None:
    one = lab.container("one")
    entry = lab.entry(lab.veth(one, STEADY))

    def kilobytes() -> int:
        with open(f"/proc/{agent.process.pid}/status") as file:
            found = re.search(r"VmRSS:\s+(\d+)", file.read())
        assert found
        return int(found[1])

    def cycle(times: int) -> None:
        for _ in range(times):
            for verb in ("ADD", "DEL"):
                assert lab.call(lab.environment(verb, one), entry).status == 0

    cycle(8)
    before = kilobytes()
    cycle(16)
    assert kilobytes() - before < 500
    lab.unveth(one, STEADY)


def test_an_agent_may_open_as_many_files_as_the_machine_lets_it(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    try:
        with started(tmp_path / "log") as agent:
            assert resource.prlimit(agent.process.pid, resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
