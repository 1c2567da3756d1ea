from __future__ import annotations

import dataclasses

import pytest

from nuage_chain.attachment.settings import Settings
from nuage_chain.audit import inventory
from nuage_chain.audit.facts import Facts, InVsd, Key
from nuage_chain.audit.inventory import Inventory
from nuage_chain.audit.memory import Memory
from nuage_chain.audit.networks import Networks, switch_of
from nuage_chain.orchestrators.workloads import Listing
from nuage_chain.vrs import rows
from nuage_chain.vrs.whole import Parts, Seen, Whole
from tests.unit.audit.test_verdict import KNOWN, PORT, WHOLE

NODE = Settings({"ovsdb": "unix:/nowhere", "bridge": "alubr0", "stateDir": "/state", "runDir": "/run"}, (), "node1")
NETWORKS = Networks(NODE)
HERE = switch_of(NODE)


def a_port(container: str, pod: str = "") -> tuple[Key, Seen]:
    marks = {rows.CONTAINER: container, rows.IFNAME: "eth0", rows.POD_UID: pod}
    return (container, "eth0"), Seen(f"veth{container}", f"uuid-{container}", "ab" * 32, marks, WHOLE, PORT)


def judged(found: Inventory, memory: Memory | None = None) -> dict[str, Facts]:
    return {one.key[0]: one for one in inventory.facts(found, memory or Memory())}


def with_ports(*ports: tuple[Key, Seen], **changes: object) -> Inventory:
    switches = {HERE: Whole("netdev", dict(ports))}
    return dataclasses.replace(Inventory(NETWORKS, switches, complete=True), **changes)  # type: ignore[arg-type]


def test_of_two_sandboxes_of_one_pod_only_who_lists_sandboxes_knows_which_lives() -> None:
    ports = [a_port("old", "pod"), a_port("new", "pod")]
    cri = Listing("CRI", sandboxes=frozenset({"new"}), pods=frozenset({"pod"}))
    kubernetes = Listing("Kubernetes", pods=frozenset({"pod"}))
    found = judged(with_ports(*ports, listings=[cri, kubernetes]))
    assert found["new"].listed == {"CRI": True, "Kubernetes": None}
    assert found["old"].listed == {"CRI": False, "Kubernetes": None}


def test_a_pod_with_one_sandbox_lives_in_it() -> None:
    found = judged(with_ports(a_port("one", "pod"), listings=[Listing("Kubernetes", pods=frozenset({"pod"}))]))
    assert found["one"].listed == {"Kubernetes": True}


@pytest.mark.parametrize("before", [frozenset[str](), frozenset({"CRI"})])
def test_a_source_that_is_empty_where_it_was_not_before_says_nothing(before: frozenset[str]) -> None:
    memory = Memory("boot", {}, {("gone", "eth0"): dataclasses.replace(KNOWN, listed=before)})
    found = judged(with_ports(a_port("one"), listings=[Listing("CRI")]), memory)
    assert found["one"].listed == {"CRI": None if before else False}


def test_what_is_only_told_is_kept_apart_from_who_knows() -> None:
    told = Listing("a cache", sandboxes=frozenset({"one"}), weak=True)
    one = judged(with_ports(a_port("one"), listings=[told]))["one"]
    assert (one.listed, one.weak) == ({"a cache": True}, frozenset({"a cache"}))


def test_a_switch_that_is_not_the_one_of_this_namespace_tells_nothing_of_links() -> None:
    """Its bridge is not here; from another namespace every sandbox would look gone."""
    assert judged(with_ports(a_port("one")))["one"].sandbox.name == "SILENT"


def test_what_a_silent_switch_had_is_neither_judged_nor_forgotten() -> None:
    memory = Memory("boot", {}, {("c1", "eth0"): KNOWN})
    silent = Inventory(NETWORKS, {}, complete=False)
    assert judged(silent, memory) == {}
    assert inventory.remembered([], memory, silent) == memory.attached
    assert inventory.remembered([], memory, with_ports()) == {}


def test_a_vport_is_only_in_vsd_when_every_switch_has_answered() -> None:
    in_vsd = {("c1", "eth0"): InVsd("c1/eth0@node1", "v", "subnets/s")}
    assert judged(with_ports(in_vsd=in_vsd))["c1"].switch_answers
    assert not judged(with_ports(in_vsd=in_vsd, complete=False))["c1"].switch_answers


def test_rows_without_a_port_that_nobody_remembers_are_nobodys() -> None:
    lone = {"veth1": Parts(port=False, row=True, vm_row=False), "tap7": Parts(port=False, row=True, vm_row=True)}
    found = Inventory(NETWORKS, {HERE: Whole("netdev", {}, lone)}, complete=True)
    memory = Memory("boot", {}, {("c1", "eth0"): KNOWN})
    assert judged(found, memory)["c1"].parts == lone["veth1"]
    assert inventory.unknown(found, memory) == ["tap7"]


def test_a_network_that_keeps_its_journal_elsewhere_is_left_alone() -> None:
    key, seen = a_port("one")
    theirs = dataclasses.replace(seen, marks={**seen.marks, rows.NETWORK: "theirs"})
    networks = dataclasses.replace(NETWORKS, elsewhere={"theirs": NODE})
    assert judged(with_ports((key, theirs), networks=networks)) == {}
