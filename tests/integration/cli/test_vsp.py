from __future__ import annotations

import os
import signal
import stat
import subprocess
from pathlib import Path

import pytest

from nuage_chain.vsp import place
from tests.integration.cli.driver import NUAGE_CHAIN, assert_sentence_and_hint
from tests.integration.cli.vsp import DAEMONS, Vsp
from tests.integration.waiting import eventually

pytestmark = pytest.mark.root


def test_up_says_how_to_use_it_and_its_words_are_true(vsp: Vsp) -> None:
    done = vsp.up()
    assert (done.returncode, done.stderr) == (0, "")
    first, *lines = done.stdout.splitlines()
    assert first.startswith("The embedded VSP is up, in ")
    said = {line[:15].strip(): line[15:].strip() for line in lines}
    assert said["VSD"].startswith("https://127.0.0.1:8443, user csproot, organization csp")
    secret = Path(said["its password"].removeprefix("in "))
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert secret.read_text().strip() not in done.stdout
    assert Path(said["its CA"]).read_text().startswith("-----BEGIN CERTIFICATE")
    assert Path(said["OVSDB"].removeprefix("unix:")).is_socket()
    assert Path(said["to use it"].split()[-2]).read_text().startswith("ovsdb: ")
    for words in (said["to fill it"], said["to end it"]):
        assert subprocess.run([NUAGE_CHAIN, *words.split()[1:]], capture_output=True, check=False).returncode == 0
    assert vsp.processes() == []


def test_up_and_down_may_be_repeated(vsp: Vsp) -> None:
    assert vsp.up().returncode == 0
    before = vsp.processes()
    again = vsp.up()
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.startswith("The embedded VSP runs already.\n")
    assert vsp.processes() == before
    for expected in ("The embedded VSP is down.\n", "The embedded VSP did not run.\n"):
        done = vsp("down")
        assert (done.returncode, done.stdout, done.stderr) == (0, expected, "")
        assert vsp.processes() == []


def test_the_exit_status_of_status_says_whether_containers_can_be_attached(vsp: Vsp) -> None:
    never = vsp("status")
    assert (never.returncode, never.stdout) == (1, f"No embedded VSP in {vsp.state}.\n")
    vsp.up()
    up = vsp("status")
    assert (up.returncode, up.stderr) == (0, "")
    pids = {line.split()[0]: line.split()[1] for line in up.stdout.splitlines()[1 : len(DAEMONS) + 1]}
    assert sorted(pids) == sorted(DAEMONS)
    assert all(Path(f"/proc/{pid}").exists() for pid in pids.values())
    assert "VSD           https://127.0.0.1:8443 answers" in up.stdout
    assert up.stdout.endswith("Containers can be attached.\n")
    password = vsp.state / "csproot.password"
    right = password.read_text()
    password.write_text("another\n")
    refused = vsp("status")
    assert (refused.returncode, refused.stderr) == (1, "")
    assert "VSD           https://127.0.0.1:8443 does not let csproot in, or does not answer" in refused.stdout
    password.write_text(right)
    assert vsp("status").returncode == 0
    os.kill(int(pids["vsd"]), signal.SIGKILL)
    eventually(lambda: vsp("status").returncode == 1)
    broken = vsp("status")
    assert "vsd             not running" in broken.stdout
    assert broken.stdout.endswith(f"No container can be attached; see {vsp.state}/log.\n")
    assert vsp.up().returncode == 0
    assert vsp("status").returncode == 0
    vsp("down")
    assert vsp("status").returncode == 1


def test_seed_makes_what_is_missing_and_keeps_what_is_there(vsp: Vsp, tmp_path: Path) -> None:
    vsp.up()
    first = vsp("seed")
    assert first.returncode == 0, first.stderr
    *made, last = first.stdout.splitlines()
    assert "made Acme/Shop/front/web" in made
    assert last == f"VSD has it all; {len(made)} of it new."
    assert vsp("seed").stdout == "VSD has it all; 0 of it new.\n"
    more = tmp_path / "more.yaml"
    more.write_text("enterprises: [{name: Acme, domains: [{name: Shop, zones: [{name: front, subnets: "
                    "[{name: new, cidr: 10.10.9.0/24}]}]}]}]")  # fmt: skip
    assert vsp("seed", str(more)).stdout == "made Acme/Shop/front/new\nVSD has it all; 1 of it new.\n"


