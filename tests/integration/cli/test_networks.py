from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.cli.driver import BROKEN, SLOW, assert_sentence_and_hint
from tests.integration.lab import NOTHING
from tests.integration.waiting import eventually

if TYPE_CHECKING:
    from tests.integration.cli.driver import Cli

pytestmark = pytest.mark.root

# printf /run/netns/web1 | sha512sum, the first ten bytes
CNITOOL_ID = "cnitool-99cee53b808795b73ebd"


@pytest.mark.parametrize("given", ["web1", "/run/netns/web1", "/run/../run/netns/web1"])
def test_attach_joins_a_namespace_given_by_name_or_path_and_detach_undoes_it(cli: Cli, given: str) -> None:
    cli.offer()
    container = cli.lab.container("web1")
    attached = cli("attach", given)
    assert (attached.returncode, attached.stderr) == (0, "")
    (address,) = container.addresses()
    header, line = attached.stdout.splitlines()
    assert header.split() == ["interface", "network", "MAC", "address", "gateway"]
    assert line.split()[:2] == ["eth0", "nuage"]
    assert line.split()[3:] == [address, "10.10.1.1"]
    assert container.pings("10.10.1.1")
    detached = cli("detach", given)
    assert (detached.returncode, detached.stdout, detached.stderr) == (0, "Off nuage.\n", "")
    assert cli.lab.left() == NOTHING


def test_the_container_id_is_the_one_that_cnitool_would_use(cli: Cli) -> None:
    cli.offer()
    cli.lab.container("web1")
    assert cli("attach", "web1").returncode == 0
    assert [f.name for f in (cli.lab.cache / "results").iterdir()] == [f"nuage-{CNITOOL_ID}-eth0"]
    assert cli("detach", "web1").returncode == 0


def test_attach_prints_the_results_as_json(cli: Cli) -> None:
    cli.offer(name="10-first")
    cli.offer(name="20-second", subnet="api")
    container = cli.lab.container("web1")
    done = cli("attach", "--json", "web1")
    results = json.loads(done.stdout)
    got = [[ip["address"] for ip in result["ips"]] for result in results]
    assert got == [container.addresses("eth0"), container.addresses("eth1")]
    assert cli("detach", "web1").returncode == 0


def test_one_network_of_several_gets_the_interface_name_and_the_arguments_given(cli: Cli) -> None:
    cli.offer(name="10-first")
    cli.offer(name="20-second")
    container = cli.lab.container("web1")
    choice = ["--network", "20-second", "--ifname", "net7"]
    assert cli("attach", *choice, "--args", "NUAGE_SUBNET=api", "web1").returncode == 0
    assert container.addresses("net7")[0].startswith("10.10.2.")
    assert cli("detach", *choice, "web1").returncode == 0


def test_the_environment_says_what_the_arguments_do_not(cli: Cli) -> None:
    cli.offer()
    container = cli.lab.container("web1")
    assert cli("attach", "web1", CNI_ARGS="NUAGE_SUBNET=api", CNI_IFNAME="net7").returncode == 0
    assert container.addresses("net7")[0].startswith("10.10.2.")
    assert cli("detach", "web1", CNI_IFNAME="net7").returncode == 0


def test_detach_may_be_repeated_and_needs_no_namespace(cli: Cli) -> None:
    cli.offer()
    container = cli.lab.container("web1")
    assert cli("attach", "web1").returncode == 0
    cli.lab.remove(container)
    for _ in range(2):
        done = cli("detach", "web1")
        assert (done.returncode, done.stderr) == (0, "")
        assert cli.lab.left() == NOTHING


def test_check_tells_an_attachment_that_is_whole_from_one_that_is_not(cli: Cli) -> None:
    cli.offer("30-nuage-ptp.conflist")
    container = cli.lab.container("web1")
    never = cli("check", "web1")
    assert (never.returncode, never.stdout) == (1, "")
    assert "never added" in never.stderr
    assert cli("attach", "web1").returncode == 0
    whole = cli("check", "web1")
    assert (whole.returncode, whole.stdout, whole.stderr) == (0, "As attach left it: nuage-ptp.\n", "")
    container.sh("ip", "address", "flush", "dev", "eth0", "scope", "global")
    spoilt = cli("check", "web1")
    assert (spoilt.returncode, spoilt.stdout) == (1, "")
    assert spoilt.stderr.startswith("nuage-chain: Network nuage-ptp (eth0): ")
    assert cli("detach", "web1").returncode == 0


def test_check_does_not_claim_to_have_checked_what_has_it_switched_off(cli: Cli) -> None:
    cli.offer()
    cli.lab.container("web1")
    assert cli("attach", "web1").returncode == 0
    done = cli("check", "web1")
    assert (done.returncode, done.stdout) == (0, "nuage: not checked, its list says disableCheck.\n")
    assert cli("detach", "web1").returncode == 0


