"""Every state that a sandbox may be in, made in the kernel."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nuage_chain.link import sandbox
from nuage_chain.link.sandbox import Sandbox

pytestmark = pytest.mark.root

HOST, NAMES = "vethbox", ("box", "other")
# Its main thread ends inside the namespace, and another thread of it goes on there.
HEADLESS = """
import ctypes, platform, sys, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
print("ready", flush=True)
ctypes.CDLL(None).syscall({"x86_64": 60, "aarch64": 93}[platform.machine()], 0)
"""
Start = Callable[..., "subprocess.Popen[str]"]


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, timeout=20)


def path(name: str = "box") -> str:
    return f"/run/netns/{name}"


@pytest.fixture
def box() -> Iterator[None]:
    """Two namespaces, the first with the container end of a pair."""
    for name in NAMES:
        ip("netns", "add", name)
    ip("link", "add", HOST, "type", "veth", "peer", "name", "eth0", "netns", "box")
    yield
    subprocess.run(["ip", "link", "delete", HOST], check=False, capture_output=True, timeout=20)
    for name in NAMES:
        subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True, timeout=20)


@pytest.fixture
def start(box: None) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def begin(*command: str, name: str = "box") -> subprocess.Popen[str]:
        """Returns when the command has said a line, and so is in the namespace."""
        argv = ["nsenter", f"--net={path(name)}", "--", *(command or ("sh", "-c", "echo ready; exec sleep 60"))]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate(timeout=20)


def look(where: str = "/run/netns/box", ifname: str = "eth0", host: str = HOST) -> Sandbox:
    return sandbox.look(where, ifname, host, sandbox.peopled(), 5)


def test_a_namespace_with_a_process_is_peopled_and_without_one_held(start: Start) -> None:
    assert look() is Sandbox.HELD
    process = start()
    assert look() is Sandbox.PEOPLED
    process.kill()
    process.communicate(timeout=20)
    assert look() is Sandbox.HELD


def test_a_process_in_another_namespace_is_not_taken_for_one_in_this(start: Start) -> None:
    start(name="other")
    assert look() is Sandbox.HELD


def test_a_process_whose_main_thread_has_ended_is_still_one(start: Start) -> None:
    start(sys.executable, "-c", HEADLESS)
    assert look() is Sandbox.PEOPLED


def test_a_namespace_and_a_veth_that_are_gone_are_gone(box: None) -> None:
    # The pair ends with the namespace too, but a moment later.
    ip("link", "delete", HOST)
    ip("netns", "delete", "box")
    assert look() is Sandbox.GONE
    assert look("") is Sandbox.GONE
    assert look(host="") is Sandbox.GONE


def test_a_namespace_that_has_lost_its_interface_is_gone_unless_somebody_is_in_it(start: Start) -> None:
    ip("link", "delete", HOST)
    assert look() is Sandbox.GONE
    start()
    assert look() is Sandbox.PEOPLED


def test_a_namespace_without_a_name_is_found_by_the_veth_that_leads_into_it(start: Start) -> None:
    process = start()
    start(name="other")
    ip("netns", "delete", "box")
    assert look() is Sandbox.PEOPLED
    assert look("") is Sandbox.PEOPLED
    assert look(path("other")) is Sandbox.PEOPLED, "the path leads to somebody else's by now"
    process.kill()
    process.communicate(timeout=20)


def test_a_path_that_leads_to_somebody_elses_namespace_is_not_believed(start: Start) -> None:
    start(name="other")
    assert look(path("other")) is Sandbox.HELD


def test_our_own_namespace_is_nobodys_sandbox(box: None) -> None:
    assert look("/proc/self/ns/net") is Sandbox.HELD
    ip("link", "delete", HOST)
    assert look("/proc/self/ns/net") is Sandbox.GONE


def test_where_processes_cannot_be_looked_at_only_what_is_gone_is_told(box: None) -> None:
    def blind() -> Sandbox:
        return sandbox.look(path(), "eth0", HOST, None, 5)

    assert blind() is Sandbox.SILENT
    ip("link", "delete", HOST)
    assert blind() is Sandbox.SILENT
    ip("netns", "delete", "box")
    assert blind() is Sandbox.GONE


def test_every_namespace_with_a_process_is_told_but_our_own(start: Start) -> None:
    start()
    found = sandbox.peopled()
    assert found is not None
    assert Path(path()).stat().st_ino in found
    assert Path(path("other")).stat().st_ino not in found
    assert Path("/proc/self/ns/net").stat().st_ino not in found
    assert all(Path(where).stat().st_ino == inode for inode, where in found.items())
