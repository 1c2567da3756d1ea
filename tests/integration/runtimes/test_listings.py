"""What real runtimes and their caches say about which workloads live, as the audit hears it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from nuage_chain.audit.cached import Cached
from nuage_chain.deadline import Deadline
from nuage_chain.orchestrators.cri import Cri
from nuage_chain.orchestrators.workloads import Listing
from tests.integration.audit.audits import Audits, outcomes
from tests.integration.lab import NOTHING, Lab
from tests.integration.runtimes.containerd import Pods
from tests.integration.runtimes.podman import Podman
from tests.integration.waiting import eventually

pytestmark = [pytest.mark.root, pytest.mark.timeout(300)]


def of_cri(pods: Pods) -> Listing:
    return Cri(pods.containerd.socket).listing(Deadline(10))


def cached() -> Listing:
    return Cached(Path("/var/lib/cni")).listing(Deadline(10))


def test_a_pod_is_listed_from_its_start_to_its_removal_and_its_sandbox_while_it_is_ready(lab: Lab, pods: Pods) -> None:
    name = f"CRI {pods.containerd.socket}"
    assert of_cri(pods) == Listing(name)
    one, two = pods.start("one"), pods.start("two")
    assert of_cri(pods) == Listing(name, frozenset({one.id, two.id}), frozenset({"uid-one", "uid-two"}))
    assert cached().sandboxes >= {one.id, two.id}
    os.kill(one.pid, signal.SIGKILL)
    eventually(lambda: not pods.ready(one))
    assert of_cri(pods) == Listing(name, frozenset({two.id}), frozenset({"uid-one", "uid-two"}))
    pods.stop(one)
    assert of_cri(pods) == Listing(name, frozenset({two.id}), frozenset({"uid-two"}))
    pods.stop(two)
    assert of_cri(pods) == Listing(name)
    assert not cached().sandboxes & {one.id, two.id}
    lab.settle(NOTHING)


def test_a_containerd_that_was_killed_is_a_problem_and_lists_the_same_when_it_is_back(lab: Lab, pods: Pods) -> None:
    one = pods.start("one")
    before = of_cri(pods)
    pods.close()
    pods.containerd.down(signal.SIGKILL)
    assert (of_cri(pods).empty, "Connection refused" in of_cri(pods).problem) == (True, True)
    pods.containerd.up()
    pods.connect()
    assert of_cri(pods) == before
    pods.stop(one)
    lab.settle(NOTHING)


def test_a_pod_whose_processes_died_is_left_to_its_kubelet_with_and_without_containerd(
    lab: Lab, pods: Pods, audits: Audits
) -> None:
    # Without libcni's cache, which would keep it alone.
    source = Cri(pods.containerd.socket)
    audits.sources = [source]
    one = pods.start("one")
    _, info = pods.cri.status("ContainerStatus", container_id=pods.containers[one.id])
    assert outcomes(audits.apply()) == []
    pods.close()
    pods.containerd.down(signal.SIGKILL)
    # The container first: it is in the PID namespace of the sandbox, and ends with it.
    for process in (info["pid"], one.pid):
        os.kill(process, signal.SIGKILL)
    assert outcomes(audits.twice()) == []
    assert [why for _, why in audits.plan().kept] == [f"its namespace is there, and {source.name} cannot be asked"]
    pods.containerd.up()
    pods.connect()
    assert outcomes(audits.twice()) == []
    assert [why for _, why in audits.plan().kept] == [f"{source.name} has it"]
    pods.stop(one)
    lab.settle(NOTHING)


def test_a_podman_container_is_in_the_cache_until_its_network_is_gone(lab: Lab, podman: Podman) -> None:
    one = podman.start("one")
    assert one.id in cached().sandboxes
    podman.stop(one)
    assert (one.id in cached().sandboxes, cached().problem) == (False, "")
    lab.settle(NOTHING)
