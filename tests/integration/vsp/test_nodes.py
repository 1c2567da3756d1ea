"""Three nodes on one machine: what they carry to each other, and what they keep when parts of it die."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import pytest

from nuage_chain.vsp import place, underlay
from nuage_chain.vsp.vsd.tls import KeyPair, issue_client
from tests.integration.vsp.conftest import Container, Lab, Row, new_netns, run
from tests.integration.vsp.nodes import Nodes
from tests.integration.vsp.policies import heard_outside, new_domain, sees, wait

pytestmark = pytest.mark.root

CENTRE = ["vsd", "engine", "ovnnb", "ovnsb", "ovn-northd"]
NODE = ["ovsdb-server", "ovs-vswitchd", "ovn-controller", "resolver", "agent"]


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    made = Nodes(tmp_path_factory.mktemp("n") / "s", new_netns(), 3)
    try:
        made.up()
        made.centre.seed()
        yield made
    finally:
        made.close()
    assert made.centre.processes_left() == []
    assert not [name for name in run("ip", "netns", "list").split() if name.startswith(made.netns)]
    assert not made.state.exists()


@pytest.fixture(scope="module")
def trio(nodes: Nodes) -> dict[int, tuple[Container, Row]]:
    """A container on each node, of two subnets."""
    return {n: nodes.attached(n, "Shop/back/db" if n == 3 else "Shop/front/web") for n in (1, 2, 3)}


def assert_they_talk(nodes: Nodes, trio: dict[int, tuple[Container, Row]], *numbers: int) -> None:
    """Each of these containers, by default all, reaches each other one by TCP, a hundred kilobytes there and back."""
    for a, b in permutations(numbers or trio, 2):
        talks = nodes.centre.talks_tcp(trio[a][0], trio[b][0], trio[b][1].address)
        assert talks, f"from node {a} to node {b}"


def test_containers_reach_each_other_from_node_to_node(nodes: Nodes, trio: dict[int, tuple[Container, Row]]) -> None:
    assert nodes.status().healthy
    for a, b in permutations(trio, 2):
        assert nodes.centre.pings(trio[a][0], trio[b][1].address), f"from node {a} to node {b}"
    assert_they_talk(nodes, trio)


def test_a_domain_is_alone_on_every_node(nodes: Nodes, trio: dict[int, tuple[Container, Row]]) -> None:
    inside, _ = nodes.attached(1, "Lab/bench/web")
    other, row = nodes.attached(2, "Lab/bench/web")
    assert nodes.centre.talks_tcp(inside, other, row.address)
    stranger = trio[3][0]
    assert not nodes.centre.talks_tcp(stranger, other, row.address, seconds=1.0)


def test_acls_hold_between_nodes(nodes: Nodes) -> None:
    domain = new_domain(nodes.centre)
    servers = domain.group("servers")
    client, server = nodes.attach(1, domain, "east1"), nodes.attach(2, domain, "west1", servers)
    bystander = nodes.attach(3, domain, "east2")
    domain.allow("egress")
    ingress = domain.template("ingress")
    sees(nodes.centre, client, server, {7001: False, 7002: False})
    place_of = {"locationType": "SUBNET", "locationID": domain.ids["east1"]}
    to = {"networkType": "POLICYGROUP", "networkID": servers}
    domain.entry(ingress, "ingress", sourcePort="*", destinationPort="7001", **place_of, **to)
    sees(nodes.centre, client, server, {7001: True, 7002: False})
    sees(nodes.centre, bystander, server, {7001: False})


def test_containers_of_all_nodes_go_out_by_the_one_that_translates(nodes: Nodes) -> None:
    domain = new_domain(nodes.centre)
    domain.allow("ingress", "egress")
    here, there = nodes.attach(1, domain, "east1"), nodes.attach(2, domain, "west1")
    domain.update(f"domains/{domain.id}", PATEnabled="ENABLED")
    wait(lambda: heard_outside(nodes[1], here) is not None, 5)
    wait(lambda: heard_outside(nodes[1], there) == heard_outside(nodes[1], here), 5)
    assert heard_outside(nodes[2], there) is None, "its own way out stands by"


def test_a_node_writes_its_own_rows_of_ovn_and_nobody_else_any(nodes: Nodes, tmp_path: Path) -> None:
    tls, own, other = nodes[1].layout.tls, nodes[1].settings.system_id, nodes[2].settings.system_id
    node, stranger = KeyPair(tls / "node.pem", tls / "node-key.pem"), issue_client(tmp_path, own, "strangers")
    database = ["ovn-sbctl", f"--db={nodes[1].settings.southbound}", f"--ca-cert={tls}/ca.pem", "--timeout=2"]

    def asks(pair: KeyPair, *words: str) -> subprocess.CompletedProcess[str]:
        keys = [f"--private-key={pair.key}", f"--certificate={pair.certificate}"]
        argv = [*place.prefix(nodes[1].netns), *database, *keys, *words]
        return subprocess.run(argv, capture_output=True, text=True, check=False)

    assert other in asks(node, "list", "Chassis").stdout
    refused = asks(node, "set", "Chassis", other, "hostname=taken")
    assert "ermission" in refused.stderr, refused
    strange = asks(stranger, "list", "Chassis")
    assert (strange.returncode != 0, strange.stdout) == (True, ""), strange


def test_a_second_up_changes_nothing(nodes: Nodes) -> None:
    before = nodes.status()
    again = nodes.up()
    assert again.centre.already
    assert all(node.already for node in again.nodes.values())
    assert nodes.status() == before


def test_containers_keep_talking_while_vsd_is_down(nodes: Nodes, trio: dict[int, tuple[Container, Row]]) -> None:
    nodes.centre.kill("vsd")
    try:
        assert not nodes.status().healthy
        assert_they_talk(nodes, trio)
    finally:
        nodes.centre.start("vsd")
    _, row = nodes.attached(2)
    assert row.address


def test_an_underlay_that_is_cut_stops_what_crosses_it_and_heals(
    nodes: Nodes, trio: dict[int, tuple[Container, Row]]
) -> None:
    lab = nodes.centre
    neighbour, row = nodes.attached(2)
    nodes.cut(2)
    try:
        assert not lab.pings(trio[1][0], trio[2][1].address)
        assert lab.pings(trio[2][0], row.address), "within the node it goes on"
        assert_they_talk(nodes, trio, 1, 3)
        assert not nodes.status().nodes[2].healthy
    finally:
        nodes.heal(2)
    lab.wait_for(lambda: lab.pings(trio[1][0], row.address), 20)
    assert_they_talk(nodes, trio)
    assert lab.talks_tcp(trio[3][0], neighbour, row.address)


def test_a_node_that_was_killed_comes_back_with_its_containers(
    nodes: Nodes, trio: dict[int, tuple[Container, Row]]
) -> None:
    nodes.kill(nodes[2])
    assert_they_talk(nodes, trio, 1, 3)
    assert not nodes.status().healthy
    made = nodes.up()
    assert [number for number, node in made.nodes.items() if not node.already] == [2]
    assert nodes.status().healthy
    assert nodes[2].resolved(trio[2][0]) == trio[2][1]
    nodes.centre.wait_for(lambda: nodes.centre.pings(trio[1][0], trio[2][1].address))
    assert_they_talk(nodes, trio)


def test_when_the_node_that_translates_dies_another_one_takes_the_way_out_over(nodes: Nodes) -> None:
    domain = new_domain(nodes.centre)
    domain.allow("ingress", "egress")
    inside = nodes.attach(2, domain, "east1")
    domain.update(f"domains/{domain.id}", PATEnabled="ENABLED")
    wait(lambda: heard_outside(nodes[1], inside) is not None, 10)
    nodes.kill(nodes[1])
    try:
        wait(lambda: heard_outside(nodes[2], inside) is not None, 30)
    finally:
        nodes.up()
    wait(lambda: heard_outside(nodes[1], inside) is not None, 30)


def test_a_node_that_has_lost_its_namespace_is_made_again(nodes: Nodes, trio: dict[int, tuple[Container, Row]]) -> None:
    nodes.kill(nodes[3])
    run("ip", "netns", "delete", nodes[3].netns)
    nodes.up()
    assert nodes.status().healthy
    container, row = nodes.attached(3, "Shop/back/db")
    assert nodes.centre.talks_tcp(trio[1][0], container, row.address)
    trio[3] = container, row


def test_the_centre_is_at_one_address_of_the_wire_whichever_nodes_come_and_go(nodes: Nodes) -> None:
    def wire() -> str:
        return str(json.loads(run("ip", "-n", nodes.netns, "-j", "link", "show", underlay.BRIDGE))[0]["address"])

    before = wire()
    port = ["lowest", "address", "00:00:00:00:00:02", "type", "veth", "peer", "name", "other"]
    run("ip", "-n", nodes.netns, "link", "add", *port)
    try:
        run("ip", "-n", nodes.netns, "link", "set", "lowest", "master", underlay.BRIDGE, "up")
        assert wire() == before
    finally:
        run("ip", "-n", nodes.netns, "link", "delete", "lowest")


@pytest.mark.parametrize("name", [*CENTRE, *NODE])
def test_each_process_may_be_killed_and_finds_again_what_there_was(
    nodes: Nodes, trio: dict[int, tuple[Container, Row]], name: str
) -> None:
    lab = nodes.centre if name in CENTRE else nodes[1]
    lab.kill(name)
    # As somebody would do it who sees that it is gone, and as a supervisor does it.
    if name == "vsd":
        nodes.up()
    else:
        lab.start(name)
    nodes.centre.wait_for(lambda: nodes.status().healthy)
    container, row = nodes.attached(1, "Shop/front/api")
    assert nodes[1].row(trio[1][0]) == trio[1][1]
    nodes.centre.wait_for(lambda: nodes.centre.pings(trio[2][0], row.address))
    assert nodes.centre.talks_tcp(trio[3][0], container, row.address)


@pytest.mark.parametrize("place_name", [None, "Shop/front/web"], ids=["split", "metadata"])
def test_a_port_goes_from_node_to_node_with_its_address(
    nodes: Nodes, trio: dict[int, tuple[Container, Row]], place_name: str | None
) -> None:
    here, there, peer = nodes[1], nodes[2], trio[3][0]
    container = here.container()
    if place_name is None:
        here.register(container, "Shop/front/web")
    here.plug(container, place_name=place_name)
    row = here.resolved(container)
    here.configure(container, row)
    assert nodes.centre.talks_tcp(peer, container, row.address)
    nodes.centre.wait_for(lambda: told(nodes, container) == (here.settings.address, "UP"))
    stop(here, container)
    moved = there.container_like(container)
    there.plug(moved, place_name=place_name)
    assert there.resolved(moved) == row
    there.configure(moved, row)
    nodes.centre.wait_for(lambda: nodes.centre.pings(peer, row.address))
    assert nodes.centre.talks_tcp(peer, moved, row.address)
    here.unplug(container)
    nodes.centre.wait_for(lambda: told(nodes, container) == (there.settings.address, "UP"))
    assert nodes.centre.talks_tcp(peer, moved, row.address)


def stop(lab: Lab, container: Container) -> None:
    """What a client of VRS says of an entity that leaves the node: shut off as it migrated (vrs-ovsdb.md 3.3)."""
    where = [["vm_uuid", "==", container.uuid]]
    life = {"state": 5, "reason": 4, "event": 5, "event_type": 3}
    lab.transact([{"op": "update", "table": "Nuage_VM_Table", "where": where, "row": life}])
    lab.wait_for(lambda: lab.row(container) is None)


def told(nodes: Nodes, container: Container) -> tuple[str, str]:
    """Where VSD believes the container to be, and the state of its vPort."""
    [found] = nodes.centre.get("containers", f'UUID == "{container.uuid}"')
    [vport] = nodes.centre.get(f"vports/{found['interfaces'][0]['VPortID']}")
    return found["hypervisorIP"], vport["operationalState"]
