"""`nuage-chain install` and `uninstall` as a user calls them, on a node with systemd."""

from __future__ import annotations

import json

from nuage_chain.attachment.journal import Journal
from nuage_chain.attachment.record import ADD, Record
from nuage_chain.vrs import rows
from tests.integration.systemd.conftest import LIST, VENV, Machine
from tests.integration.waiting import eventually

AGENT = "nuage-chain-agent.service"
HOME, LAUNCHER, COMMAND = "/opt/nuage-chain", "/usr/lib/cni/nuage-chain", "/usr/local/bin/nuage-chain"


def current(machine: Machine) -> str:
    return machine.node.sh("readlink", f"{HOME}/current").strip().rpartition("/")[2]


def versions(machine: Machine) -> list[str]:
    return sorted(name for name in machine.node.sh("ls", HOME).split() if "+" in name)


def test_a_dry_run_names_everything_and_puts_nothing_anywhere(machine: Machine) -> None:
    said, done = machine.said["dry run"].splitlines(), machine.said["install"].splitlines()
    assert machine.said["after the dry run"] == ""
    put = [line for line in done if line.startswith("put ") and line != "put /etc/cni/net.d"]
    assert sorted(line.removesuffix(", once the switch works") for line in said if line.startswith("put ")) == sorted(
        put
    )
    assert "start nuage-chain-audit.timer" in said


def test_the_list_is_published_last_and_once_the_switch_works(machine: Machine) -> None:
    assert machine.said["list while it waits"] == "False"
    put = [line for line in machine.said["install"].splitlines() if line.startswith("put ")]
    assert put[-1] == f"put {LIST}"
    assert json.loads(machine.node.sh("cat", LIST))["plugins"][-1]["type"] == "nuage-chain"


def test_it_needs_nothing_of_the_environment_that_pip_made(machine: Machine) -> None:
    node = machine.node
    node.sh("mv", VENV, f"{VENV}.away")
    try:
        assert node.sh(COMMAND, "--version") == f"nuage-chain {current(machine).partition('+')[0]}\n"
        # Without the agent, so that it is the copied code that answers.
        node.sh("systemctl", "stop", "nuage-chain-agent.socket", AGENT)
        answer = node.sh("sh", "-c", f'echo \'{{"cniVersion": "1.0.0"}}\' | CNI_COMMAND=VERSION {LAUNCHER}')
        assert "1.1.0" in json.loads(answer)["supportedVersions"]
        assert node.sh(COMMAND, "install", "--dry-run") == "Nothing is to be done.\n"
    finally:
        node.sh("systemctl", "start", "nuage-chain-agent.socket")
        node.sh("mv", f"{VENV}.away", VENV)


def test_a_second_time_there_is_nothing_to_do(machine: Machine) -> None:
    node = machine.node
    looks = ("find", HOME, "/etc", "/usr/lib/cni", "/usr/local", "-printf", "%p %T@ %i\\n")
    before = node.sh(*looks)
    assert node.sh(COMMAND, "install").splitlines()[0].startswith("nuage-chain ")
    assert node.sh(*looks) == before


def test_units_that_an_administrator_has_disabled_stay_so(machine: Machine) -> None:
    node = machine.node
    node.sh("systemctl", "disable", "--quiet", "--now", "nuage-chain-audit.timer")
    try:
        node.sh(COMMAND, "install")
        assert node.sh("systemctl", "is-enabled", "nuage-chain-audit.timer", check=False).strip() == "disabled"
        assert node.show("nuage-chain-audit.timer", "ActiveState") == {"ActiveState": "inactive"}
    finally:
        node.sh("systemctl", "enable", "--quiet", "--now", "nuage-chain-audit.timer")


def test_the_agent_and_the_audit_agree_on_which_boot_it_is(machine: Machine) -> None:
    node, path = machine.node, "/proc/sys/kernel/random/boot_id"
    node.sh("systemctl", "start", AGENT)
    agent = node.show(AGENT, "MainPID")["MainPID"]
    # What is attached by the one is judged by the other.
    assert node.sh("nsenter", "--target", agent, "--mount", "cat", path) == node.sh("cat", path)


def test_an_upgrade_flips_one_link_and_keeps_the_version_before(machine: Machine) -> None:
    node, first = machine.node, current(machine)
    launcher = node.sh("stat", "-c", "%i %Y", LAUNCHER)
    node.sh("systemctl", "start", AGENT)
    agent = node.show(AGENT, "MainPID")
    machine.relabel("9.0.1")
    said = node.sh(f"{VENV}/bin/nuage-chain", "install")
    put = [line for line in said.splitlines() if line.startswith("put ")]
    assert put == [f"put {HOME}/{current(machine)}", f"put {HOME}/current"]
    assert versions(machine) == [first, current(machine)]
    assert node.sh("stat", "-c", "%i %Y", LAUNCHER) == launcher
    assert node.sh(COMMAND, "--version") == "nuage-chain 9.0.1\n"
    eventually(lambda: node.show(AGENT, "MainPID") != agent, "the agent is the new version's", 30)
    eventually(lambda: "version 9.0.1" in node.run(COMMAND, "agent", "status").stdout, "it answers", 30)


