from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

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
