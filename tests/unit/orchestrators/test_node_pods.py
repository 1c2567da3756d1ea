from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig
from nuage_chain.orchestrators import https, kubeconfig
from nuage_chain.orchestrators.node_pods import NodePods
from nuage_chain.orchestrators.workloads import Listing
from nuage_chain.vsp.vsd import tls
from tests.unit.orchestrators.servers import ApiServer, silence, trickling


@pytest.fixture
def pods(api: ApiServer, tmp_path: Path) -> NodePods:
    return NodePods(lambda: kubeconfig.read(api.kubeconfig(tmp_path / "kubeconfig")), "node-1")


def on(api: ApiServer, node: str, uid: str, **annotations: str) -> None:
    api.pods[f"shop/{uid}"] = {
        "metadata": {"uid": uid, "annotations": annotations or None},
        "spec": {"nodeName": node, "containers": [{"env": [{"name": "PASSWORD", "value": "s3cret"}]}]},
        "status": {"phase": "Succeeded"},
    }


def test_the_pods_of_this_node_are_listed_by_uid_and_those_of_others_are_not(
    api: ApiServer, pods: NodePods, deadline: Deadline
) -> None:
    for node, uid in (("node-1", "uid-1"), ("node-2", "uid-2"), ("node-1", "uid-3"), ("node-10", "uid-4")):
        on(api, node, uid)
    assert pods.listing(deadline) == Listing("Kubernetes", pods=frozenset({"uid-1", "uid-3"}))
    assert "PartialObjectMetadataList" in api.heard[0].headers["accept"], "environments of pods stay where they are"


def test_a_node_without_pods_has_none(pods: NodePods, deadline: Deadline) -> None:
    assert pods.listing(deadline) == Listing("Kubernetes")


@pytest.mark.parametrize("count", [100, 101, 250])
def test_every_page_is_read(api: ApiServer, pods: NodePods, deadline: Deadline, count: int) -> None:
    for number in range(count):
        on(api, "node-1", f"uid-{number}")
    found = pods.listing(deadline)
    assert (len(found.pods), found.problem) == (count, "")
    assert len(api.heard) == (count + 99) // 100


def test_a_page_that_cannot_be_had_makes_the_whole_a_problem(
    api: ApiServer, pods: NodePods, deadline: Deadline
) -> None:
    for number in range(101):
        on(api, "node-1", f"uid-{number}")
    api.expired = True
    found = pods.listing(deadline)
    assert (found.pods, "410: The provided continue parameter is too old" in found.problem) == (frozenset(), True)


def test_a_static_pod_is_known_by_the_uid_that_its_runtime_was_given(
    api: ApiServer, pods: NodePods, deadline: Deadline
) -> None:
    on(api, "node-1", "uid-mirror", **{"kubernetes.io/config.hash": "uid-static"})
    assert pods.listing(deadline).pods == {"uid-mirror", "uid-static"}


def test_a_node_with_a_strange_name_is_asked_for_by_that_name(
    api: ApiServer, pods: NodePods, deadline: Deadline
) -> None:
    pods.node = "a&b=c d/%"
    on(api, pods.node, "uid-1")
    assert pods.listing(deadline).pods == {"uid-1"}


@pytest.mark.parametrize("kind", ["PartialObjectMetadataList", "PodList"])
def test_whole_pods_and_no_pods_at_all_are_lists_too(
    api: ApiServer, pods: NodePods, deadline: Deadline, kind: str
) -> None:
    api.forced = (200, json.dumps({"kind": kind, "metadata": {}, "items": None}).encode())
    assert pods.listing(deadline) == Listing("Kubernetes")
    api.forced = (200, json.dumps({"kind": kind, "items": [{"metadata": {"uid": "a"}}]}).encode())
    assert pods.listing(deadline).pods == {"a"}


STRANGE: list[Any] = [
    {},
    {"kind": "Status", "items": []},
    {"kind": "PodList"},
    {"kind": "PodList", "items": 5},
    {"kind": "PodList", "items": {}},
    {"kind": "PodList", "items": {"a": 1}},
    {"kind": "PodList", "items": [5]},
    {"kind": "PodList", "items": [{}]},
    {"kind": "PodList", "items": [{"metadata": {"name": "no-uid"}}]},
    {"kind": "PodList", "items": [{"metadata": ["uid"]}]},
    {"kind": "PodList", "items": [{"metadata": {"uid": "a", "annotations": "b"}}]},
    {"kind": "PodList", "items": [], "metadata": [1]},
    [],
]


@pytest.mark.parametrize("answer", STRANGE)
def test_what_is_no_list_of_pods_is_a_problem_and_no_empty_list(
    api: ApiServer, pods: NodePods, deadline: Deadline, answer: Any
) -> None:
    api.forced = (200, json.dumps(answer).encode())
    found = pods.listing(deadline)
    assert (found.empty, "something that is no" in found.problem) == (True, True)


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_a_server_that_refuses_or_fails_is_a_problem_in_its_own_words(
    api: ApiServer, pods: NodePods, deadline: Deadline, status: int
) -> None:
    api.forced = (status, b'{"kind": "Status", "message": "the words"}')
    found = pods.listing(deadline)
    assert (found.empty, f"{status}: the words" in found.problem) == (True, True)


def test_a_list_that_never_ends_is_a_problem(api: ApiServer, pods: NodePods, deadline: Deadline) -> None:
    answer = {"kind": "PodList", "metadata": {"continue": "t1"}, "items": [{"metadata": {"uid": "a"}}]}
    api.forced = (200, json.dumps(answer).encode())
    found = pods.listing(Deadline(60))
    assert (found.empty, "more pods for node-1 than can be true" in found.problem) == (True, True)


def test_a_server_of_another_authority_is_a_problem(api: ApiServer, tmp_path: Path, deadline: Deadline) -> None:
    stranger = tls.create_ca(tmp_path / "stranger").certificate
    config = api.kubeconfig(tmp_path / "k", {"server": api.url, "certificate-authority": str(stranger)})
    found = NodePods(lambda: kubeconfig.read(config), "node-1").listing(deadline)
    assert (found.empty, "is not verified" in found.problem, api.heard) == (True, True, [])


def test_a_kubeconfig_that_cannot_be_used_is_a_problem(deadline: Deadline) -> None:
    def server() -> https.Peer:
        raise BadConfig("The kubeconfig is gone.")

    assert NodePods(server, "node-1").listing(deadline).problem == "The kubeconfig is gone."


def test_a_url_that_is_none_is_a_problem(api: ApiServer, tmp_path: Path, deadline: Deadline) -> None:
    for url in ("https://master:6443x", "https://master..example"):
        config = api.kubeconfig(tmp_path / "k", {"server": url, "certificate-authority": str(api.ca)})
        found = NodePods(lambda config=config: kubeconfig.read(config), "node-1").listing(deadline)  # type: ignore[misc]
        assert (found.empty, bool(found.problem)) == (True, True)


def test_a_server_that_hangs_or_trickles_costs_no_more_than_the_deadline(
    api: ApiServer, tmp_path: Path, authority: Path
) -> None:
    begin = time.monotonic()
    with silence() as mute, trickling(authority) as slow:
        for url in (mute, slow):
            config = api.kubeconfig(tmp_path / "k", {"server": url, "certificate-authority": str(api.ca)})
            found = NodePods(lambda config=config: kubeconfig.read(config), "node-1").listing(Deadline(1))  # type: ignore[misc]
            assert "did not answer" in found.problem
    assert time.monotonic() - begin < 12
