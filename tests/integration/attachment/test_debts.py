"""DEL with something down: what can be cleaned is, the rest is owed, and a later call or the next DEL pays it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

from nuage_chain.attachment.journal import Journal
from nuage_chain.attachment.state import World
from nuage_chain.attachment.verbs import handlers
from nuage_chain.cni import plugin
from nuage_chain.deadline import Deadline
from nuage_chain.errors import VsdUnreachable
from nuage_chain.vsd import workload
from nuage_chain.vsd.session import Session
from tests.integration.attachment.inprocess import answer
from tests.integration.lab import NOTHING, Container, Lab

pytestmark = pytest.mark.root

DOWN = {"url": "https://127.0.0.1:9", "user": "u", "password": "p"}
ACTIVATIONS = ("split", "metadata")


@contextmanager
def silent_server() -> Iterator[int]:
    """Accepts, and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def ovsdb_pid(lab: Lab) -> int:
    return int((lab.layout.ovsdb_socket.parent / "ovsdb-server.pid").read_text())


def delete(lab: Lab, container: Container, **entry: Any) -> float:
    """Seconds that a DEL took, which succeeded and printed nothing."""
    began = time.monotonic()
    done = answer(lab, "DEL", container, lab.entry(**entry))
    assert (done.status, done.stdout) == (0, "")
    return time.monotonic() - began


def test_a_vsd_that_is_down_fails_no_delete_and_the_next_one_pays(lab: Lab) -> None:
    one = lab.container("one")
    lab.attach(one)
    delete(lab, one, vsd=DOWN)
    [debt] = lab.journal.debts()
    assert (debt.owed, lab.left()["ports"], lab.left()["containers"]) == (["vsd"], 0, 1)
    assert "127.0.0.1:9 cannot be reached" in debt.problem
    delete(lab, one, vsd=DOWN)
    assert len(lab.journal.debts()) == 1
    delete(lab, one)
    lab.unveth(one)
    lab.settle(NOTHING)


def test_a_debt_is_paid_by_the_ids_that_were_marked_when_the_host_has_another_name_by_now(lab: Lab) -> None:
    one = lab.container("one")
    previous = lab.veth(one)
    stdin = json.dumps(lab.entry(previous)).encode()
    named = handlers(World("another-name"))
    assert plugin.answer(lab.environment("ADD", one), stdin, named, lambda e: None).status == 0
    delete(lab, one, vsd=DOWN)
    delete(lab, one)
    lab.unveth(one)
    lab.settle(NOTHING)


def test_a_vsd_that_never_answers_is_left_within_the_deadline(lab: Lab) -> None:
    one = lab.container("one")
    lab.attach(one)
    with silent_server() as port:
        took = delete(lab, one, vsd=DOWN | {"url": f"https://127.0.0.1:{port}"}, timeout=3)
    assert took < 6
    assert [d.owed for d in lab.journal.debts()] == [["vsd"]]
    delete(lab, one)
    lab.unveth(one)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_an_ovsdb_that_is_down_fails_no_delete(lab: Lab, activation: str) -> None:
    one = lab.container("one")
    lab.attach(one, activation=activation)
    delete(lab, one, activation=activation, ovsdb="unix:/nowhere/db.sock")
    [debt] = lab.journal.debts()
    assert "ovsdb" in debt.owed
    assert lab.left()["ports"] == 1
    delete(lab, one, activation=activation)
    lab.unveth(one)
    lab.settle(NOTHING)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_an_ovsdb_that_hangs_is_left_within_the_deadline(lab: Lab, activation: str) -> None:
    one = lab.container("one")
    lab.attach(one, activation=activation)
    with stopped(ovsdb_pid(lab)):
        took = delete(lab, one, activation=activation, timeout=3)
    assert took < 6
    assert "ovsdb" in lab.journal.debts()[0].owed
    delete(lab, one, activation=activation)
    lab.unveth(one)
    lab.settle(NOTHING)


def test_everything_down_at_once_fails_no_delete(lab: Lab) -> None:
    one = lab.container("one")
    lab.attach(one)
    lab.remove(one)
    delete(lab, one, vsd=DOWN, ovsdb="unix:/nowhere/db.sock")
    assert [set(d.owed) for d in lab.journal.debts()] == [{"ovsdb", "vsd"}]
    delete(lab, one)
    lab.settle(NOTHING)


def test_a_journal_that_cannot_be_written_hinders_no_delete_that_is_complete(lab: Lab) -> None:
    one = lab.container("one")
    lab.attach(one)
    delete(lab, one, stateDir="/sys/nobody-can-write-here")
    lab.unveth(one)
    lab.settle(NOTHING)


def test_a_journal_that_cannot_be_written_and_something_left_is_told_to_the_runtime(lab: Lab) -> None:
    one = lab.container("one")
    lab.attach(one)
    done = answer(lab, "DEL", one, lab.entry(vsd=DOWN, stateDir="/sys/nobody-can-write-here"))
    assert (done.status, done.document["code"]) == (1, 5)
    assert "127.0.0.1:9 cannot be reached" in done.document["msg"]
    delete(lab, one)
    lab.unveth(one)


def test_a_journal_that_cannot_be_written_keeps_an_add_from_changing_anything(lab: Lab) -> None:
    one = lab.container("one")
    previous, before = lab.veth(one), lab.left()
    done = answer(lab, "ADD", one, lab.entry(previous, stateDir="/sys/nobody-can-write-here"))
    assert (done.status, done.document["code"]) == (1, 5)
    assert lab.left() == before
    lab.unveth(one)