def test_an_upgrade_that_was_killed_before_it_started_the_agent_again_is_completed(machine: Machine) -> None:
    node = machine.node
    node.sh("systemctl", "start", AGENT)
    agent = node.show(AGENT, "MainPID")
    node.sh("sed", "-i", 's/"running": "[^"]*"/"running": "0.1.0+0"/', f"{HOME}/manifest.json")
    node.sh(COMMAND, "install")
    eventually(lambda: node.show(AGENT, "MainPID") != agent, "the agent is the new version's", 30)


def test_another_list_takes_the_place_of_the_one_that_was_published(machine: Machine) -> None:
    node, other = machine.node, "30-nuage-ptp.conflist"
    for chosen in (other, "10-nuage.conflist"):
        node.sh(COMMAND, "install", "--wait", "30", "--conflist", chosen)
        lists = {f"/etc/cni/net.d/{name}" for name in node.sh("ls", "/etc/cni/net.d").split()}
        # podman has brought one of its own.
        assert lists - machine.before == {f"/etc/cni/net.d/{chosen}"}
        assert node.sh(COMMAND, "install", "--dry-run") == "Nothing is to be done.\n"


def test_where_no_list_was_wanted_an_upgrade_publishes_none(machine: Machine) -> None:
    node = machine.node
    node.sh(COMMAND, "install", "--conflist", "none")
    node.sh("rm", LIST)
    try:
        assert node.sh(COMMAND, "install", "--dry-run") == "Nothing is to be done.\n"
        node.sh(COMMAND, "install", "--wait", "30")
        assert node.run("ls", LIST).returncode != 0
    finally:
        node.sh(COMMAND, "install", "--wait", "30", "--conflist", "10-nuage.conflist")


def assert_refused(machine: Machine, why: str) -> None:
    """`uninstall` says so, and takes nothing away."""
    before = machine.files()
    done = machine.node.run(COMMAND, "uninstall")
    assert done.returncode == 1
    assert done.stdout.startswith(f"nuage-chain: {why}\n")
    assert machine.files() == before


def test_it_is_not_taken_away_under_containers(machine: Machine) -> None:
    node = machine.node
    machine.vrs.plant("veth-live", boot=node.sh("cat", "/proc/sys/kernel/random/boot_id").strip())
    try:
        assert_refused(machine, "1 container interface(s) are attached by nuage-chain.")
    finally:
        machine.vrs.unplug("veth-live")


def mark(name: str) -> list[str]:
    """ovs-vsctl's words that make a port an attachment of ours."""
    return ["--", "set", "Port", name, f"external_ids:{rows.CONTAINER}={name}", f"external_ids:{rows.IFNAME}=eth0"]


def test_a_container_on_a_bridge_that_no_list_names_any_more_counts(machine: Machine) -> None:
    node = machine.node
    add = ["add-br", "br-other", "--", "set", "bridge", "br-other", "datapath_type=netdev"]
    node.sh("ovs-vsctl", *add, "--", "add-port", "br-other", "veth-other", *mark("veth-other"))
    try:
        assert_refused(machine, "1 container interface(s) are attached by nuage-chain.")
    finally:
        node.sh("ovs-vsctl", "del-br", "br-other")


def test_an_add_that_was_killed_counts(machine: Machine) -> None:
    node = machine.node
    record = Record(ADD, "killed", "eth0", "nuage", "u" * 64, "web", "killed:node1", "killed-eth0:node1", since=1.0)
    folder = "/var/lib/nuage-chain/journal"
    Journal(node.inside(folder), machine.folder).write(record)
    try:
        assert_refused(machine, "1 attachment(s) are being made, or are not gone everywhere yet.")
    finally:
        node.sh("rm", "-r", folder)


def test_a_container_that_is_attached_while_the_list_goes_keeps_what_takes_it_away(machine: Machine) -> None:
    node, drop_in = machine.node, f"/run/systemd/system/{AGENT}.d"
    before = machine.files()
    # As an ADD that the agent ends before it ends itself.
    late = " ".join(["/usr/bin/ovs-vsctl", "add-port", "alubr0", "veth-late", *mark("veth-late")])
    node.sh("mkdir", drop_in)
    node.inside(f"{drop_in}/late.conf").write_text(f"[Service]\nExecStopPost=+{late}\n")
    node.sh("systemctl", "daemon-reload")
    node.sh("systemctl", "start", AGENT)
    try:
        done = node.run(COMMAND, "uninstall")
        assert done.returncode == 1
        assert "nuage-chain: 1 container interface(s) are attached by nuage-chain." in done.stdout
        assert before - machine.files() == {LIST}
        assert node.sh("systemctl", "is-active", "nuage-chain-agent.socket", "nuage-chain-audit.timer").split() == [
            "active",
            "active",
        ]
    finally:
        node.sh("rm", "-r", drop_in)
        node.sh("systemctl", "daemon-reload")
        node.sh("ovs-vsctl", "--if-exists", "del-port", "veth-late")
        node.sh(COMMAND, "install", "--wait", "30")
    assert machine.files() == before


def test_uninstall_takes_away_what_install_put_there_and_nothing_else(machine: Machine) -> None:
    node = machine.node
    node.sh(COMMAND, "uninstall", "--purge")
    assert machine.files() == machine.before
    assert node.sh("systemctl", "list-units", "--all", "--plain", "--no-legend", "nuage-chain*") == ""
    assert node.sh(f"{VENV}/bin/nuage-chain", "uninstall") == "nuage-chain is not installed.\n"
