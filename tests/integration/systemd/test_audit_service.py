"""The audit's timer and service on a node with systemd: its schedule, its rights, and one at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from tests.integration.systemd.conftest import Machine
from tests.integration.systemd.node import ROOT
from tests.integration.waiting import eventually

SERVICE, TIMER = "nuage-chain-audit.service", "nuage-chain-audit.timer"
STAMP = f"/var/lib/systemd/timers/stamp-{TIMER}"
DROP_IN = f"/run/systemd/system/{SERVICE}.d"
PROBE = Path(__file__).parent / "probe.py"
STATE = "/var/lib/nuage-chain"
COMMAND = "/usr/local/bin/nuage-chain"

# What systemd-nspawn keeps from root, too.
BY_NSPAWN = {"set what is not the network's"}


def runs(machine: Machine) -> str:
    return machine.node.show(SERVICE, "InvocationID")["InvocationID"]


def state(machine: Machine) -> str:
    return machine.node.show(SERVICE, "ActiveState")["ActiveState"]


def at_rest(machine: Machine) -> None:
    eventually(lambda: state(machine) in ("inactive", "failed"), "no audit runs", 60)


def test_the_timer_is_there_and_runs_the_audit_every_five_minutes(machine: Machine) -> None:
    node = machine.node
    assert node.sh("systemctl", "is-enabled", TIMER, SERVICE).split() == ["enabled", "enabled"]
    found = node.show(
        TIMER, "ActiveState", "Unit", "TimersCalendar", "Persistent", "RandomizedDelayUSec", "FixedRandomDelay"
    )
    assert "OnCalendar=*-*-* *:00/5:00" in found.pop("TimersCalendar")
    assert found == {
        "ActiveState": "active",
        "Unit": SERVICE,
        "Persistent": "yes",
        "RandomizedDelayUSec": "1min",
        "FixedRandomDelay": "yes",
    }
    next_at = node.show(TIMER, "NextElapseUSecRealtime")["NextElapseUSecRealtime"]
    when = datetime.strptime(next_at, "%a %Y-%m-%d %H:%M:%S UTC").replace(tzinfo=timezone.utc)
    assert 0 <= (when - datetime.now(timezone.utc)).total_seconds() + 1 <= 6 * 60 + 1


def test_a_run_that_was_missed_while_the_node_was_off_is_made_up_for(machine: Machine) -> None:
    node = machine.node
    at_rest(machine)
    node.sh("systemctl", "stop", TIMER)
    before = runs(machine)
    node.sh("touch", "--date=1 hour ago", STAMP)
    node.sh("mkdir", "-p", f"/run/systemd/system/{TIMER}.d")
    node.inside(f"/run/systemd/system/{TIMER}.d/at-once.conf").write_text("[Timer]\nRandomizedDelaySec=0\n")
    try:
        node.sh("systemctl", "daemon-reload")
        node.sh("systemctl", "start", TIMER)
        eventually(lambda: runs(machine) != before, "the missed run", 10)
        at_rest(machine)
    finally:
        node.sh("rm", "-r", f"/run/systemd/system/{TIMER}.d")
        node.sh("systemctl", "daemon-reload")
        node.sh("systemctl", "restart", TIMER)


def test_stopping_the_timer_stops_the_audit_as_it_did_with_the_predecessor(machine: Machine) -> None:
    node = machine.node
    node.sh("systemctl", "stop", TIMER)
    assert node.show(TIMER, "NextElapseUSecRealtime", "ActiveState") == {
        "NextElapseUSecRealtime": "",
        "ActiveState": "inactive",
    }
    node.sh("systemctl", "start", TIMER)
    assert "systemctl stop nuage-chain-audit.timer" in (ROOT / "docs" / "install.md").read_text()


@pytest.fixture
def slow_switch(machine: Machine) -> Iterator[None]:
    """An OVSDB that does not answer, so that an audit is found in the middle."""
    at_rest(machine)
    machine.node.sh("sh", "-c", "kill -STOP $(cat /run/openvswitch/ovsdb-server.pid)")
    yield
    machine.node.sh("sh", "-c", "kill -CONT $(cat /run/openvswitch/ovsdb-server.pid)")
    at_rest(machine)
    machine.node.sh("systemctl", "start", SERVICE)


def holds_the_lock(machine: Machine) -> bool:
    # Not by flock(1): to try it is to take it from an audit that is about to.
    inode = machine.node.sh("stat", "-c", "%i", "/run/nuage-chain/audit.lock", check=False).strip()
    return f":{inode} " in machine.node.sh("cat", "/proc/locks")


def audits(machine: Machine) -> list[str]:
    return machine.node.sh("pgrep", "-f", "bin/nuage-chain audit apply", check=False).split()


def test_two_audits_never_run_at_once(machine: Machine, slow_switch: None) -> None:
    node = machine.node
    node.sh("systemctl", "--no-block", "start", SERVICE)
    eventually(lambda: holds_the_lock(machine), "it is at work", 30)
    first, processes = runs(machine), audits(machine)
    node.sh("systemctl", "--no-block", "start", SERVICE)
    by_hand = node.run(COMMAND, "audit", "apply")
    assert (by_hand.returncode, by_hand.stdout.splitlines()[:1]) == (0, ["nuage-chain: Another audit is running."])
    assert (runs(machine), audits(machine)) == (first, processes)
    assert len(processes) == 1


def test_stopped_in_the_middle_it_leaves_nothing(machine: Machine, slow_switch: None) -> None:
    node = machine.node
    before = machine.files()
    node.sh("systemctl", "--no-block", "start", SERVICE)
    eventually(lambda: holds_the_lock(machine), "it is at work", 30)
    node.sh("systemctl", "stop", SERVICE)
    assert node.show(SERVICE, "ActiveState", "Result") == {"ActiveState": "inactive", "Result": "success"}
    assert audits(machine) == []
    assert not holds_the_lock(machine)
    assert machine.files() == before


def test_it_has_the_rights_that_it_needs_and_no_others(machine: Machine) -> None:
    node = machine.node
    at_rest(machine)
    node.sh("ip", "netns", "add", "sandbox")
    probe = node.inside(f"{STATE}/probe.py")
    probe.write_text(PROBE.read_text())
    node.sh("mkdir", "-p", DROP_IN)
    node.inside(f"{DROP_IN}/probe.conf").write_text(
        f"[Service]\nExecStart=\nExecStart=/usr/bin/python3 {STATE}/probe.py {STATE}/probe.json\n"
    )
    try:
        node.sh("systemctl", "daemon-reload")
        node.sh("systemctl", "start", SERVICE)
        found = json.loads(node.inside(f"{STATE}/probe.json").read_text())
        node.sh("/usr/bin/python3", f"{STATE}/probe.py", f"{STATE}/probe.json")
        unrestricted = json.loads(node.inside(f"{STATE}/probe.json").read_text())["must not"]
    finally:
        node.sh("rm", "-r", DROP_IN, f"{STATE}/probe.py", f"{STATE}/probe.json", check=False)
        node.sh("systemctl", "daemon-reload")
        node.sh("ip", "netns", "delete", "sandbox")
    assert {name for name, said in found["needs"].items() if said != "ok"} == set(), found["needs"]
    assert {name for name, said in found["must not"].items() if said == "ok"} == set(), found["must not"]
    barred = {name for name, said in unrestricted.items() if said != "ok"}
    assert barred == BY_NSPAWN, f"what is refused to anybody shows nothing: {unrestricted}"


def test_with_these_rights_it_sees_that_a_container_lives(machine: Machine) -> None:
    node = machine.node
    at_rest(machine)
    node.sh("ip", "netns", "add", "live")
    node.sh("ip", "link", "add", "veth-live", "type", "veth", "peer", "name", "eth0", "netns", "live")
    process = node.start("ip", "netns", "exec", "live", "sleep", "60")
    boot = node.sh("cat", "/proc/sys/kernel/random/boot_id").strip()
    machine.vrs.plant("veth-live", boot=boot, netns="/run/netns/live")
    try:
        node.sh("systemctl", "start", SERVICE)
        said = node.sh("journalctl", f"_SYSTEMD_INVOCATION_ID={runs(machine)}", "--output=cat")
        assert "0 waiting, 1 kept" in said
        assert machine.vrs.names() == {"veth-live"}
        process.kill()
        process.wait()
        node.sh("sh", "-c", "ip netns pids live | xargs --no-run-if-empty kill -KILL")
        node.sh("ip", "netns", "delete", "live")
        eventually(lambda: node.run("ip", "link", "show", "veth-live").returncode != 0, "its veth is gone", 10)
        node.sh("systemctl", "start", SERVICE)
        said = node.sh("journalctl", f"_SYSTEMD_INVOCATION_ID={runs(machine)}", "--output=cat")
        assert "1 waiting, none kept" in said
    finally:
        machine.vrs.unplug("veth-live")


def test_what_systemd_finds_wrong_with_it_is_what_the_documentation_explains(machine: Machine) -> None:
    said = machine.node.sh("systemd-analyze", "security", "--no-pager", SERVICE)
    exposed = [line.split()[1] for line in said.splitlines() if line.startswith("✗")]
    explained = (ROOT / "docs" / "install.md").read_text()
    assert [name for name in exposed if f"`{name}`" not in explained] == []
    level = re.search(r"Overall exposure level for [^:]*: ([0-9.]+)", said)
    assert level is not None
    assert f"gives it {level[1]}," in explained
