"""GC removes what is ours on this network and bridge and not valid any more, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nuage_chain.cni.request import VALID_ATTACHMENTS
from nuage_chain.cni.runtime import conflist
from nuage_chain.cni.runtime.conflist import Network
from nuage_chain.deadline import Deadline
from nuage_chain.errors import PluginFailed
from tests.integration.attachment.inprocess import answer
from tests.integration.lab import NOTHING, Container, Lab, Plugin

pytestmark = pytest.mark.root

DOWN = {"url": "https://127.0.0.1:9", "user": "u", "password": "p"}


def attached(lab: Lab, *names: str, **changes: Any) -> list[Container]:
    """Containers that are added without the runtime's cache, so that only GC can know of them."""
    containers = [lab.container(name) for name in names]
    for container in containers:
        done = answer(lab, "ADD", container, lab.entry(lab.veth(container), **changes))
        assert done.status == 0, done.stdout
    lab.forget_results()
    return containers


def gc(lab: Lab, **config: Any) -> Plugin:
    return answer(lab, "GC", None, lab.entry() | {"cniVersion": "1.1.0", **config})


def valid(*containers: Container) -> dict[str, Any]:
    return {VALID_ATTACHMENTS: [{"containerID": c.id, "ifname": "eth0"} for c in containers]}


def there(lab: Lab) -> set[str]:
    """Whose ports, rows and VSD objects there are; every place has to say the same."""
    ids = [{**dict(row["external_ids"][1])} for row in lab.rows("Port") if row["name"] != "alubr0"]
    ports = {i["nuage-chain-container"] for i in ids}
    assert len(lab.rows("Nuage_Port_Table")) == len(lab.rows("Nuage_VM_Table")) == len(ports)
    assert {c["externalID"].split("@")[0] for c in lab.vsd_objects("containers")} == ports
    assert len(lab.vsd_objects("vports")) == len(ports)
    return ports


def clean(lab: Lab, *containers: Container) -> None:
    for container in containers:
        assert answer(lab, "DEL", container, lab.entry()).status == 0
        lab.unveth(container)


@pytest.mark.parametrize("config", [{}, {VALID_ATTACHMENTS: None}, {"cni.dev/attachments": []}])
def test_without_the_list_of_valid_attachments_nothing_goes(lab: Lab, config: dict[str, Any]) -> None:
    [one] = attached(lab, "one")
    done = gc(lab, **config)
    assert (done.status, done.stdout) == (0, "")
    assert there(lab) == {one.id}
    clean(lab, one)


def test_what_is_not_valid_goes_with_its_objects_in_vsd_and_the_rest_stays(lab: Lab) -> None:
    one, two, three = attached(lab, "one", "two", "three")
    done = gc(lab, **valid(two))
    assert (done.status, done.stdout) == (0, "")
    assert there(lab) == {two.id}
    assert two.pings("10.10.1.1")
    for container in (one, three):
        lab.unveth(container)
    clean(lab, two)


def test_an_empty_list_means_all_of_ours_on_this_network(lab: Lab) -> None:
    one, two = attached(lab, "one", "two")
    assert gc(lab, **valid()).status == 0
    assert there(lab) == set()
    for container in (one, two):
        lab.unveth(container)


def test_another_interface_of_a_container_is_an_attachment_of_its_own(lab: Lab) -> None:
    [one] = attached(lab, "one")
    second = lab.veth(one, ifname="eth1")
    assert answer(lab, "ADD", one, lab.entry(second, subnet="api"), "eth1").status == 0
    assert gc(lab, **{VALID_ATTACHMENTS: [{"containerID": one.id, "ifname": "eth1"}]}).status == 0
    assert [len(lab.vsd_objects(kind)) for kind in ("containers", "vports")] == [1, 1]
    assert one.addresses("eth1")[0].startswith("10.10.2.")
    assert gc(lab, **valid()).status == 0
    assert there(lab) == set()


