"""A node that starts again: what the last boot has left is gone before anything starts a container."""

from __future__ import annotations

import pytest

from tests.integration.systemd.conftest import STAND_INS, Machine

SERVICE = "nuage-chain-audit.service"
AFTER_IT = ("containerd", *STAND_INS)
ENDED, STARTED = "InactiveEnterTimestampMonotonic", "InactiveExitTimestampMonotonic"


@pytest.fixture(scope="module")
def booted(machine: Machine) -> Machine:
    """Reset in the middle of work: one attachment is left of the boot before."""
    node = machine.node
    boot = node.sh("cat", "/proc/sys/kernel/random/boot_id").strip()
    machine.vrs.plant("veth-left", boot=boot)
    node.reset()
    assert node.sh("cat", "/proc/sys/kernel/random/boot_id").strip() != boot
    return machine


def moment(machine: Machine, unit: str, name: str) -> int:
    return int(machine.node.show(unit, name)[name])


def test_what_the_last_boot_left_is_gone(booted: Machine) -> None:
    assert booted.vrs.names() == set()
    said = booted.node.sh("journalctl", "--boot", "--unit", SERVICE, "--output=cat")
    assert "left by a boot before this one" in said
    assert "1 done" in said


def test_open_vswitch_is_there_before_the_audit_begins(booted: Machine) -> None:
    began = moment(booted, SERVICE, STARTED)
    for unit in ("ovsdb-server.service", "ovs-vswitchd.service"):
        assert 0 < moment(booted, unit, "ActiveEnterTimestampMonotonic") <= began, unit


@pytest.mark.parametrize("runtime", AFTER_IT)
def test_the_audit_has_ended_before_anything_starts_containers(booted: Machine, runtime: str) -> None:
    assert 0 < moment(booted, SERVICE, ENDED) <= moment(booted, f"{runtime}.service", STARTED)


def test_a_docker_that_starts_after_the_audit_is_not_waited_for(booted: Machine) -> None:
    assert booted.node.show("docker.socket", "ActiveState") == {"ActiveState": "active"}
    said = booted.node.sh("journalctl", "--boot", "--unit", SERVICE, "--output=cat")
    assert "could not be asked: Docker: it does not run" in said


def test_it_holds_up_a_boot_for_a_limited_time_only(booted: Machine) -> None:
    assert booted.node.show(SERVICE, "TimeoutStartUSec") == {"TimeoutStartUSec": "1min 30s"}


def test_after_the_boot_it_goes_on_by_its_timer(booted: Machine) -> None:
    found = booted.node.show("nuage-chain-audit.timer", "ActiveState", "NextElapseUSecRealtime")
    assert found["ActiveState"] == "active"
    assert found["NextElapseUSecRealtime"]


def test_switched_off_and_on_in_order_everything_is_in_place_again(machine: Machine) -> None:
    node = machine.node
    node.reboot()
    assert node.sh("systemctl", "--failed", "--plain", "--no-legend") == ""
    assert node.sh("stat", "-c", "%a %U", "/run/nuage-chain").strip() == "755 root"
    assert node.sh("nuage-chain", "install", "--dry-run") == "Nothing is to be done.\n"
