from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.cli.driver import docker
from tests.integration.lab import ROOT

if TYPE_CHECKING:
    from tests.integration.cli.driver import Cli

pytestmark = pytest.mark.root

PRIV_NET_RUN, DOCKER_RUN = ROOT / "scripts" / "priv-net-run.sh", ROOT / "scripts" / "docker-run.sh"


def script(path: Path, cli: Cli, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    whole = {"PATH": os.environ["PATH"], "NETCONFPATH": str(cli.networks), **environment}
    return subprocess.run([path, *words], env=whole, capture_output=True, text=True, timeout=60, check=False)


def test_priv_net_run_joins_what_netconfpath_has_and_gives_the_commands_status(cli: Cli, tmp_path: Path) -> None:
    cli.offer(name="10-first")
    (cli.networks / "20-lo.conf").write_text('{"cniVersion": "1.0.0", "name": "lo", "type": "loopback"}')
    cli.offer(name="30-second", subnet="api")
    link = tmp_path / "priv-net-run"
    link.symlink_to(PRIV_NET_RUN)
    done = script(link, cli, "sh", "-c", "ip -j -4 address; exit 9")
    assert (done.returncode, done.stderr) == (9, "")
    addresses = {link["ifname"]: link["addr_info"][0]["local"] for link in json.loads(done.stdout)}
    assert sorted(addresses) == ["eth0", "eth1", "lo"]
    assert addresses["eth1"].startswith("10.10.2.")
    cli.assert_nothing_left(0)


def test_debug_shows_the_results_and_standard_output_stays_the_commands(cli: Cli) -> None:
    cli.offer()
    done = script(PRIV_NET_RUN, cli, "printf", "%s", "a  b", DEBUG="1")
    assert (done.returncode, done.stdout) == (0, "a  b")
    assert [ip["gateway"] for ip in json.loads(done.stderr)[0]["ips"]] == ["10.10.1.1"]


def test_plugins_are_looked_for_in_cni_path_first(cli: Cli) -> None:
    cli.offer()
    (cli.plugins / "bridge").write_text('#!/bin/sh\necho \'{"code": 7, "msg": "mine"}\'\nexit 1\n')
    (cli.plugins / "bridge").chmod(0o755)
    done = script(PRIV_NET_RUN, cli, "true", CNI_PATH=f"{cli.plugins}:/usr/lib/cni")
    assert done.returncode == 1
    assert "Plugin 'bridge' failed (ADD): mine" in done.stderr


def test_the_script_killed_leaves_nothing(cli: Cli) -> None:
    cli.offer()
    whole = {"PATH": os.environ["PATH"], "NETCONFPATH": str(cli.networks)}
    running = subprocess.Popen(
        [PRIV_NET_RUN, "sh", "-c", "echo ready; sleep 300"], env=whole, stdout=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    running.send_signal(signal.SIGKILL)
    running.wait(10)
    running.stdout.close()
    cli.assert_nothing_left()


def test_without_a_command_it_says_how_it_is_used(cli: Cli) -> None:
    done = script(PRIV_NET_RUN, cli)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: ")


def test_docker_run_hands_its_arguments_on_as_they_are(cli: Cli, dockerd: str) -> None:
    cli.offer()
    done = script(
        DOCKER_RUN, cli, "--rm", "--env", "A=b  c", "busybox", "sh", "-c", 'echo "$A"; exit 3', DOCKER_HOST=dockerd
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, "b  c\n", "")
    assert docker(dockerd, "ps", "--all", "--quiet").stdout == ""
    cli.assert_nothing_left(0)
