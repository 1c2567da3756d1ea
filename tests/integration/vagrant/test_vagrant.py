"""Vagrant's own commands on the lab."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.vagrant.containers import IMAGE, containerd, running
from tests.integration.vagrant.lab import Lab

INVITATION = "/etc/nuage-chain/invitation"
CARDS = "cat /sys/class/net/e[nt]*/address"


def test_all_machines_run(lab: Lab) -> None:
    lines = lab.vagrant("status").splitlines()
    for name in lab.hosts:
        [line] = [line for line in lines if line.startswith(f"{name} ")]
        assert line.split()[1] == "running"


def test_a_command_on_a_machine(lab: Lab) -> None:
    assert lab.vagrant("ssh", "node1", "--command", "hostname").split() == ["node1"]


def test_provisioned_a_second_time_nothing_changes(lab: Lab) -> None:
    places = ("/etc", "/opt", "/usr/local", "/usr/lib/cni", "/usr/lib/systemd")
    looks = ("find", *places, "-newer", "/run/before", "-type", "f", "-not", "-path", "/etc/hosts")
    node = lab.hosts["node1"]
    release = node.sh("readlink", "/opt/nuage-chain/current")
    node.sh("touch", "/run/before")
    said = lab.vagrant("provision", "node1")
    assert "node1 is ready." in said
    assert "put /" not in said
    assert node.sh(*looks) == ""
    assert node.sh("readlink", "/opt/nuage-chain/current") == release


def test_switched_off_and_on_it_is_a_node_again(lab: Lab) -> None:
    first, second, *_ = lab.nodes
    before, cards = first.boot, first.sh("sh", "-c", CARDS)
    lab.vagrant("halt", "node1")
    assert "node1" not in lab.running()
    lab.vagrant("up", "--no-provision", "node1")
    assert first.boot != before
    assert first.sh("sh", "-c", CARDS) == cards, "whoever has spoken to it before finds it at once"
    first.settle()
    with running(first, "one") as one, running(second, "other") as other:
        one.meets(other)


def test_an_image_that_one_runtime_lacks_is_put_there_again(lab: Lab) -> None:
    """As after a provisioning that was broken off between the two."""
    node = lab.hosts["node1"]
    node.sh("ctr", "images", "remove", "--sync", IMAGE)
    node.sh("touch", "/root/lab.tar")
    lab.vagrant("provision", "node1")
    containerd(node, "one").remove()


def test_a_node_that_has_another_invitation_than_the_controller_gives_joins_again(lab: Lab) -> None:
    first, second, *_ = lab.nodes
    before = first.sh("sha256sum", INVITATION)
    first.sh("sh", "-c", f"echo >>{INVITATION}")
    assert "which joins again" in lab.vagrant("provision", first.name)
    assert first.sh("sha256sum", INVITATION) == before
    with running(first, "one") as one, running(second, "other") as other:
        one.meets(other)


def test_nodes_join_a_controller_that_was_made_anew(lab: Lab, pytestconfig: pytest.Config) -> None:
    if not pytestconfig.getoption("long"):
        pytest.skip("A machine takes its time to be made anew; --long does it, and the test before this one its part.")
    first, second, *_ = lab.nodes
    before = first.sh("sha256sum", INVITATION)
    lab.vagrant("destroy", "--force", "controller")
    lab.vagrant("up", "controller")
    Path(lab.environment["NUAGE_CHAIN_SSH_CONFIG"]).write_text(lab.vagrant("ssh-config"))
    lab.vagrant("provision", *(node.name for node in lab.nodes))
    assert first.sh("sha256sum", INVITATION) != before
    assert {node.sh("stat", "--format=%a", INVITATION) for node in lab.nodes} == {"600\n"}
    with running(first, "one") as one, running(second, "other") as other:
        one.meets(other)
        assert {c["name"] for c in lab.vsd("get", "containers")} == {"one", "other"}
