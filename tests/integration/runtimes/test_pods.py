"""What containerd does for kubelet that others do not: ADDs at the same time, pods that outlive it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.lab import NOTHING, Container, Lab
from tests.integration.runtimes.containerd import Pods
from tests.integration.waiting import eventually

pytestmark = [pytest.mark.root, pytest.mark.timeout(300)]


def test_pods_that_start_and_stop_at_the_same_time_do_not_meet(lab: Lab, pods: Pods) -> None:
    with ThreadPoolExecutor(4) as at_once:
        started = list(at_once.map(pods.start, ("one", "two", "three", "four")))
        kubelet_hears = {pod.name: pods.ip(pod) for pod in started}
        assert len(set(kubelet_hears.values())) == 4
        assert kubelet_hears == {c["name"]: c["interfaces"][0]["IPAddress"] for c in lab.vsd_objects("containers")}
        assert all(at_once.map(lambda pod: pod.pings(kubelet_hears["one"]), started))
        list(at_once.map(pods.stop, started))
    lab.settle(NOTHING)


def test_a_container_that_is_killed_does_not_take_the_pods_network(
    lab: Lab, pods: Pods, transfers: Callable[[Container, Container, str], bool]
) -> None:
    one, two = pods.start("one"), pods.start("two")
    was = pods.ip(one)
    container = pods.containers[one.id]
    _, info = pods.cri.status("ContainerStatus", container_id=container)
    os.kill(info["pid"], signal.SIGKILL)
    eventually(lambda: pods.exited(container))
    assert pods.ready(one)
    assert (pods.ip(one), transfers(two, one, was)) == (was, True)
    pods.stop(one)
    pods.stop(two)
    lab.settle(NOTHING)


def test_a_pod_outlives_its_containerd_and_is_stopped_by_the_next(
    lab: Lab, pods: Pods, transfers: Callable[[Container, Container, str], bool]
) -> None:
    one, two = pods.start("one"), pods.start("two")
    pods.close()
    pods.containerd.down(signal.SIGKILL)
    assert transfers(two, one, one.addresses()[0].partition("/")[0])
    pods.containerd.up()
    pods.connect()
    assert pods.ready(one)
    pods.stop(one)
    pods.stop(two)
    lab.settle(NOTHING)
