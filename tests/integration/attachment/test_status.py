"""STATUS tells the truth of every part that an ADD needs: each is taken away, looked for, and given back."""

from __future__ import annotations

import os
import re
import signal
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from nuage_chain.deadline import Deadline
from tests.integration.attachment.inprocess import answer
from tests.integration.lab import Lab, Plugin

pytestmark = pytest.mark.root


def status(lab: Lab, **changes: Any) -> Plugin:
    return answer(lab, "STATUS", None, lab.entry(**changes) | {"cniVersion": "1.1.0"})


@pytest.fixture
def mended(lab: Lab) -> Iterator[Lab]:
    """The lab, for a test that breaks a part of it."""
    yield lab
    lab.vsd.close()
    lab.start()


def kill(name: str) -> Callable[[Lab], None]:
    def work(lab: Lab) -> None:
        pid = int(lab.layout.pidfile(name).read_text())
        os.kill(pid, signal.SIGKILL)

    return work


def delete_bridge(lab: Lab) -> None:
    # ovn-controller would make it anew at once.
    kill("ovn-controller")(lab)
    subprocess.run(["ovs-vsctl", f"--db=unix:{lab.layout.ovsdb_socket}", "del-br", "alubr0"], check=True, timeout=20)


PARTS: dict[str, tuple[Callable[[Lab], None], dict[str, Any], int, str]] = {
    "ovsdb-server": (kill("ovsdb-server"), {}, 50, "OVSDB cannot be reached at unix:"),
    "ovs-vswitchd": (kill("ovs-vswitchd"), {}, 51, "ovs-vswitchd. does not run"),
    "the bridge": (delete_bridge, {}, 51, "no bridge alubr0 in the switch at unix:"),
    "the controller": (kill("resolver"), {}, 51, "No controller has the role of master"),
    "VSD": (kill("vsd"), {}, 50, "VSD at https://127.0.0.1:8443 cannot be reached"),
}


def test_a_node_that_works_is_ready_in_both_activations(lab: Lab) -> None:
    for activation in ("split", "metadata"):
        done = status(lab, activation=activation)
        assert (done.status, done.stdout) == (0, "")


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_is_down_is_told_with_its_code(mended: Lab, part: str) -> None:
    end, changes, code, says = PARTS[part]
    end(mended)
    until = time.monotonic() + 30
    while (done := status(mended, **changes)).status == 0 and time.monotonic() < until:
        # vswitchd writes a controller's role down every five seconds only.
        time.sleep(0.2)
    assert (done.status, done.document["code"]) == (1, code), done.stdout
    assert re.search(says, done.document["msg"]), done.document["msg"]
    assert done.document["details"]


def test_metadata_activation_does_without_vsd(mended: Lab) -> None:
    kill("vsd")(mended)
    assert status(mended, activation="metadata").status == 0
    assert status(mended).status == 1


WRONG: dict[str, tuple[dict[str, Any], int, str]] = {
    "a bridge that is not there": ({"bridge": "nobr"}, 51, "no bridge nobr"),
    "a password that VSD refuses": (
        {"vsd": {"url": "https://127.0.0.1:8443", "user": "csproot", "password": "wrong"}}, 50, "csproot",
    ),
    "a key that is none": ({"brigde": "alubr0"}, 7, "brigde"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_configuration_with_which_no_add_can_succeed_is_told(lab: Lab, case: str) -> None:
    changes, code, says = WRONG[case]
    if "vsd" in changes:
        changes = {"vsd": {**changes["vsd"], "ca": str(lab.layout.ca), "organization": "csp"}}
        (lab.state / "empty.yaml").write_text(f"ovsdb: unix:{lab.layout.ovsdb_socket}\n")
        changes |= {"configFile": str(lab.state / "empty.yaml")}
    done = status(lab, **changes)
    assert (done.status, done.document["code"]) == (1, code), done.stdout
    assert says in done.document["msg"]


@contextmanager
def silent_vsd() -> Iterator[str]:
    """It accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"https://127.0.0.1:{server.getsockname()[1]}"


def test_a_vsd_that_says_nothing_is_told_before_the_runtime_asks_again(lab: Lab) -> None:
    with silent_vsd() as url:
        begin = time.monotonic()
        done = status(lab, vsd={"url": url, "user": "csproot", "password": "p"})
        took = time.monotonic() - begin
    assert (done.status, done.document["code"]) == (1, 50), done.stdout
    assert took < 10


def rows(lab: Lab) -> dict[str, list[dict[str, Any]]]:
    """What the switch has, but for what it counts by itself."""
    counted = ("_version", "statistics")
    tables = ("Bridge", "Port", "Interface", "Nuage_Port_Table", "Nuage_VM_Table")
    found = {table: sorted(lab.rows(table), key=lambda row: str(row["_uuid"])) for table in tables}
    return {table: [{k: v for k, v in row.items() if k not in counted} for row in found[table]] for table in tables}


def test_it_is_cheap_and_changes_nothing(lab: Lab) -> None:
    one = lab.container("one")
    lab.attach(one)
    before = rows(lab), lab.left()
    spent = []
    for _ in range(5):
        begin = time.process_time()
        assert status(lab).status == 0
        spent.append(time.process_time() - begin)
    assert statistics.median(spent) < 1, "seconds of processor time"
    assert (rows(lab), lab.left()) == before
    assert lab.vsd.get("me", Deadline(10))
    lab.detach(one)
