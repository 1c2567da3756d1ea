"""CHECK names the first thing that is wrong: each kind of damage is made, and nothing else."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import PluginFailed
from nuage_chain.link import offload, veth
from nuage_chain.link.netns import inside
from nuage_chain.vrs import rows
from nuage_chain.vrs.connection import Connection
from tests.integration.attachment.inprocess import answer
from tests.integration.lab import Container, Lab, Plugin

pytestmark = pytest.mark.root

# The version whose results have the MTU.
NEWEST = {"cniVersion": "1.1.0"}
Damage = Callable[["Attached"], None]


@dataclass
class Attached:
    """A container that was added by the executable alone, and what CHECK says of it."""

    lab: Lab
    container: Container
    result: dict[str, Any]
    changes: dict[str, Any]

    @property
    def host(self) -> str:
        return veth.find(self.container.netns, "eth0", 5).host.name

    @property
    def port(self) -> dict[str, Any]:
        """Its row in the switch."""
        return next(row for row in self.lab.rows("Port") if row["name"] == self.host)

    @property
    def interface(self) -> dict[str, Any]:
        return next(row for row in self.lab.rows("Interface") if row["name"] == self.host)

    @property
    def marks(self) -> dict[str, str]:
        return dict(self.port["external_ids"][1])

    def check(self, **changes: Any) -> Plugin:
        entry = self.lab.entry(self.result, **{**self.changes, **changes})
        return answer(self.lab, "CHECK", self.container, entry | NEWEST)

    def inside(self, *command: str) -> None:
        self.container.sh(*command)

    def transact(self, *operations: dict[str, Any]) -> None:
        connection = Connection(f"unix:{self.lab.layout.ovsdb_socket}")
        try:
            connection.transact(list(operations), Deadline(5))
        finally:
            connection.close()

    def update(self, table: str, **row: Any) -> None:
        self.transact({"op": "update", "table": table, "where": [["name", "==", self.host]], "row": row})

    def on_host(self, *command: str) -> None:
        subprocess.run(command, check=True)


def attached(lab: Lab, **changes: Any) -> Attached:
    one = lab.container("one")
    changes = {"mtu": 1400, **changes}
    added = answer(lab, "ADD", one, lab.entry(lab.veth(one), **changes) | NEWEST)
    assert added.status == 0, added.stdout
    return Attached(lab, one, added.document, changes)


@pytest.fixture(params=["split", "metadata"])
def one(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Attached]:
    made = attached(lab, activation=request.param)
    yield made
    remove(made, activation=request.param)


@pytest.fixture
def split(lab: Lab) -> Iterator[Attached]:
    made = attached(lab)
    yield made
    remove(made)


def remove(at: Attached, **changes: Any) -> None:
    """By the executable as a runtime would, and then whatever the damage has left."""
    done = answer(at.lab, "DEL", at.container, at.lab.entry(**changes))
    assert done.status == 0, done.stdout
    at.lab.remove(at.container)
    for row in at.lab.rows("Bridge"):
        if row["name"] == "elsewhere":
            gone = [["bridges", "delete", row["_uuid"]]]
            at.transact({"op": "mutate", "table": "Open_vSwitch", "where": [], "mutations": gone})


@pytest.fixture
def resolver_asleep(lab: Lab) -> Iterator[None]:
    """It would put right, or answer, what a test does to the rows and to VSD."""
    pid = int(lab.layout.pidfile("resolver").read_text())
    os.kill(pid, signal.SIGSTOP)
    yield
    os.kill(pid, signal.SIGCONT)


def test_what_add_left_is_in_order(one: Attached) -> None:
    done = one.check()
    assert (done.status, done.stdout) == (0, "")


def ip(*command: str) -> Damage:
    """`ip …` in the container."""
    return lambda at: at.inside("ip", *command)


def host(*command: str) -> Damage:
    """`ip link set HOSTEND …`."""
    return lambda at: at.on_host("ip", "link", "set", at.host, *command)


def rename(at: Attached) -> None:
    at.inside("ip", "link", "set", "eth0", "down")
    at.inside("ip", "link", "set", "eth0", "name", "eth9")


def rename_host_end(at: Attached) -> None:
    name = at.host
    for change in (("down",), ("name", "vethother")):
        at.on_host("ip", "link", "set", name, *change)
    at.on_host("ip", "link", "set", "vethother", "up")


def offload_on(at: Attached) -> None:
    inside(at.container.netns, lambda: offload.set_tx_checksum("eth0", on=True), 5)


def delete_gateway_and_come_by_another(at: Attached) -> None:
    at.inside("ip", "route", "replace", "default", "via", "10.10.1.9", "dev", "eth0")


def take_out_of_the_switch(at: Attached) -> None:
    gone = [["ports", "delete", at.port["_uuid"]]]
    at.transact({"op": "mutate", "table": "Bridge", "where": [["name", "==", "alubr0"]], "mutations": gone})


def move_to_another_bridge(at: Attached) -> None:
    at.transact(
        {"op": "insert", "table": "Bridge", "uuid-name": "b",
         "row": {"name": "elsewhere", "datapath_type": "netdev", "ports": at.port["_uuid"]}},
        {"op": "mutate", "table": "Open_vSwitch", "where": [],
         "mutations": [["bridges", "insert", ["named-uuid", "b"]]]},
        {"op": "mutate", "table": "Bridge", "where": [["name", "==", "alubr0"]],
         "mutations": [["ports", "delete", at.port["_uuid"]]]},
    )  # fmt: skip


def spoil_the_device(at: Attached) -> None:
    at.update("Interface", type="geneve")
    until = time.monotonic() + 20
    while at.interface["ofport"] != -1 and time.monotonic() < until:
        time.sleep(0.05)


def take_out_of_the_vm_row(at: Attached) -> None:
    change = [["ports", "delete", at.host]]
    at.transact({"op": "mutate", "table": "Nuage_VM_Table", "where": [], "mutations": change})


def delete_row(table: str) -> Damage:
    return lambda at: at.transact({"op": "delete", "table": table, "where": []})


def in_vsd(*kinds: str) -> Damage:
    """Deletes these objects of the attachment."""
    mark = {"containers": rows.VSD_CONTAINER, "containerinterfaces": rows.VSD_INTERFACE, "vports": rows.VPORT}

    def work(at: Attached) -> None:
        for kind in kinds:
            at.lab.vsd.delete(f"{kind}/{at.marks[mark[kind]]}", Deadline(10))

    return work


UNRESOLVED = {"ip_addr": "", "subnet_mask": "", "gateway": "", "evpn_id": 0, "vrf_id": 0}
KERNEL: dict[str, tuple[Damage, str]] = {
    "interface gone": (rename, "There is no interface eth0"),
    "MAC": (ip("link", "set", "eth0", "address", "02:00:00:00:00:99"), "has the MAC 02:00:00:00:00:99, not "),
    "MTU": (ip("link", "set", "eth0", "mtu", "1300"), "eth0 in the container has the MTU 1300, not 1400"),
    "MTU of the host end": (host("mtu", "1300"), "The host end veth.* has the MTU 1300, not 1400"),
    "interface down": (ip("link", "set", "eth0", "down"), "eth0 in the container is down"),
    "host end down": (host("down"), "The host end veth.* is down"),
    "address": (ip("address", "flush", "dev", "eth0"), r"does not have the address 10\.10\.1\.\d+/24"),
    "route": (ip("route", "del", "default"), r"no route to 0\.0\.0\.0/0 via 10\.10\.1\.1"),
    "route by another gateway": (delete_gateway_and_come_by_another, r"no route to 0\.0\.0\.0/0 via 10\.10\.1\.1"),
    "host end in a Linux bridge": (host("master", "nuage0"), "is in a Linux bridge"),
    "offload": (offload_on, "TX checksum offload on"),
    "another host end": (rename_host_end, "host end of the container's interface is vethother"),
}
SWITCH: dict[str, tuple[Damage, str]] = {
    "port gone": (take_out_of_the_switch, "eth0 of container id-one has no port in the switch"),
    "on another bridge": (move_to_another_bridge, "is not on the bridge alubr0"),
    "device that cannot be opened": (spoil_the_device, "does not forward: Open vSwitch cannot open it"),
    "no port row": (delete_row("Nuage_Port_Table"), "has no row in Nuage_Port_Table"),
    "no VM row": (delete_row("Nuage_VM_Table"), "no row in Nuage_VM_Table"),
    "not in its VM row": (take_out_of_the_vm_row, "no row in Nuage_VM_Table that names it"),
    "row of another MAC": (
        lambda at: at.update("Nuage_Port_Table", mac="02:00:00:00:00:77"), "with the MAC 02:00:00:00:00:77",
    ),
    "unresolved": (lambda at: at.update("Nuage_Port_Table", **UNRESOLVED), "does not forward: VRS has not resolved it"),
}  # fmt: skip
VSD: dict[str, tuple[Damage, str]] = {
    "no container": (in_vsd("containers"), "VSD has no container .* any more"),
    "no vPort": (in_vsd("containerinterfaces", "vports"), "VSD has no vPort .* any more"),
    "no interface": (in_vsd("containerinterfaces"), "has no interface on vPort"),
}


def says(at: Attached, what: str) -> bool:
    begin = time.monotonic()
    done = at.check()
    assert time.monotonic() - begin < 15, "nothing is waited for"
    document = done.document
    assert (done.status, document["code"]) == (1, 106), done.stdout
    assert re.search(what, document["msg"]), document["msg"]
    assert document["msg"].count(". ") == 0, "one sentence"
    return True


@pytest.mark.parametrize("case", KERNEL)
def test_what_is_wrong_in_the_kernel_is_named(split: Attached, case: str) -> None:
    damage, what = KERNEL[case]
    damage(split)
    assert says(split, what)


@pytest.mark.parametrize("case", SWITCH)
def test_what_is_wrong_in_the_switch_is_named(split: Attached, resolver_asleep: None, case: str) -> None:
    damage, what = SWITCH[case]
    damage(split)
    assert says(split, what)


@pytest.mark.parametrize("case", VSD)
def test_what_is_wrong_in_vsd_is_named(split: Attached, resolver_asleep: None, case: str) -> None:
    damage, what = VSD[case]
    damage(split)
    assert says(split, what)


def test_a_namespace_that_is_gone_is_code_3(split: Attached) -> None:
    split.lab.remove(split.container)
    done = split.check()
    assert (done.status, done.document["code"]) == (1, 3)


def test_without_prev_result_there_is_nothing_to_compare_with(split: Attached) -> None:
    entry = split.lab.entry()
    done = answer(split.lab, "CHECK", split.container, entry)
    assert (done.status, done.document["code"]) == (1, 7)


@pytest.mark.parametrize(
    "changes",
    [{"ovsdb": "unix:/nowhere/db.sock"}, {"vsd": {"url": "https://127.0.0.1:9", "user": "u", "password": "p"}}],
)
def test_what_cannot_be_asked_is_no_failed_check(split: Attached, changes: dict[str, Any]) -> None:
    done = split.check(**changes)
    assert (done.status, done.document["code"]) == (1, 11), done.stdout


def test_a_check_through_a_runtime_passes_with_ptp(lab: Lab) -> None:
    one = lab.container("one")
    lab.attach(one, "30-nuage-ptp.conflist")
    lab.runtime.check(lab.network("30-nuage-ptp.conflist"), lab.attachment(one), Deadline(60))
    one.sh("ip", "route", "del", "default")
    with pytest.raises(PluginFailed):
        lab.runtime.check(lab.network("30-nuage-ptp.conflist"), lab.attachment(one), Deadline(60))
    lab.detach(one, "30-nuage-ptp.conflist")
