"""An embedded VSP of several nodes, as somebody who has never seen one tries it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from nuage_chain.deadline import Deadline
from nuage_chain.vsp import place
from nuage_chain.vsp.invitation import invite_host
from nuage_chain.vsp.layout import layout_of
from tests.integration.cli.driver import NUAGE_CHAIN, assert_sentence_and_hint, heed_signals
from tests.integration.cli.vsp import Vsp
from tests.integration.cli.wire import LIST, Wire
from tests.integration.lab import PLUGIN_DIRS
from tests.integration.waiting import eventually

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vsp]:
    """Two nodes with the demo's topology, made by the command line."""
    made = Vsp(tmp_path_factory.mktemp("pair") / "vsp")
    try:
        up = made("up", "--netns", made.netns, "--nodes", "2")
        assert (up.returncode, up.stderr) == (0, "")
        assert made("seed").returncode == 0
        yield made
    finally:
        made.end()


def run(vsp: Vsp, *words: str, node: str = "1", args: str = "") -> subprocess.Popen[str]:
    options = ["--node", node, "--state", str(vsp.state), "--netconf", str(LIST), "--args", args]
    environment = os.environ | {"CNI_PATH": ":".join(map(str, PLUGIN_DIRS))}
    argv = [str(NUAGE_CHAIN), "run", *options, "--", *words]
    return subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def outcome(running: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = running.communicate(timeout=60)
    return running.returncode, out, err


def test_containers_run_on_the_node_that_is_named_and_reach_each_other(pair: Vsp) -> None:
    server = run(pair, "sh", "-c", "ip -4 -br address show eth0; sleep 300", node="2", args="NUAGE_SUBNET=api")
    try:
        assert server.stdout is not None
        address = server.stdout.readline().split()[2].partition("/")[0]
        assert address.startswith("10.10.2.")
        status, out, err = outcome(run(pair, "ping", "-c", "5", "-i", "0.3", "-w", "4", address))
        assert status == 0, out + err
        assert ports(pair) == ["0 ports", "1 port"]
    finally:
        server.send_signal(signal.SIGTERM)
        outcome(server)
    assert ports(pair) == ["0 ports", "0 ports"]


def ports(vsp: Vsp) -> list[str]:
    table = vsp("status").stdout.split("node  ")[1].splitlines()[1:3]
    return [" ".join(line.split()[3:5]) for line in table]


def test_the_calls_of_a_node_go_to_its_own_agent(pair: Vsp) -> None:
    status, _, err = outcome(run(pair, "true", node="2"))
    assert status == 0, err
    socket = pair.state / "nodes" / "2" / "run" / "agent.sock"
    ask = [*place.prefix(f"{pair.netns}-2"), str(NUAGE_CHAIN), "agent", "status", "--socket", str(socket)]
    told = subprocess.run(ask, capture_output=True, text=True, check=True).stdout
    assert re.search(r"\d ADD, \d DEL", told), told
    assert (pair.state / "nodes" / "2" / "plugin" / "journal").is_dir()


def test_a_namespace_may_be_attached_on_a_node_checked_and_detached(pair: Vsp) -> None:
    name = f"{pair.netns}-web"
    subprocess.run(["ip", "netns", "add", name], check=True)
    # A list that is checked: behind `bridge` disableCheck has to be set.
    here = ["--node", "1", "--state", str(pair.state), "--netconf", str(LIST.with_name("30-nuage-ptp.conflist"))]

    def said(verb: str) -> tuple[int, str]:
        environment = os.environ | {"CNI_PATH": ":".join(map(str, PLUGIN_DIRS))}
        done = subprocess.run(
            [NUAGE_CHAIN, verb, *here, name], env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    try:
        for verb, expected in (("attach", "10.10.1."), ("check", "As attach left it: nuage-ptp.")):
            status, out = said(verb)
            assert (status, expected in out) == (0, True), out
        subprocess.run(["ip", "-n", name, "address", "flush", "dev", "eth0"], check=True)
        assert said("check")[0] == 1
        assert said("detach") == (0, "Off nuage-ptp.\n")
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)
    assert ports(pair) == ["0 ports", "0 ports"]


def test_what_runs_already_is_said_and_a_node_that_is_down_comes_back(pair: Vsp) -> None:
    again = pair("up")
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.startswith("The embedded VSP runs already.\n")
    assert "2, all of them ran" in again.stdout
    gone = pair("down", "--node", "2")
    assert gone.stdout == "Node 2 is down; `nuage-chain vsp up` brings it back.\n"
    assert chassis(pair) == [f"{pair.netns}-1"], "the other nodes have no tunnel to it any more"
    broken = pair("status")
    assert broken.returncode == 1
    assert broken.stdout.endswith(f"No container can be attached on node 2; see {pair.state}/nodes/2/log.\n")
    refused = outcome(run(pair, "true", node="2"))
    assert (refused[0], refused[1]) == (1, "")
    assert f"Node 2 of the embedded VSP in {pair.state} is not up." in refused[2]
    assert "2, started 2;" in pair("up").stdout
    assert pair("status").returncode == 0, pair("status").stdout
    assert outcome(run(pair, "true", node="2"))[0] == 0


def chassis(vsp: Vsp) -> list[str]:
    """The nodes that OVN knows."""
    database = f"--db=unix:{vsp.state}/run/ovnsb_db.sock"
    argv = ["ovn-sbctl", database, "--bare", "--columns=name", "list", "Chassis"]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()


def test_a_node_that_nobody_made_is_said_to_be_none(pair: Vsp) -> None:
    status, out, err = outcome(run(pair, "true", node="3"))
    assert (status, out) == (1, "")
    assert "has no node 3; it has 1, 2." in err
    assert_sentence_and_hint(err)


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        (["up", "--nodes", "0"], 2, "'0' is not a number of nodes, 1 to 250"),
        (["up", "--nodes", "many"], 2, "'many' is not a number of nodes"),
        (["up", "--nodes", "1"], 1, "has 2 nodes already."),
        (["up", "--nodes", "2", "--listen", "192.0.2.1"], 1, "With --nodes all nodes are on this machine"),
        (["up", "--listen", "127.0.0.1"], 2, "is not an IPv4 address that other hosts can reach"),
        (["down", "--node", "9"], 1, "has no node 9; it has 1, 2."),
        (["down", "--node", "1", "--purge"], 1, "--purge removes a whole VSP"),
        (["invite", "../x"], 1, "cannot be the name of a certificate"),
        (["join", "/nowhere", "--address", "192.0.2.2"], 1, "/nowhere cannot be read"),
        (["join", "/dev/null", "--address", "192.0.2.2"], 1, "/dev/null is not an invitation"),
        (["join", "/dev/null", "--address", "host-2"], 2, "is not an IPv4 address"),
        (["join", "/dev/null"], 2, "--address"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence_and_changes_nothing(
    pair: Vsp, words: list[str], status: int, expected: str
) -> None:
    before = pair.processes()
    done = pair(*words)
    assert (done.returncode, done.stdout) == (status, "")
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert pair.processes() == before


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--address", "192.0.2.2/24", "--uplink", "eth9"], "There is no link eth9 here."),
        (["--address", "192.0.2.2", "--uplink", "lo"], "The address 192.0.2.2 of an uplink needs its length."),
        (["--address", "192.0.2.2"], "192.0.2.2:0 cannot be bound: Cannot assign requested address."),
    ],
)
def test_a_host_that_has_not_what_it_says_does_not_join(
    pair: Vsp, tmp_path: Path, words: list[str], expected: str
) -> None:
    assert pair("invite", "stranger", "--output", str(tmp_path / "invitation")).returncode == 0
    host = Vsp(tmp_path / "host")
    try:
        done = host("join", str(tmp_path / "invitation"), "--netns", host.netns, *words)
        assert (done.returncode, done.stdout) == (1, "")
        assert expected in done.stderr
        assert_sentence_and_hint(done.stderr)
        assert host.processes() == []
        assert host.namespaces() == []
    finally:
        host.end()


