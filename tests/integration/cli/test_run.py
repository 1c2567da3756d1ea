from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.cli.driver import BROKEN, SLOW, Terminal, children, ended
from tests.integration.waiting import eventually

if TYPE_CHECKING:
    from tests.integration.cli.driver import Cli

pytestmark = pytest.mark.root

GATEWAY = "10.10.1.1"


@pytest.mark.parametrize(
    ("command", "status"), [("exit 0", 0), ("exit 7", 7), ("kill -KILL $$", 137), ("kill -TERM $$", 143)]
)
def test_the_exit_status_is_the_commands(cli: Cli, command: str, status: int) -> None:
    cli.offer()
    done = cli("run", "sh", "-c", command)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", "")
    cli.assert_nothing_left()


def test_the_command_is_on_the_overlay_and_alone(cli: Cli) -> None:
    cli.offer()
    done = cli("run", "sh", "-c", f"ip -j address; ping -c1 -W2 {GATEWAY} >&2")
    assert done.returncode == 0, done.stderr
    links = {link["ifname"]: link for link in json.loads(done.stdout)}
    assert set(links) == {"lo", "eth0"}
    assert "UP" in links["lo"]["flags"]
    assert [a["local"].rpartition(".")[0] for a in links["eth0"]["addr_info"] if a["family"] == "inet"] == ["10.10.1"]


def test_standard_input_and_output_are_the_commands(cli: Cli) -> None:
    cli.offer()
    given = "äöü\n\n  last line without an end"
    done = cli("run", "sh", "-c", "cat; echo said >&2", stdin=given.encode())
    assert (done.returncode, done.stdout, done.stderr) == (0, given, "said\n")


def test_the_arguments_reach_the_command_as_they_are(cli: Cli) -> None:
    cli.offer()
    words = ["-v", "a b", "*", "", "--network", "--", "$HOME"]
    done = cli("run", "--", "printf", "%s|", *words)
    assert done.stdout == "|".join(words) + "|"


@pytest.mark.parametrize(("command", "status"), [("no-such-command", 127), ("/etc/passwd", 126)])
def test_a_command_that_cannot_be_run_joins_nothing(cli: Cli, command: str, status: int) -> None:
    cli.offer_after("slow", SLOW)
    done = cli("run", command)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith(f"nuage-chain: There is no command '{command}'")
    assert not cli.mark.exists()


def test_two_networks_become_eth0_and_eth1_in_order_of_their_files(cli: Cli) -> None:
    cli.offer(name="20-second", subnet="api")
    cli.offer(name="10-first", zone="back", subnet="db")
    done = cli("run", "-v", "ip", "-j", "-4", "address")
    assert done.returncode == 0, done.stderr
    addresses = {link["ifname"]: link["addr_info"][0]["local"] for link in json.loads(done.stdout)}
    assert addresses["eth0"].startswith("10.10.3.")
    assert addresses["eth1"].startswith("10.10.2.")
    lines = [line.split() for line in done.stderr.splitlines()]
    assert [line[:2] for line in lines] == [["interface", "network"], ["eth0", "10-first"], ["eth1", "20-second"]]
    assert [line[3] for line in lines[1:]] == [f"{addresses['eth0']}/24", f"{addresses['eth1']}/24"]


def test_a_loopback_configuration_is_no_interface_of_its_own(cli: Cli) -> None:
    loopback = {"cniVersion": "1.0.0", "name": "first", "type": "loopback"}
    (cli.networks / "00-lo.conf").write_text(json.dumps(loopback))
    cli.offer()
    done = cli("run", "ip", "-o", "-4", "address")
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["lo", "eth0"]


def test_doubly_verbose_tells_the_results_as_json_on_standard_error(cli: Cli) -> None:
    cli.offer()
    done = cli("run", "-vv", "ip", "-j", "-4", "address", "show", "eth0")
    (result,) = json.loads(done.stderr)
    local = json.loads(done.stdout)[0]["addr_info"][0]["local"]
    assert [ip["address"] for ip in result["ips"]] == [f"{local}/24"]