def test_an_add_that_needs_the_address_of_a_debt_pays_it_first(lab: Lab) -> None:
    old, new = lab.container("old"), lab.container("new")
    lab.attach(old, staticIP="10.10.1.77")
    lab.detach(old, vsd=DOWN)
    assert lab.journal.debts()[0].addresses == ["10.10.1.77"]
    lab.attach(new, staticIP="10.10.1.77")
    assert new.addresses() == ["10.10.1.77/24"]
    assert lab.journal.records() == []
    lab.detach(new)
    lab.settle(NOTHING)


def test_a_debt_whose_subnet_has_gone_from_vsd_is_paid(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    zone = lab.vsd.get("zones", Deadline(10), filter='name == "front"')[0]["ID"]
    body = {"name": "brief", "address": "10.10.200.0", "netmask": "255.255.255.0"}
    subnet = lab.vsd.create(f"zones/{zone}/subnets", body, Deadline(10))["ID"]

    def lost(*_: object) -> NoReturn:
        raise VsdUnreachable("VSD went away on purpose.")

    one = lab.container("one")
    previous = lab.veth(one)
    with monkeypatch.context() as patched:
        patched.setattr(workload, "_attach", lost)
        patched.setattr(Session, "delete", lost)
        assert answer(lab, "ADD", one, lab.entry(previous, subnet="brief")).status == 1
    assert [(d.owed, d.objects and d.objects.parent) for d in lab.journal.debts()] == [(["vsd"], f"subnets/{subnet}")]
    lab.vsd.delete(f"subnets/{subnet}?responseChoice=1", Deadline(10))
    assert answer(lab, "ADD", one, lab.entry(previous)).status == 0
    delete(lab, one)
    lab.unveth(one)
    lab.settle(NOTHING)


def test_an_add_of_a_pod_whose_old_sandbox_is_owed_pays_it_first(lab: Lab) -> None:
    pod = {"K8S_POD_NAME": "web-0", "K8S_POD_NAMESPACE": "shop"}
    old, new = lab.container("old", **pod), lab.container("new", **pod)
    lab.attach(old)
    lab.detach(old, vsd=DOWN)
    lab.attach(new)
    assert (lab.journal.records(), lab.left()["containers"]) == ([], 1)
    lab.detach(new)
    lab.settle(NOTHING)


def test_a_debt_of_another_pod_is_left_to_the_audit(lab: Lab) -> None:
    old, new = lab.container("old"), lab.container("new")
    lab.attach(old)
    lab.detach(old, vsd=DOWN)
    lab.attach(new)
    assert [d.container_id for d in lab.journal.debts()] == [old.id]
    lab.detach(new)
    delete(lab, old)


def test_status_tells_what_is_owed_and_is_ready_all_the_same(lab: Lab) -> None:
    one = lab.container("one")
    lab.attach(one)
    lab.detach(one, vsd=DOWN)
    done = lab.call({"CNI_COMMAND": "STATUS", "CNI_PATH": "/nowhere"}, lab.entry() | {"cniVersion": "1.1.0"})
    assert (done.status, done.stdout) == (0, "")
    assert "1 attachment(s) are not gone everywhere yet" in done.stderr
    delete(lab, one)


def test_a_check_of_what_a_killed_call_left_fails_with_that_reason(lab: Lab) -> None:
    one = lab.container("one")
    result = lab.attach(one)
    lab.detach(one, vsd=DOWN)
    done = answer(lab, "CHECK", one, lab.entry(result))
    assert (done.status, done.document["code"]) == (1, 106)
    assert "left half-way by a call of DEL" in done.document["msg"]
    delete(lab, one)


def test_a_delete_that_cannot_wait_for_the_add_under_way_has_the_last_word(lab: Lab) -> None:
    """The ADD waits for a subnet that VRS never resolves, until the test lets it go on."""
    one = lab.container("one")
    previous, before = lab.veth(one), lab.left()
    held, release = threading.Event(), threading.Event()

    class Slow(Journal):
        def write(self, record: Any) -> None:
            super().write(record)
            held.set()
            release.wait(20)

    world = World("node1", journal=lambda _: Slow(lab.journal.folder, Path("/run/nuage-chain")))
    replies: list[plugin.Reply] = []

    def add() -> None:
        stdin = json.dumps(lab.entry(previous)).encode()
        replies.append(plugin.answer(lab.environment("ADD", one), stdin, handlers(world), lambda e: None))

    thread = threading.Thread(target=add)
    thread.start()
    assert held.wait(20)
    assert delete(lab, one, timeout=2) < 5
    release.set()
    thread.join(30)
    document = json.loads(replies[0].stdout)
    assert (document["code"], "was deleted while it was being added" in document["msg"]) == (11, True)
    lab.settle(before)
    lab.unveth(one)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_container_that_its_runtime_starts_again_after_a_reboot_without_a_delete_is_attached(
    lab: Lab, activation: str
) -> None:
    one = lab.container("one")
    lab.attach(one, activation=activation)
    ovs = ["ovs-vsctl", f"--db=unix:{lab.layout.ovsdb_socket}"]
    name = next(row["name"] for row in lab.rows("Port") if row["name"] != "alubr0")
    subprocess.run([*ovs, "set", "Port", name, "external_ids:nuage-chain-boot=the-one-before"], check=True, timeout=20)
    subprocess.run(["ip", "link", "delete", name], check=True, timeout=20)
    lab.forget_results()
    lab.attach(one, activation=activation)
    assert one.pings("10.10.1.1")
    assert lab.left()["ports"] == 1
    lab.detach(one, activation=activation)
    lab.settle(NOTHING)