def test_an_up_that_is_interrupted_in_the_middle_leaves_no_node(vsp: Vsp) -> None:
    with begun(vsp) as running:
        running.send_signal(signal.SIGINT)
        running.send_signal(signal.SIGTERM)
        status, out, err = outcome(running)
    said = "nuage-chain: still cleaning up; please wait.\nnuage-chain: Interrupted by SIGINT.\n"
    assert (status, out, err) == (130, "", said)
    assert vsp.processes() == []
    assert vsp.namespaces() == []
    assert not list((vsp.state / "nodes").iterdir())


def test_an_up_that_is_killed_in_the_middle_is_cleaned_up_by_down(vsp: Vsp) -> None:
    with begun(vsp):
        pass
    assert vsp("down", "--purge").returncode == 0
    assert vsp.processes() == []
    assert vsp.namespaces() == []


@contextlib.contextmanager
def begun(vsp: Vsp) -> Iterator[subprocess.Popen[str]]:
    """An `up` that has begun with its second node; killed in the end, where it still runs."""
    words = vsp.words("up", "--netns", vsp.netns, "--nodes", "3")
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, preexec_fn=heed_signals) as running:
        try:
            eventually(lambda: (vsp.state / "nodes" / "2" / "run" / "db.sock").exists())
            yield running
        finally:
            running.kill()


def test_namespaces_of_somebody_else_are_left_as_they_were(vsp: Vsp) -> None:
    other = f"{vsp.netns}-2"
    for name in (vsp.netns, other):
        subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        done = vsp("up", "--netns", vsp.netns, "--nodes", "2")
        assert (done.returncode, done.stdout) == (1, "")
        assert f"There is a network namespace {other} already, which is not ours." in done.stderr
        assert vsp.processes() == []
        assert sorted(vsp.namespaces()) == [vsp.netns, other]
        assert place.links(vsp.netns, 5) == {"lo"}, "the underlay is gone"
    finally:
        for name in (vsp.netns, other):
            subprocess.run(["ip", "netns", "delete", name], check=True)