def test_an_error_in_the_second_network_leaves_nothing_of_the_first(cli: Cli) -> None:
    cli.offer(name="10-first")
    cli.offer(name="20-second", subnet="nowhere")
    done = cli("run", "touch", str(cli.mark))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("nuage-chain: Network 20-second (eth1): Plugin 'nuage-chain' failed (ADD): ")
    assert "nowhere" in done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert not cli.mark.exists()
    cli.assert_nothing_left(0)


def test_an_error_after_our_plugin_leaves_nothing_of_it(cli: Cli) -> None:
    cli.offer_after("broken", BROKEN)
    done = cli("run", "true")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Plugin 'broken' failed (ADD): no such luck" in done.stderr
    cli.assert_nothing_left(0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1])
def test_a_signal_is_passed_on_to_the_command(cli: Cli, number: signal.Signals) -> None:
    cli.offer()
    name = number.name.removeprefix("SIG")
    script = f"trap 'echo got {name}; exit 5' {name}; echo ready; while :; do sleep 0.05; done"
    running = cli.start("run", "sh", "-c", script)
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    running.send_signal(number)
    out, err = running.communicate(timeout=20)
    assert (running.returncode, out, err) == (5, f"got {name}\n", "")
    cli.assert_nothing_left(0)


def test_a_command_that_a_signal_ends_gives_its_number(cli: Cli) -> None:
    cli.offer()
    running = cli.start("run", "sh", "-c", "echo ready; exec sleep 300")
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    running.terminate()
    assert running.wait(20) == 143
    cli.assert_nothing_left(0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_it_joins_leaves_nothing_and_is_quick(cli: Cli, number: signal.Signals) -> None:
    cli.offer_after("slow", SLOW)
    running = cli.start("run", "true")
    eventually(cli.mark.exists)
    begin = time.monotonic()
    running.send_signal(number)
    out, err = running.communicate(timeout=20)
    assert (running.returncode, out, err) == (128 + number, "", f"nuage-chain: Interrupted by {number.name}.\n")
    assert time.monotonic() - begin < 10
    cli.assert_nothing_left(0)


def test_killed_it_leaves_nothing_and_the_command_ends(cli: Cli) -> None:
    cli.offer()
    running = cli.start("run", "sh", "-c", "sleep 300 & echo $$ $!; wait")
    assert running.stdout is not None
    pids = [int(pid) for pid in running.stdout.readline().split()]
    running.kill()
    running.wait(20)
    eventually(lambda: all(map(ended, pids)), seconds=5)
    cli.assert_nothing_left()


def test_killed_while_it_joins_it_leaves_nothing(cli: Cli) -> None:
    cli.offer_after("slow", SLOW)
    running = cli.start("run", "true")
    eventually(cli.mark.exists)
    running.kill()
    running.wait(20)
    eventually(lambda: not [*Path("/run/netns").glob("nuage-run-*")])
    cli.assert_nothing_left()


def test_killed_with_its_whole_process_group_it_leaves_nothing(cli: Cli) -> None:
    cli.offer()
    running = cli.start("run", "sh", "-c", "echo ready; exec sleep 300", start_new_session=True)
    assert running.stdout is not None
    running.stdout.readline()
    os.killpg(running.pid, signal.SIGKILL)
    running.wait(20)
    cli.assert_nothing_left()


def test_when_its_guard_is_killed_it_cleans_up_itself(cli: Cli) -> None:
    cli.offer()
    running = cli.start("run", "sh", "-c", "echo ready; read line", stdin=subprocess.PIPE)
    assert running.stdout is not None
    running.stdout.readline()
    guard = min(children(running.pid))
    os.kill(guard, signal.SIGKILL)
    assert running.communicate("go on\n", timeout=20) == ("", "")
    assert running.returncode == 0
    cli.assert_nothing_left(0)


def test_what_the_command_left_running_in_the_namespace_is_ended(cli: Cli) -> None:
    cli.offer()
    done = cli("run", "sh", "-c", "trap '' TERM; setsid sleep 300 >/dev/null 2>&1 & echo $!")
    assert done.returncode == 0
    assert ended(int(done.stdout))
    cli.assert_nothing_left(0)


def test_a_command_that_deletes_its_namespace_leaves_nothing(cli: Cli) -> None:
    cli.offer()
    done = cli("run", "sh", "-c", "ip netns delete $(ip netns identify $$)")
    assert done.returncode == 0, done.stderr
    cli.assert_nothing_left()


def test_what_cannot_be_cleaned_up_is_told_and_spoils_a_success(cli: Cli) -> None:
    cli.offer()
    path = cli.networks / "10-nuage.conflist"
    cli.offer_after("stubborn", BROKEN.replace("= ADD", "= DEL").replace("exit 0", 'exec cat "$MARK"'))
    cli.mark.write_text('{"cniVersion": "1.0.0"}')
    done = cli("run", "true")
    assert done.returncode == 1
    assert "Network nuage (eth0): Plugin 'stubborn' failed (DEL): no such luck" in done.stderr
    (left,) = (cli.lab.cache / "results").iterdir()
    whole = json.loads(path.read_text())
    whole["plugins"] = whole["plugins"][:-1]
    path.write_text(json.dumps(whole))
    container_id = left.name.removeprefix("nuage-").removesuffix("-eth0")
    assert cli("detach", "--container-id", container_id, container_id).returncode == 0


def test_control_c_ends_the_command_and_leaves_nothing(cli: Cli) -> None:
    cli.offer()
    terminal = Terminal(cli, "run", "cat")
    terminal.echo(b"ready")
    terminal.type(b"\x03")
    assert terminal.wait() == 130
    assert b"nuage-chain" not in terminal.seen
    cli.assert_nothing_left(0)


COUNTS_INTERRUPTS = """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
print("ready", flush=True)
first, second = signal.sigwaitinfo({signal.SIGINT}), signal.sigtimedwait({signal.SIGINT}, 1)
print("once, by the terminal" if first.si_code > 0 and not second else (first, second))
raise SystemExit(3)
"""


def test_control_c_reaches_a_command_that_handles_it_once(cli: Cli) -> None:
    cli.offer()
    terminal = Terminal(cli, "run", sys.executable, "-c", COUNTS_INTERRUPTS)
    terminal.expect(b"ready")
    terminal.type(b"\x03")
    assert terminal.wait() == 3
    assert b"once, by the terminal\r\n" in terminal.seen
    cli.assert_nothing_left(0)


def test_control_c_while_it_joins_leaves_nothing(cli: Cli) -> None:
    cli.offer_after("slow", SLOW)
    terminal = Terminal(cli, "run", "true")
    eventually(cli.mark.exists)
    terminal.type(b"\x03")
    assert terminal.wait() == 130
    assert b"Interrupted by SIGINT." in terminal.seen
    cli.assert_nothing_left(0)


def test_control_c_again_and_again_cannot_cut_the_cleaning_short(cli: Cli) -> None:
    cli.offer_after("slow-to-go", '#!/bin/sh\n[ "$CNI_COMMAND" = DEL ] && sleep 1 && exit 0\nexec cat "$MARK"\n')
    cli.mark.write_text('{"cniVersion": "1.0.0"}')
    terminal = Terminal(cli, "run", "cat")
    terminal.echo(b"ready")
    terminal.type(b"\x03")
    for _ in range(3):
        time.sleep(0.2)
        terminal.type(b"\x03")
    assert terminal.wait() == 130
    assert b"still cleaning up" in terminal.seen
    cli.assert_nothing_left(0)
