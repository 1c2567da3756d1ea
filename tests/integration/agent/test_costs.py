"""How often a warm call asks OVSDB and VSD, counted in its trace, however many ports there are."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from nuage_chain.attachment import traces
from nuage_chain.deadline import Deadline
from tests.integration.agent.conftest import Agent
from tests.integration.lab import Container, Lab

pytestmark = pytest.mark.root

# A look at the tunnels for the MTU, the transaction, and one wait that is parked at the server.
OVSDB_OF_AN_ADD = ["transact look", "transact change", "transact wait"]
VSD_OF_AN_ADD = ["POST subnets/*/vports", "POST containers"]
OVSDB_OF_A_DELETE = ["transact look", "transact change"]
VSD_OF_A_DELETE = ["DELETE containers/*", "DELETE vports/*"]


def last(lab: Lab, kind: str) -> list[str]:
    line: dict[str, Any] = list(traces.read(lab.journal.folder.parent))[-1]
    assert line["way"] == "agent"
    return [name for its, name, *_ in line["spans"] if its == kind]


def called(lab: Lab, verb: str, container: Container, entry: dict[str, Any]) -> None:
    done = lab.call(lab.environment(verb, container), entry)
    assert done.status == 0, done


@pytest.mark.parametrize("ports", [0, 200])
@pytest.mark.usefixtures("agent")
def test_a_warm_call_asks_ovsdb_and_vsd_no_more_often_than_it_must(lab: Lab, ports: int) -> None:
    names = [f"there{n}" for n in range(ports)]
    vsctl = ["ovs-vsctl", "--no-wait", f"--db=unix:{lab.layout.ovsdb_socket}"]
    added = [
        word
        for name in names
        for word in ("--", "add-port", "alubr0", name, "--", "set", "Interface", name, "type=internal")
    ]
    subprocess.run([*vsctl, *added[1:]] if added else ["true"], check=True, timeout=60)
    try:
        first, second = lab.container("first"), lab.container("second")
        for container in (first, second):
            called(lab, "ADD", container, lab.entry(lab.veth(container)))
        assert (last(lab, "ovsdb"), last(lab, "vsd")) == (OVSDB_OF_AN_ADD, VSD_OF_AN_ADD)
        for container in (first, second):
            called(lab, "DEL", container, lab.entry())
        assert (last(lab, "ovsdb"), last(lab, "vsd")) == (OVSDB_OF_A_DELETE, VSD_OF_A_DELETE)
        for container in (first, second):
            lab.unveth(container)
    finally:
        removed = [word for name in names for word in ("--", "del-port", name)]
        subprocess.run([*vsctl, *removed[1:]] if removed else ["true"], check=True, timeout=60)


def test_names_that_vsd_has_given_to_other_objects_are_looked_up_again(lab: Lab, agent: Agent) -> None:
    assert agent.calls("ADD") == 0
    zone = next(z for z in lab.vsd.get("zones", Deadline(10)) if z["name"] == "front")
    body = {"name": "moving", "address": "10.10.77.0", "netmask": "255.255.255.0", "gateway": "10.10.77.1"}
    for number in range(2):
        subnet = lab.vsd.create(f"zones/{zone['ID']}/subnets", body, Deadline(10))
        one = lab.container(f"moving{number}")
        called(lab, "ADD", one, lab.entry(lab.veth(one), subnet="moving"))
        assert one.addresses()[0].startswith("10.10.77.")
        called(lab, "DEL", one, lab.entry())
        lab.unveth(one)
        lab.vsd.delete(f"subnets/{subnet['ID']}", Deadline(10))