def test_a_centre_that_does_not_come_up_leaves_a_given_namespace_as_it_was(vsp: Vsp) -> None:
    subprocess.run(["ip", "netns", "add", vsp.netns], check=True)
    try:
        with place.inside(vsp.netns, lambda: socket.create_server(("", 8443)), 5):
            done = vsp("up", "--netns", vsp.netns, "--nodes", "2")
        assert (done.returncode, done.stdout) == (1, "")
        assert "100.64.0.1:8443, which VSD is to use, is taken." in done.stderr
        assert place.links(vsp.netns, 5) == {"lo"}, "the underlay is gone"
        assert vsp("status").stdout == f"No embedded VSP in {vsp.state}.\n"
    finally:
        subprocess.run(["ip", "netns", "delete", vsp.netns], check=True)


def test_a_vsp_without_nodes_does_not_become_one_with_nodes(vsp: Vsp) -> None:
    vsp.up()
    done = vsp("up", "--netns", vsp.netns, "--nodes", "2")
    assert (done.returncode, done.stdout) == (1, "")
    assert "is one without nodes of its own." in done.stderr
    assert vsp("status").returncode == 0


def test_hosts_join_a_centre_by_invitation_over_tls(vsp: Vsp, tmp_path: Path) -> None:
    """Three namespaces in the part of hosts on one wire; the commands are those of docs/nodes.md."""
    wire = Wire(vsp.netns, tmp_path)
    hosts = [Vsp(tmp_path / f"host-{n}", f"{vsp.netns}-h{n}") for n in (1, 2)]
    try:
        wire.make(["centre", *(host.netns for host in hosts)])
        centre = vsp("up", "--netns", wire.name("centre"), "--listen", "192.0.2.1")
        assert (centre.returncode, centre.stderr) == (0, "")
        assert vsp("status").stdout.endswith("Hosts may join.\n")
        assert vsp("seed").returncode == 0
        for number, host in enumerate(hosts, 2):
            invitation = tmp_path / f"{number}.invitation"
            assert vsp("invite", f"host-{number}", "--output", str(invitation)).returncode == 0
            words = [str(invitation), "--address", f"192.0.2.{number}/24", "--uplink", "wire", "--netns", host.netns]
            joined = host("join", *words)
            assert joined.stdout.startswith(f"Node host-{number} is up.\n"), joined.stderr
        assert hosts[1]("join", *words).stdout.startswith("Node host-3 runs already.\n")
        invitation.write_text(invitation.read_text().replace('"password": "', '"password": "another'))
        otherwise = hosts[1]("join", *words)
        assert (otherwise.returncode, otherwise.stdout) == (1, "")
        assert f"The node host-3 in {hosts[1].state} is up with another invitation." in otherwise.stderr
        assert_sentence_and_hint(otherwise.stderr)
        assert hosts[1]("status").returncode == 0
        one, two = (wire.attach(host) for host in hosts)
        subprocess.run(["ip", "netns", "exec", one[0], "ping", "-c5", "-i0.3", "-w4", two[1]], check=True)
        assert quiet_links(hosts[0]) == ["wire"], "the kernel answers for every other link as it did"
        assert hosts[0]("down").stdout == "The embedded VSP is down.\n"
        no_centre = hosts[0]("up", "--listen", "192.0.2.2")
        assert (no_centre.returncode, no_centre.stdout) == (1, "")
        assert "has joined the VSP at 192.0.2.1, which decides --listen" in no_centre.stderr
        assert quiet_links(hosts[0]) == []
        back = hosts[0]("up")
        assert back.returncode == 0, back.stderr
        subprocess.run(["ip", "netns", "exec", one[0], "ping", "-c5", "-i0.3", "-w4", two[1]], check=True)
    finally:
        for host in hosts:
            host("down", "--purge")
        vsp("down", "--purge")
        wire.remove()


def quiet_links(host: Vsp) -> list[str]:
    """Where the host's kernel does not answer every ARP request."""

    def found() -> list[str]:
        names = ["all", *(link for _, link in socket.if_nameindex())]
        return [name for name in names if Path(f"/proc/sys/net/ipv4/conf/{name}/arp_ignore").read_text() != "0\n"]

    return place.inside(host.netns, found, 5)


def test_whoever_is_invited_while_the_centre_comes_up_trusts_the_authority_that_it_ends_up_with(
    vsp: Vsp, tmp_path: Path
) -> None:
    wire = Wire(vsp.netns, tmp_path)
    try:
        wire.make(["centre"])
        words = vsp.words("up", "--netns", wire.name("centre"), "--listen", "192.0.2.1")
        coming = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        eventually((vsp.state / "vsp.json").exists)
        invited = invite_host(layout_of(vsp.state), "host-2", Deadline(30))
        assert outcome(coming)[0] == 0
        authority = x509.load_pem_x509_certificate(invited.ovn_ca.encode())
        for proof in ("server.pem", "clients/nodes/host-2.pem"):
            certificate = x509.load_pem_x509_certificate((vsp.state / "tls" / proof).read_bytes())
            certificate.verify_directly_issued_by(authority)
    finally:
        vsp("down", "--purge")
        wire.remove()
