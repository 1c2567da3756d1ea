"""What podman does that others do not: addresses by CNI_ARGS, several networks, its own view of the result."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.integration.lab import NOTHING, Container, Lab
from tests.integration.runtimes.base import Refused
from tests.integration.runtimes.podman import Podman

pytestmark = [pytest.mark.root, pytest.mark.timeout(300)]

VIEW = "{{.NetworkSettings.Networks.nuage.IPAddress}} {{.NetworkSettings.Networks.nuage.MacAddress}}"


def test_podman_and_vsd_know_the_container_by_the_same_name_address_and_mac(lab: Lab, podman: Podman) -> None:
    one = podman.start("one")
    (in_vsd,) = lab.vsd_objects("containers")
    (interface,) = in_vsd["interfaces"]
    assert in_vsd["name"] == "one"
    assert podman("inspect", f"--format={VIEW}", one.id).split() == [interface["IPAddress"], interface["MAC"]]
    assert one.addresses() == [f"{interface['IPAddress']}/24"]
    podman.stop(one)
    lab.settle(NOTHING)


def test_an_address_asked_of_podman_is_had_of_the_overlay_and_by_one_container_only(lab: Lab, podman: Podman) -> None:
    one = podman.start("one", "--ip=10.10.1.77")
    assert one.addresses() == ["10.10.1.77/24"]
    with pytest.raises(Refused, match=r"10\.10\.1\.77"):
        podman.start("two", "--ip=10.10.1.77")
    assert one.pings("10.10.1.1")
    podman.stop(one)
    lab.settle(NOTHING)


def test_a_container_on_two_networks_has_an_interface_in_each(
    lab: Lab, podman: Podman, transfers: Callable[[Container, Container, str], bool]
) -> None:
    one = podman.start("one", "--network=nuage-api")
    two = podman.start("two")
    (first,), (second,) = one.addresses("eth0"), one.addresses("eth1")
    assert {first.rpartition(".")[0], second.rpartition(".")[0]} == {"10.10.1", "10.10.2"}
    web = next(a for a in (first, second) if a.startswith("10.10.1."))
    assert lab.left()["ports"] == 3
    assert transfers(two, one, web.partition("/")[0])
    podman.stop(one)
    podman.stop(two)
    lab.settle(NOTHING)
