"""No input makes the plugin print anything but one JSON document, hang, claim a success, or act on what it was told."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from nuage_chain.attachment.journal import Journal
from nuage_chain.attachment.settings import Settings
from nuage_chain.attachment.state import World
from nuage_chain.attachment.verbs import handlers
from nuage_chain.cni import plugin
from nuage_chain.errors import VsdUnreachable
from nuage_chain.vrs.connection import Connection
from nuage_chain.vrs.switch import Switch
from nuage_chain.vsd.access import Access
from nuage_chain.vsd.session import Session
from tests.integration.cni import generated, hostile
from tests.integration.cni.hostile import CANARY, Answer, Call
from tests.integration.lab import Lab

# A fixed corpus: the same examples in every run, and no time limit for one of them on a busy machine.
STABLE = settings(derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
SECONDS = 30

# One of each sort through the real executable; all of them go through the same functions in process.
THROUGH_THE_EXECUTABLE = [
    name
    for number, name in enumerate(hostile.TABLE)
    if number % 9 == 0 or name.startswith(("a namespace that is", "arguments", "ovsdb 'unix", "16 MB"))
]


@pytest.fixture
def nowhere(tmp_path: Path) -> World:
    """A world in which OVSDB and VSD are not there: nothing that a handler does can reach the kernel or a server."""
    absent = f"unix:{tmp_path}/db.sock"

    def switch(found: Settings) -> Switch:
        Connection(found.text("ovsdb")).close()
        return Switch(Connection(absent), found.text("bridge"))

    def vsd(access: Access) -> Session:
        access.check()
        access.tls()
        raise VsdUnreachable("VSD is not there.")

    journal = Journal(tmp_path / "journal", tmp_path / "run")
    return World(hostname="node", switch=switch, vsd=vsd, journal=lambda _: journal, notice=lambda _: None)


@pytest.fixture
def in_process(nowhere: World, tmp_path: Path) -> Callable[[Call], Answer]:
    node = tmp_path / "config.yaml"
    node.write_text("bridge: alubr0\n")

    def work(call: Call) -> Answer:
        reported: list[BaseException] = []
        reply = plugin.answer(call.environ, call.stdin, handlers(nowhere, node), reported.append)
        return Answer(reply.status, reply.stdout, reported=reported)

    return work


@pytest.fixture
def canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody may make a file of that name, neither here nor where the paths of the corpus lead to."""
    folder = tmp_path / "working" / "folder"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    yield
    places = [folder, *folder.parents, Path("/tmp"), Path("/nowhere"), Path("/var/lib"), Path("/run"), Path("/etc")]  # noqa: S108
    assert [place for place in places if (place / CANARY).exists()] == []


@pytest.mark.parametrize("case", hostile.TABLE)
@pytest.mark.usefixtures("canary")
def test_each_of_the_table_is_answered_in_process(case: str, in_process: Callable[[Call], Answer]) -> None:
    call = hostile.TABLE[case]
    begin = time.monotonic()
    answer = in_process(call)
    assert time.monotonic() - begin < SECONDS
    if call.verb:
        hostile.hold(call, answer)


@pytest.mark.usefixtures("canary")
def test_whatever_is_generated_is_answered_in_process(in_process: Callable[[Call], Answer]) -> None:
    codes: Counter[object] = Counter()

    @settings(STABLE, max_examples=150)
    @given(generated.calls())
    def every(call: Call) -> None:
        answer = in_process(call)
        hostile.hold(call, answer)
        codes[json.loads(answer.stdout).get("code") if answer.stdout else None] += 1

    every()
    # Some of what is generated gets past every check, up to where the namespace or OVSDB is missed.
    assert {3, 11} & set(codes)


@pytest.fixture
def executable(lab: Lab) -> Callable[[Call], Answer]:
    """The real executable in the lab: OVSDB and VSD are there, and what it does could be seen.

    A DEL that names an OVSDB which is not there leaves a debt, and is right to do so.
    """

    def work(call: Call) -> Answer:
        environ = {**call.environ, "PATH": os.environ["PATH"]}
        done = lab.call(environ, call.stdin, SECONDS)
        for debt in lab.journal.debts():
            assert call.verb == "DEL"
            lab.journal.paid(debt)
        return Answer(done.status, done.stdout, done.stderr)

    return work


@pytest.mark.root
@pytest.mark.parametrize("case", THROUGH_THE_EXECUTABLE)
@pytest.mark.usefixtures("canary")
def test_some_of_the_table_are_answered_by_the_executable(case: str, executable: Callable[[Call], Answer]) -> None:
    call = hostile.TABLE[case]
    hostile.hold(call, executable(call))


@pytest.mark.root
@pytest.mark.usefixtures("canary")
def test_whatever_is_generated_is_answered_by_the_executable(lab: Lab, executable: Callable[[Call], Answer]) -> None:
    before = lab.left()

    @settings(STABLE, max_examples=15)
    @given(generated.calls())
    def every(call: Call) -> None:
        hostile.hold(call, executable(call))

    every()
    assert lab.left() == before


@pytest.mark.root
@pytest.mark.parametrize("key", ["CNI_NETNS", "configFile", "ca"])
@pytest.mark.usefixtures("canary")
def test_a_fifo_in_place_of_a_file_is_not_waited_for(
    key: str, executable: Callable[[Call], Answer], tmp_path: Path
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    call = {
        "CNI_NETNS": hostile.made({"CNI_NETNS": str(fifo)}),
        "configFile": hostile.made(configFile=str(fifo)),
        "ca": hostile.made(vsd={"url": "https://127.0.0.1:9", "user": "u", "password": "p", "ca": str(fifo)}),
    }[key]
    hostile.hold(call, executable(call))
