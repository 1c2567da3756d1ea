"""Pods placed by nuagekubemon and by their labels: the whole ADD and DEL, and the two servers over mutual TLS."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.lab import Container, Lab
from tests.unit.orchestrators.servers import ApiServer, Kubemon, serving, silence

pytestmark = pytest.mark.root

Transfers = Callable[[Container, Container, str], bool]
ACTIVATIONS = ("split", "metadata")
GONE = {"podName": "web-1", "action": "delete"}
POD = "shop/web-1"


def pod(lab: Lab, name: str, pod_name: str = "web-1") -> Container:
    return lab.container(name, K8S_POD_NAMESPACE="shop", K8S_POD_NAME=pod_name, K8S_POD_UID="uid-1")


def ip_of(container: Container) -> str:
    return container.addresses()[0].split("/")[0]


def is_in(container: Container, cidr: str) -> bool:
    return ipaddress.ip_address(ip_of(container)) in ipaddress.ip_network(cidr)


def groups(lab: Lab) -> set[str]:
    [vport] = lab.vsd_objects("vports")
    return {g["name"] for g in lab.vsd_objects(f"vports/{vport['ID']}/policygroups")}


def told(kubemon: Kubemon) -> list[dict[str, Any]]:
    return kubemon.said(action="delete")


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_two_pods_that_the_monitor_placed_talk_and_their_end_is_told(
    cluster: Lab, kubemon: Kubemon, transfers: Transfers, activation: str
) -> None:
    one, two = pod(cluster, "one"), pod(cluster, "two", "web-2")
    settings: dict[str, Any] = {"activation": activation, "kubemon": kubemon.settings}
    for container in (one, two):
        cluster.attach(container, **settings)
        assert is_in(container, "10.10.50.0/24")
    assert transfers(one, two, ip_of(two))
    assert kubemon.allocations == {POD: "shop-0", "shop/web-2": "shop-0"}
    for container in (one, two):
        cluster.detach(container, **settings)
    assert (kubemon.allocations, len(told(kubemon))) == ({}, 2)
    assert {h.client for h in kubemon.heard} == {"node"}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_groups_of_monitor_and_labels_are_all_in_vsd(
    cluster: Lab, kubemon: Kubemon, api: ApiServer, tmp_path: Path, activation: str
) -> None:
    kubemon.groups[POD] = ["web"]
    api.pod(POD, policy_group="db")
    kubernetes = {"kubeconfig": str(api.kubeconfig(tmp_path / "kubeconfig"))}
    settings: dict[str, Any] = {"activation": activation, "kubemon": kubemon.settings, "kubernetes": kubernetes}
    one = pod(cluster, "one")
    cluster.attach(one, **settings)
    assert groups(cluster) == {"web", "db"}
    cluster.detach(one, **settings)


def test_a_zone_of_its_own_is_told_to_the_monitor_and_nothing_at_the_end(
    cluster: Lab, kubemon: Kubemon, api: ApiServer, tmp_path: Path
) -> None:
    api.pod(POD, zone="ops", subnet="ops-1")
    kubernetes = {"kubeconfig": str(api.kubeconfig(tmp_path / "kubeconfig"))}
    one = pod(cluster, "one")
    cluster.attach(one, kubemon=kubemon.settings, kubernetes=kubernetes)
    assert is_in(one, "10.10.51.0/24")
    cluster.detach(one, kubemon=kubemon.settings, kubernetes=kubernetes)
    assert [h.body for h in kubemon.heard] == [
        {"podName": "web-1", "desiredZone": "ops", "desiredSubnet": "ops-1"},
    ]


@pytest.mark.parametrize(
    ("labels", "code", "says"),
    [
        ({"zone": "ops"}, 7, "for the zone 'ops' and for no subnet"),
        ({"zone": "front", "subnet": "web"}, 109, "Zone controlled by Nuage Monitor"),
        ({"zone": "ops", "subnet": "nowhere"}, 7, "subnet named 'nowhere'"),
        ({"policy_group": "nobody"}, 7, "policy group named 'nobody'"),
    ],
)
def test_labels_that_cannot_be_followed_are_told_and_leave_nothing(
    cluster: Lab, kubemon: Kubemon, api: ApiServer, tmp_path: Path, labels: dict[str, str], code: int, says: str
) -> None:
    api.pod(POD, **labels)
    kubernetes = {"kubeconfig": str(api.kubeconfig(tmp_path / "kubeconfig"))}
    one = pod(cluster, "one")
    previous = cluster.veth(one)
    before = cluster.left()
    entry = cluster.entry(previous, kubemon=kubemon.settings, kubernetes=kubernetes)
    done = cluster.call(cluster.environment("ADD", one), entry)
    assert (done.status, done.document["code"]) == (1, code), done.stdout
    assert says in done.document["msg"]
    assert (cluster.left(), kubemon.allocations) == (before, {})
    cluster.unveth(one)


def test_an_add_that_fails_later_gives_the_pod_back(cluster: Lab, kubemon: Kubemon) -> None:
    kubemon.subnets["shop"] = "shop-7"
    one = pod(cluster, "one")
    previous = cluster.veth(one)
    done = cluster.call(cluster.environment("ADD", one), cluster.entry(previous, kubemon=kubemon.settings))
    assert (done.document["code"], "shop-7" in done.document["msg"]) == (7, True), done.stdout
    assert (kubemon.allocations, told(kubemon)) == ({}, [GONE])
    cluster.unveth(one)


@pytest.mark.parametrize("which", ["monitor", "API server"])
def test_an_add_is_to_be_tried_again_when_nobody_answers(
    cluster: Lab, kubemon: Kubemon, api: ApiServer, tmp_path: Path, which: str
) -> None:
    settings: dict[str, Any] = {"timeout": 5}
    if which == "monitor":
        settings["kubemon"] = kubemon.settings | {"url": "https://127.0.0.1:9"}
    else:
        server = {"server": "https://127.0.0.1:9"}
        settings["kubernetes"] = {"kubeconfig": str(api.kubeconfig(tmp_path / "kubeconfig", server))}
    one = pod(cluster, "one")
    previous = cluster.veth(one)
    before = cluster.left()
    done = cluster.call(cluster.environment("ADD", one), cluster.entry(previous, **settings))
    assert (done.status, done.document["code"]) == (1, 11), done.stdout
    assert "https://127.0.0.1:9 cannot be reached" in done.document["msg"]
    assert cluster.left() == before
    cluster.unveth(one)


@pytest.mark.parametrize("how", ["down", "silent", "failing"])
def test_a_monitor_that_is_of_no_use_never_fails_a_delete(cluster: Lab, kubemon: Kubemon, how: str) -> None:
    one = pod(cluster, "one")
    cluster.attach(one, kubemon=kubemon.settings)
    with silence() as url:
        urls = {"down": "https://127.0.0.1:9", "silent": url, "failing": kubemon.url}
        kubemon.forced = (500, b'{"error": "etcd is away"}')
        begin = time.monotonic()
        entry = cluster.entry(kubemon=kubemon.settings | {"url": urls[how]})
        done = cluster.call(cluster.environment("DEL", one), entry)
    assert time.monotonic() - begin < 20
    assert (done.status, done.stdout) == (0, "")
    assert len(done.stderr.splitlines()) == 1
    assert "tell nuagekubemon of the end of shop/web-1" in done.stderr
    assert cluster.journal.debts()[0].owed == ["kubemon"]
    assert cluster.left()["ports"] == 0
    kubemon.forced, kubemon.heard = None, []
    assert cluster.call(cluster.environment("DEL", one), cluster.entry(kubemon=kubemon.settings)).status == 0
    assert told(kubemon) == [GONE]
    cluster.unveth(one)


def test_a_delete_tells_nobody_twice(cluster: Lab, kubemon: Kubemon) -> None:
    one = pod(cluster, "one")
    cluster.attach(one, kubemon=kubemon.settings)
    cluster.detach(one, kubemon=kubemon.settings)
    cluster.detach(one, kubemon=kubemon.settings)
    assert told(kubemon) == [GONE]


def test_the_end_of_an_old_sandbox_leaves_the_new_ones_subnet(cluster: Lab, kubemon: Kubemon) -> None:
    old, new = pod(cluster, "old"), pod(cluster, "new")
    for container in (old, new):
        cluster.attach(container, kubemon=kubemon.settings)
    cluster.detach(old, kubemon=kubemon.settings)
    assert kubemon.allocations == {POD: "shop-0"}
    cluster.detach(new, kubemon=kubemon.settings)
    assert (kubemon.allocations, told(kubemon)) == ({}, [GONE])


def test_the_last_of_two_interfaces_is_the_pods_end(cluster: Lab, kubemon: Kubemon) -> None:
    one = pod(cluster, "one")
    for ifname in ("eth0", "eth1"):
        cluster.attach(one, ifname=ifname, kubemon=kubemon.settings)
    cluster.detach(one, ifname="eth1", kubemon=kubemon.settings)
    assert told(kubemon) == []
    cluster.detach(one, kubemon=kubemon.settings)
    assert told(kubemon) == [GONE]


def test_a_pod_that_gc_removes_is_told_though_gc_names_no_pod(cluster: Lab, kubemon: Kubemon) -> None:
    one = pod(cluster, "one")
    cluster.attach(one, kubemon=kubemon.settings)
    entry = cluster.entry(kubemon=kubemon.settings)
    entry |= {"cniVersion": "1.1.0", "cni.dev/valid-attachments": []}
    done = cluster.call({"CNI_COMMAND": "GC", "CNI_PATH": "/usr/lib/cni"}, entry)
    assert (done.status, done.stdout) == (0, ""), done.stdout
    assert told(kubemon) == [GONE]
    cluster.unveth(one)


def test_a_monitor_of_another_authority_gets_no_word(cluster: Lab, kubemon: Kubemon, tmp_path: Path) -> None:
    impostor = Kubemon(tmp_path)
    one = pod(cluster, "one")
    previous = cluster.veth(one)
    with serving(impostor):
        entry = cluster.entry(previous, kubemon=kubemon.settings | {"url": impostor.url})
        done = cluster.call(cluster.environment("ADD", one), entry)
    assert (done.status, done.document["code"], impostor.heard) == (1, 110, []), done.stdout
    cluster.unveth(one)


NEAR: dict[str, dict[str, Any]] = {
    "args.cni": {"args": {"cni": {"nuage": {"subnet": "api"}}}},
    "labels of Mesos": {
        "args": {"org.apache.mesos": {"network_info": {"labels": {"labels": [{"key": "network", "value": "api"}]}}}}
    },
    "annotations": {"runtimeConfig": {"io.kubernetes.cri.pod-annotations": {"nuage.io/subnet": "api"}}},
}


@pytest.mark.parametrize("where", NEAR)
def test_a_container_goes_where_its_configuration_says(lab: Lab, where: str) -> None:
    one = lab.container("one")
    previous = lab.veth(one)
    added = lab.call(lab.environment("ADD", one), lab.entry(previous, **NEAR[where]))
    assert added.status == 0, added.stdout
    assert is_in(one, "10.10.2.0/24")
    assert lab.call(lab.environment("DEL", one), lab.entry()).status == 0
    lab.unveth(one)
