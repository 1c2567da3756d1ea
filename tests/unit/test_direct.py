from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nuage_chain.cni import versions

MAIN = "from nuage_chain import direct; direct.main()"
VERSION = {"CNI_COMMAND": "VERSION"}
STATUS = {"CNI_COMMAND": "STATUS", "CNI_PATH": "/nowhere"}
DEL = {"CNI_COMMAND": "DEL", "CNI_CONTAINERID": "c1", "CNI_IFNAME": "eth0", "CNI_PATH": "/nowhere"}


@pytest.fixture
def config(tmp_path: Path) -> bytes:
    """Of a network whose OVSDB is nowhere: STATUS reads all there is to read and fails, DEL leaves a debt."""
    node = tmp_path / "config.yaml"
    node.write_text(f"bridge: alubr0\nstateDir: {tmp_path}/state\nrunDir: {tmp_path}/run\n")
    document = {"cniVersion": "1.1.0", "name": "net", "configFile": str(node), "ovsdb": f"unix:{tmp_path}/none"}
    return json.dumps(document).encode()


def start(
    environ: dict[str, str], program: str = MAIN, without: tuple[int, ...] = (), **streams: Any
) -> subprocess.Popen[bytes]:
    """without: the standard streams that are closed when it starts; a shell does that, not our code after a fork."""
    given = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    closing = " ".join(f"{number}>&-" for number in without)
    words = ["/bin/sh", "-c", f'exec "$@" {closing}', "sh", sys.executable, "-I", "-c", program]
    return subprocess.Popen(words[4:] if not without else words, env=environ, **given)


def call(environ: dict[str, str], given: bytes = b"", program: str = MAIN, **streams: Any) -> tuple[int, str, str]:
    """Exit status, standard output, standard error."""
    with start(environ, program, **{"stdin": subprocess.PIPE, **streams}) as process:
        out, err = process.communicate(given if process.stdin else None, timeout=60)
    return process.returncode, (out or b"").decode(), (err or b"").decode()


def closed(*numbers: int) -> dict[str, Any]:
    """Arguments of a process that starts without these standard streams."""
    return {"without": numbers}


@contextlib.contextmanager
def opened(path: str, flags: int) -> Iterator[int]:
    fd = os.open(path, flags)
    try:
        yield fd
    finally:
        os.close(fd)


@pytest.mark.parametrize("environ", [{}, {"CNI_COMMAND": ""}, {"CNI_CONTAINERID": "c1", "CNI_PATH": "/x"}])
def test_without_a_command_it_says_what_it_is_and_that_is_no_error(environ: dict[str, str]) -> None:
    status, out, err = call(environ, b"{}")
    assert (status, out) == (0, "")
    assert "nuage-chain run" in err
    assert f"CNI protocol versions supported: {', '.join(versions.SUPPORTED)}\n" in err


@pytest.mark.parametrize("stdin", [b"", b'{"cniVersion": "1.1.0"}', b"garbage", b"\0" * 100])
def test_version_is_answered_without_importing_what_a_call_needs(stdin: bytes) -> None:
    program = f"import sys; sys.modules.update(dict.fromkeys(['yaml', 'pyroute2', 'requests', 'ovs'])); {MAIN}"
    status, out, err = call(VERSION, stdin, program)
    assert (status, json.loads(out)["supportedVersions"], err) == (0, list(versions.SUPPORTED), "")