WRONG = {
    "not there": (None, "cannot be read: No such file or directory."),
    "no YAML": ("{", "is not YAML: "),
    "no text": ("\0", "is not YAML: "),
    "an impossible date": ("enterprises: 2024-13-45", "is not YAML: month must be in 1..12."),
    "no mapping": ("- a", "topology has to be a mapping with enterprises."),
    "empty": ("", "topology has to be a mapping with enterprises."),
    "an unknown key": ("enterprise: []", "topology has the unknown key 'enterprise'"),
    "no list": ("enterprises: {name: a}", "enterprises has to be a list."),
    "no name": ("enterprises: [{}]", "enterprises[0] has no name."),
    "no network": (
        "enterprises: [{name: a, domains: [{name: b, zones: [{name: c, subnets: [{name: d, cidr: 10.0.0.1/24}]}]}]}]",
        "enterprises[0].domains[0].zones[0].subnets[0] has an address that cannot be used",
    ),
}


@pytest.mark.parametrize(("text", "expected"), WRONG.values(), ids=WRONG)
def test_seed_with_a_wrong_file_names_file_and_place(vsp: Vsp, tmp_path: Path, text: str | None, expected: str) -> None:
    path = tmp_path / "topology.yaml"
    if text is not None:
        path.write_text(text)
    done = vsp("seed", str(path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"nuage-chain: {path}")
    assert expected in done.stderr
    assert_sentence_and_hint(done.stderr)


def test_seed_of_a_vsp_that_does_not_run_says_so(vsp: Vsp) -> None:
    for prepare in (lambda: None, lambda: (vsp.up(), vsp("down"))):
        prepare()
        done = vsp("seed")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"nuage-chain: No embedded VSP runs in {vsp.state}.")
        assert_sentence_and_hint(done.stderr)


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        (["--port", "https"], 2, "'https' is not a port"),
        (["--port", "0"], 2, "'0' is not a port"),
        (["--cert-port", "65536"], 2, "'65536' is not a port"),
        (["--timeout", "0"], 2, "'0' is not a number of seconds above zero"),
        (["--port", "7443"], 1, "VSD cannot have 7443 for both of its ports."),
        (["--netns", "a/b"], 1, "'a/b' is no name for a network namespace."),
        (["--state", "/" + "s" * 100], 1, "bytes too long for the Unix sockets below it."),
        (["--state", ""], 2, "argument --state: it is empty"),
        (["--state", "/etc"], 1, "/etc holds other files, and no VSP was ever started in it."),
        (["--state", "/dev/null"], 1, "The state directory /dev/null cannot be prepared"),
        (["--frobnicate"], 2, "unrecognized arguments: --frobnicate"),
    ],
)
def test_up_with_wrong_arguments_starts_nothing(vsp: Vsp, words: list[str], status: int, expected: str) -> None:
    done = vsp("up", *words)
    assert (done.returncode, done.stdout) == (status, "")
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert vsp.processes() == []


def test_an_up_that_is_not_done_in_its_time_leaves_nothing_running(vsp: Vsp) -> None:
    done = vsp("up", "--netns", vsp.netns, "--timeout", "0.2")
    assert (done.returncode, done.stdout) == (1, "")
    # Whichever of them it was that had no time left.
    assert "in time" in done.stderr or "are used up" in done.stderr
    assert vsp.processes() == []
    assert not place.exists(vsp.netns)


def test_an_up_that_is_interrupted_leaves_nothing_running(vsp: Vsp) -> None:
    running = subprocess.Popen(vsp.words("up", "--netns", vsp.netns), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    eventually(lambda: (vsp.state / "run" / "db.sock").exists())
    running.terminate()
    out, err = running.communicate(timeout=30)
    assert (running.returncode, out, err) == (143, b"", b"nuage-chain: Interrupted by SIGTERM.\n")
    assert vsp.processes() == []
    assert not place.exists(vsp.netns)