def test_an_attach_that_fails_leaves_nothing(cli: Cli) -> None:
    cli.offer(name="05-first")
    cli.offer_after("broken", BROKEN)
    container = cli.lab.container("web1")
    done = cli("attach", "web1")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("nuage-chain: Network nuage (eth1): Plugin 'broken' failed (ADD): no such luck")
    assert cli.lab.left() == NOTHING
    assert "eth" not in container.sh("ip", "-br", "link")


def test_an_attach_that_is_interrupted_leaves_nothing(cli: Cli) -> None:
    cli.offer_after("slow", SLOW)
    container = cli.lab.container("web1")
    running = cli.start("attach", "web1")
    eventually(cli.mark.exists)
    running.send_signal(signal.SIGTERM)
    assert running.communicate(timeout=20) == ("", "nuage-chain: Interrupted by SIGTERM.\n")
    assert running.returncode == 143
    assert cli.lab.left() == NOTHING
    assert "eth" not in container.sh("ip", "-br", "link")


WRONG = {
    "no such namespace": (["nowhere"], "'/run/netns/nowhere' cannot be opened"),
    "a file that is no namespace": (["/etc/hostname"], "'/etc/hostname' is not a network namespace"),
    "its own namespace": (["/proc/self/ns/net"], "is the network namespace that this command runs in"),
    "no such folder": (["--netconf", "/nowhere", "web1"], "There is no /nowhere to take networks from"),
    "no such network": (["--network", "other", "web1"], "has no network named 'other'; it has: nuage."),
    "arguments that are no pairs": (["--args", "web", "web1"], "'web' in --args or CNI_ARGS is not KEY=VALUE"),
    "capabilities that are no JSON": (["--capabilities", "{", "web1"], "is not JSON"),
    "capabilities that are no object": (["--capabilities", "[]", "web1"], "has to be a JSON object"),
    "a bad interface name": (["--ifname", "a/b", "web1"], "'a/b' is not an interface name"),
    "a bad container ID": (["--container-id", "../x", "web1"], "'../x' is not a container ID"),
    "a subnet that is not there": (["--args", "NUAGE_SUBNET=no", "web1"], "Network nuage (eth0): Plugin 'nuage-chain'"),
}


@pytest.mark.parametrize(("words", "expected"), WRONG.values(), ids=WRONG)
def test_wrong_input_gets_a_sentence_and_a_hint(cli: Cli, words: list[str], expected: str) -> None:
    cli.offer()
    cli.lab.container("web1")
    done = cli("attach", *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert expected in done.stderr
    assert_sentence_and_hint(done.stderr)


FILES = {
    "no configuration at all": ({}, "has no network configuration"),
    "not JSON": ({"a.conflist": "{"}, "a.conflist: is not JSON"),
    "nested too deeply": ({"a.conflist": "[" * 100_000}, "nested too deeply"),
    "a list in a .conf": ({"a.conf": '{"name": "a", "cniVersion": "1.0.0", "plugins": []}'}, "a.conf: has `plugins`"),
    "no plugins": ({"a.conflist": '{"name": "a", "cniVersion": "1.0.0"}'}, "`plugins` is missing or empty"),
    "a plugin that is not there": (
        {"a.conf": '{"name": "a", "cniVersion": "1.0.0", "type": "nowhere"}'},
        "There is no plugin 'nowhere' in ",
    ),
}


@pytest.mark.parametrize(("files", "expected"), FILES.values(), ids=FILES)
def test_a_wrong_file_gets_a_sentence_and_a_hint(cli: Cli, files: dict[str, str], expected: str) -> None:
    for name, text in files.items():
        (cli.networks / name).write_text(text)
    cli.lab.container("web1")
    done = cli("attach", "web1")
    assert (done.returncode, done.stdout) == (1, "")
    assert expected in done.stderr
    assert_sentence_and_hint(done.stderr)


@pytest.mark.parametrize("words", [["run", "true"], ["attach", "web1"], ["vsp", "status"], ["docker-run", "--", "x"]])
def test_without_root_it_says_so(cli: Cli, words: list[str]) -> None:
    cli.offer()
    # Nobody may not be allowed to look into the folder that the clone is in: it becomes nobody after the imports.
    program = (
        "import os, sys; from nuage_chain.cli.main import main\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534); sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    expected = f"nuage-chain: `nuage-chain {words[0]}` needs root.\n  Run it with sudo.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", expected)


def test_a_cache_that_cannot_be_written_leaves_nothing(cli: Cli, tmp_path: Path) -> None:
    cli.offer()
    cli.lab.container("web1")
    (tmp_path / "file").touch()
    done = cli("attach", "--cache", str(tmp_path / "file"), "web1")
    assert (done.returncode, done.stdout) == (1, "")
    assert_sentence_and_hint(done.stderr)
    assert cli.lab.left() == NOTHING