def test_a_call_imports_none_of_what_takes_longer_than_all_the_rest() -> None:
    program = (
        "import sys, nuage_chain.attachment.verbs; print({'pyroute2', 'requests', 'urllib3'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_version_is_answered_when_standard_input_is_closed_or_never_ends() -> None:
    status, out, _ = call(VERSION, **closed(0), stdin=None)
    assert (status, json.loads(out)["cniVersion"]) == (0, "1.1.0")
    with start(VERSION, stdin=subprocess.PIPE) as process:
        assert process.wait(60) == 0
        assert process.stdout
        assert json.loads(process.stdout.read())["cniVersion"] == "1.1.0"


def test_a_call_of_which_standard_input_is_closed_is_an_io_failure() -> None:
    status, out, err = call(DEL, **closed(0), stdin=None)
    assert (status, json.loads(out)["code"], err) == (1, 5, "")


def test_a_call_of_which_standard_input_never_ends_is_ended() -> None:
    program = "from nuage_chain import direct; direct._TO_READ = 1; direct.main()"
    with start(DEL, program, stdin=subprocess.PIPE) as process:
        assert process.wait(60) == 1
        assert process.stdout
        assert json.loads(process.stdout.read())["code"] == 11


def test_endless_input_is_not_read_to_its_end() -> None:
    with opened("/dev/zero", os.O_RDONLY) as zeros:
        status, out, err = call(DEL, stdin=zeros)
    assert (status, json.loads(out)["code"], err) == (1, 6, "")


@pytest.mark.parametrize("environ", [VERSION, STATUS])
def test_an_answer_that_cannot_be_told_is_exit_status_1(environ: dict[str, str], config: bytes) -> None:
    assert call(environ, config, **closed(1), stdout=None)[0] == 1
    with opened("/dev/full", os.O_WRONLY) as full:
        assert call(environ, config, stdout=full)[0] == 1
    reading, writing = os.pipe()
    os.close(reading)
    try:
        status, _, err = call(environ, config, stdout=writing)
    finally:
        os.close(writing)
    assert (status, "Broken pipe" in err, "Traceback" in err) == (1, True, False)


@pytest.mark.parametrize("environ", [VERSION, DEL])
def test_without_standard_error_the_answer_is_the_same(environ: dict[str, str], config: bytes) -> None:
    assert call(environ, config, **closed(2), stderr=None)[:2] == call(environ, config)[:2]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        assert call({}, stderr=writing)[0] == 0
    finally:
        os.close(writing)


def test_without_any_stream_it_still_ends() -> None:
    assert call(DEL, **closed(0, 1, 2), stdin=None, stdout=None, stderr=None)[0] == 1


def test_standard_output_is_ours_alone(config: bytes) -> None:
    program = (
        "import os\n"
        "from nuage_chain import direct\n"
        "def noise(request):\n"
        "    print('noise', flush=True); os.write(1, b'more noise'); os.system('echo noise of a child')\n"
        "direct._handlers = lambda environ, lost: {'DEL': noise}\n"
        "direct.main()\n"
    )
    status, out, err = call(DEL, config, program)
    assert (status, out) == (0, "")
    assert ["noise" in err, "more noise" in err, "noise of a child" in err] == [True] * 3


def test_a_fault_of_ours_is_told_in_full_on_standard_error_and_in_short_on_standard_output(config: bytes) -> None:
    fault = "direct._handlers = lambda environ, lost: {'DEL': lambda r: [].pop()}"
    program = f"from nuage_chain import direct; {fault}; direct.main()"
    status, out, err = call(DEL, config, program)
    assert (status, json.loads(out)["code"], "Traceback" in out, "Traceback" in err) == (1, 199, False, True)


def test_a_signal_ends_in_an_error_document(config: bytes) -> None:
    with start(DEL, stdin=subprocess.PIPE) as process:
        until = time.monotonic() + 30
        while not catches(process.pid, signal.SIGTERM) and time.monotonic() < until:
            time.sleep(0.01)
        process.terminate()
        assert process.wait(30) == 1
        assert process.stdout
        document = json.loads(process.stdout.read())
    assert (document["code"], "SIGTERM" in document["msg"]) == (11, True)


def catches(pid: int, number: int) -> bool:
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return bool(int(fields["SigCgt"], 16) >> (number - 1) & 1)


@pytest.mark.parametrize("limit", [8, 12])
def test_with_few_descriptors_there_is_an_answer_and_no_traceback(limit: int, config: bytes) -> None:
    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))

    status, out, err = call(STATUS, config, preexec_fn=few)
    assert (status, json.loads(out)["code"], err) == (1, 50, "")


SURROUNDINGS = {
    "LANG=C": {"LANG": "C", "LC_ALL": "C"},
    "LANG is no language": {"LANG": "nonsense", "LC_ALL": "xx_YY.nonsense"},
    "an empty PATH": {"PATH": ""},
    "variables of Python": {"PYTHONHOME": "/nowhere", "PYTHONPATH": "/nowhere", "PYTHONSTARTUP": "/nowhere"},
    "bytes that are no UTF-8": {"CNI_ARGS": "K8S_POD_NAME=\udcff\udcfe;\udc80", "CNI_NETNS": "/run/\udcff"},
    "more than a line": {"CNI_ARGS": "K8S_POD_NAME=" + "x" * 100_000, "CNI_NETNS": "/run/" + "n" * 100_000},
}


@pytest.mark.parametrize("case", SURROUNDINGS)
def test_the_surroundings_do_not_change_the_answer(case: str, config: bytes) -> None:
    assert call(DEL | SURROUNDINGS[case], config) == call(DEL, config)


def test_a_working_folder_that_is_gone_does_not_matter(config: bytes, tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()

    def leave() -> None:
        os.chdir(folder)
        folder.rmdir()

    assert call(DEL, config, preexec_fn=leave) == call(DEL, config)


def test_why_there_is_no_agent_is_told_on_standard_error(config: bytes) -> None:
    program = "from nuage_chain import direct; direct.main('', '/x: Connection refused')"
    status, out, err = call(STATUS, config, program)
    assert (status, json.loads(out)["code"]) == (1, 50)
    assert "No agent at /x: Connection refused." in err