def test_ports_of_another_network_another_bridge_or_somebody_else_stay(lab: Lab) -> None:
    [one] = attached(lab, "one")
    assert gc(lab, name="another-network", **valid()).status == 0
    assert gc(lab, bridge="another-bridge", **valid()).status == 0
    assert there(lab) == {one.id}
    stranger = lab.container("stranger")
    previous = lab.veth(stranger)
    name = next(i["name"] for i in previous["interfaces"] if i["name"].startswith("veth"))
    ovs = ["ovs-vsctl", f"--db=unix:{lab.layout.ovsdb_socket}"]
    one.sh(*ovs, "add-port", "alubr0", name, "--", "set", "Port", name, "external_ids:nuage-chain=no")
    assert gc(lab, **valid(one)).status == 0
    assert name in {row["name"] for row in lab.rows("Port")}
    one.sh(*ovs, "del-port", "alubr0", name)
    lab.unveth(stranger)
    clean(lab, one)


def test_what_vsd_cannot_take_now_is_owed_and_paid_by_the_next_one(lab: Lab) -> None:
    one, two = attached(lab, "one", "two")
    assert gc(lab, vsd=DOWN, **valid()).status == 0
    assert (lab.left()["ports"], lab.left()["containers"]) == (0, 2), "both have left the switch all the same"
    assert {d.container_id for d in lab.journal.debts()} == {one.id, two.id}
    assert gc(lab, **valid()).status == 0
    assert (lab.left()["containers"], lab.journal.records()) == (0, [])
    for container in (one, two):
        lab.unveth(container)


def test_errors_do_not_end_it_and_are_told_together(lab: Lab) -> None:
    one, two = attached(lab, "one", "two")
    done = gc(lab, vsd=DOWN, stateDir="/sys/nobody-can-write-here", **valid())
    assert (done.status, done.document["code"]) == (1, 5)
    assert all(c.id in done.document["msg"] for c in (one, two)), done.document["msg"]
    assert lab.left()["ports"] == 0, "both have left the switch all the same"
    clean(lab, one, two)


def test_an_attachment_that_a_call_is_working_on_is_left_to_it(lab: Lab) -> None:
    [one] = attached(lab, "one")
    with lab.journal.try_lock(one.id, "eth0") as ours:
        assert ours
        assert gc(lab, **valid()).status == 0
    assert there(lab) == {one.id}
    clean(lab, one)


@pytest.mark.parametrize("wrong", [{}, "id-one", [1], [{"containerID": "id-one"}], [{"ifname": "eth0"}], [None]])
def test_a_list_that_cannot_be_read_is_code_7_and_nothing_goes(lab: Lab, wrong: object) -> None:
    [one] = attached(lab, "one")
    done = gc(lab, **{VALID_ATTACHMENTS: wrong})
    assert (done.status, done.document["code"]) == (1, 7)
    assert there(lab) == {one.id}
    clean(lab, one)


def test_a_runtime_collects_through_a_list_of_version_1_1_0(lab: Lab) -> None:
    one, two = attached(lab, "one", "two")
    lab.runtime.gc(newer(lab), [(one.id, "eth0")], Deadline(60))
    assert there(lab) == {one.id}
    lab.unveth(two)
    with pytest.raises(PluginFailed, match="`bridge` has to be a text"):
        lab.runtime.gc(newer(lab, bridge=7), [], Deadline(60))
    clean(lab, one)
    assert lab.left() == NOTHING


def newer(lab: Lab, **changes: Any) -> Network:
    """Our part of the list alone: Debian's `bridge` knows neither 1.1.0 nor GC."""
    ours = lab.entry(**changes) | {"type": "nuage-chain"}
    entry = {k: v for k, v in ours.items() if k not in ("name", "cniVersion")}
    whole = {"cniVersion": "1.1.0", "name": ours["name"], "plugins": [entry]}
    return conflist.parse(json.dumps(whole).encode(), Path("/nowhere/10-nuage.conflist"))
