from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from nuage_chain.errors import DeadlineExceeded
from nuage_chain.link import netns


def test_our_own_namespace_is_known_by_any_path() -> None:
    assert netns.is_own("/proc/self/ns/net")
    assert netns.is_own(f"/proc/{os.getpid()}/ns/net")


@pytest.mark.parametrize("path", ["none", "folder", "fifo", "/dev/zero", "a\0b", "x" * 5000])
def test_what_is_no_namespace_is_told_at_once(path: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(netns.NetnsGone):
        netns.is_own(str(tmp_path / path))
    assert not netns.exists(str(tmp_path / path))


def test_a_namespace_that_we_lack_a_descriptor_for_is_not_told_to_be_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "open", no_more)
    with pytest.raises(OSError, match="Too many open files"):
        netns.is_own("/proc/self/ns/net")


def test_who_comes_too_late_enters_no_namespace_but_its_own_and_does_nothing_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    may_enter, entered, worked = threading.Event(), list[tuple[int, int]](), list[str]()

    def late(fd: int, _: str) -> None:
        may_enter.wait(10)
        found = os.fstat(fd)
        entered.append((found.st_dev, found.st_ino))

    monkeypatch.setattr(netns, "_setns", late)
    before = set(threading.enumerate())
    with pytest.raises(DeadlineExceeded):
        netns.inside("/proc/self/ns/net", lambda: worked.append("here"), 0.01)
    [worker] = set(threading.enumerate()) - before
    # The namespace of another call would get the number of the first descriptor that is free.
    with Path("/proc/self/ns/uts").open("rb"):
        may_enter.set()
        worker.join(10)
    ours = Path("/proc/self/ns/net").stat()
    assert (entered, worked) == ([(ours.st_dev, ours.st_ino)], [])


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("fails", [False, True])
def test_entering_leaves_no_descriptor_open(monkeypatch: pytest.MonkeyPatch, fails: bool) -> None:
    def none_left(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(netns, "_setns", lambda *_: None)
    if fails:
        monkeypatch.setattr(threading.Thread, "start", none_left)
    before = descriptors()
    for _ in range(3):
        if fails:
            with pytest.raises(RuntimeError):
                netns.inside("/proc/self/ns/net", lambda: None, 10)
        else:
            netns.inside("/proc/self/ns/net", lambda: None, 10)
    assert descriptors() == before
