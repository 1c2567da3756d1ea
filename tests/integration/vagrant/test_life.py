"""What happens to nodes in the course of time: leftovers, resets, upgrades, a VSD that is away."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.vagrant.containers import SECONDS, Container, attached, podman, running
from tests.integration.vagrant.lab import VSP, Host, Lab
from tests.integration.waiting import eventually

LIST = "/etc/cni/net.d/10-nuage.conflist"
AUDIT, TIMER = "nuage-chain-audit.service", "nuage-chain-audit.timer"
OVERLAY = "nuage-chain-vsp.service"
GRACE = 4
VENV = "/root/venv"


@pytest.fixture
def peer(lab: Lab) -> Iterator[Container]:
    """A container on the second node, that others talk to."""
    with running(lab.nodes[1], "peer") as container:
        yield container


@pytest.fixture
def hurried(lab: Lab) -> Iterator[Host]:
    """The first node, with an audit every few seconds, as far as it can be that fast, and a grace time to match."""
    host = lab.nodes[0]
    every = 20 if lab.virtual else 2
    folders = {unit: f"/run/systemd/system/{unit}.d" for unit in (AUDIT, TIMER)}
    contents = {
        AUDIT: "[Service]\nExecStart=\n"
        f"ExecStart=/opt/nuage-chain/current/bin/nuage-chain audit apply --grace {GRACE}\n",
        TIMER: f"[Timer]\nOnCalendar=\nOnCalendar=*:*:0/{every}\nRandomizedDelaySec=0\n",
    }
    for unit, content in contents.items():
        host.sh("sh", "-c", f"mkdir -p {folders[unit]} && printf '{content}' >{folders[unit]}/hurry.conf")
    host.sh("systemctl", "daemon-reload")
    host.sh("systemctl", "restart", TIMER)
    yield host
    host.sh("rm", "-r", *folders.values())
    host.sh("systemctl", "daemon-reload")
    host.sh("systemctl", "restart", TIMER)


def test_the_timer_s_audit_removes_a_stale_port_after_the_grace_time_and_leaves_a_live_one(
    hurried: Host, peer: Container
) -> None:
    with running(hurried, "live") as live:
        # What a runtime leaves that was killed: a port of a container whose namespace is gone.
        hurried.sh("ip", "netns", "add", "stale")
        hurried.sh("nuage-chain", "attach", "stale", "--netconf", LIST)
        assert attached(hurried) == 2
        planted = float(hurried.sh("cat", "/proc/uptime").split()[0])
        hurried.sh("ip", "netns", "delete", "stale")
        eventually(lambda: attached(hurried) == 1, "the stale one is gone", 4 * SECONDS)
        assert float(hurried.sh("cat", "/proc/uptime").split()[0]) - planted >= GRACE
        said = hurried.sh("journalctl", "--boot", "--unit", AUDIT, "--output=cat")
        assert "1 done" in said
        live.meets(peer)


def test_a_vsd_that_is_away_stops_neither_traffic_nor_a_removal(lab: Lab, peer: Container) -> None:
    host = lab.nodes[0]
    container = podman(host, "orphan")
    container.meets(peer)
    known = len(lab.vsd("get", "containers"))
    lab.controller.sh("sh", "-c", f"kill $(cat {VSP}/run/vsd.pid)")
    try:
        eventually(lambda: lab.controller.run("pgrep", "-F", f"{VSP}/run/vsd.pid")[0] != 0, "VSD has ended", SECONDS)
        assert container.pings(peer.address())
        container.remove()
        assert attached(host) == 0
        assert owed(host) == 1
    finally:
        lab.controller.sh("systemctl", "restart", OVERLAY)
    # What VSD could not be told is told by the audit.
    host.sh("systemctl", "start", AUDIT)
    assert len(lab.vsd("get", "containers")) == known - 1
    assert owed(host) == 0


def owed(host: Host) -> int:
    """How many attachments the journal has that are not gone everywhere."""
    return len(host.sh("ls", "/var/lib/nuage-chain/journal").split())


def test_a_node_that_is_reset_in_the_middle_of_work_comes_back_clean(lab: Lab) -> None:
    first, second = lab.nodes[0], lab.nodes[1]
    with running(first, "stays") as stays:
        lost = podman(second, "lost")
        stays.meets(lost)
        before, address = second.boot, lost.address()
        lab.pull_the_plug(second)
        assert second.name not in lab.running()
        lab.vagrant("up", "--no-provision", second.name)
        assert second.boot != before
        second.settle()
        assert attached(second) == 0
        assert not stays.pings(address)
        second.sh("podman", "rm", "--force", "--time=0", "lost")
        with running(second, "again") as again:
            again.meets(stays)

    # A switch's database loses what it was told last, and the vPort is in VSD alone then: seen twice, it goes.
    def forgotten() -> bool:
        second.sh("nuage-chain", "audit", "apply", "--grace", "0")
        return not lab.vsd("get", "containers")

    eventually(forgotten, "VSD has forgotten the lost one", SECONDS)


def test_an_upgrade_in_place_keeps_containers_connected(lab: Lab, peer: Container) -> None:
    host = lab.nodes[0]
    version = host.sh("nuage-chain", "--version")
    with running(host, "connected") as container:
        container.meets(peer)
        log = "/run/pinging.log"
        pinging = f"ping -i 0.2 {peer.address()} >{log} 2>&1 & echo $!"
        pid = container.sh("sh", "-c", pinging).strip()
        try:
            _relabel(host, "9.0.1")
            assert host.sh("nuage-chain", "--version") == "nuage-chain 9.0.1\n"
        finally:
            container.sh("kill", "-INT", pid)
        eventually(lambda: "packet loss" in host.sh("cat", log), "ping has said how it went", 10)
        assert " 0% packet loss" in host.sh("cat", log)
        # By the version that is there now.
        container.remove()
        assert attached(host) == 0
        container = podman(host, "connected")
        container.meets(peer)
    _relabel(host, version.split()[1])
    assert host.sh("nuage-chain", "--version") == version


def _relabel(host: Host, version: str) -> None:
    """Has a wheel of that version installed, as far as anybody can tell."""
    edit = f"sed -i 's/^__version__.*/__version__ = \"{version}\"/' {VENV}/lib/*/*/nuage_chain/__init__.py"
    host.sh("sh", "-c", edit)
    host.sh(f"{VENV}/bin/nuage-chain", "install", "--wait", "60")
