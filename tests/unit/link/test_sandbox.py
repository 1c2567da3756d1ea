"""What is made of a /proc that does not tell all; the states of a sandbox are tried in tests/integration/link."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from nuage_chain.link import sandbox


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A /proc with ourselves, two processes in one namespace, and a third in another."""
    for name, space in (("self", "own"), ("2", "own"), ("10", "a"), ("9", "a"), ("30", "b")):
        (tmp_path / "spaces").mkdir(exist_ok=True)
        (tmp_path / "spaces" / space).touch()
        (tmp_path / name / "ns").mkdir(parents=True)
        (tmp_path / name / "task").mkdir()
        (tmp_path / name / "ns/net").symlink_to(tmp_path / "spaces" / space)
    return tmp_path


def inode(proc: Path, space: str) -> int:
    return (proc / "spaces" / space).stat().st_ino


def test_each_namespace_is_told_once_by_its_first_process(proc: Path) -> None:
    assert sandbox.peopled(proc) == {inode(proc, "a"): f"{proc}/9/ns/net", inode(proc, "b"): f"{proc}/30/ns/net"}


def test_a_process_that_has_ended_is_passed_over(proc: Path) -> None:
    (proc / "spaces/b").unlink()
    (proc / "9/ns/net").unlink()
    (proc / "9/task").rmdir()
    assert sandbox.peopled(proc) == {inode(proc, "a"): f"{proc}/10/ns/net"}


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(12, "Cannot allocate memory")])
def test_one_process_that_may_not_be_looked_at_may_be_in_any_namespace(
    proc: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    real = os.stat

    def stat(path: Any, *args: Any, **kwargs: Any) -> os.stat_result:
        if str(path).endswith("/9/ns/net"):
            raise error
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, "stat", stat)
    assert sandbox.peopled(proc) is None


def test_a_process_that_ends_while_it_is_looked_at_makes_nothing_unknown(
    proc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.stat

    def stat(path: Any, *args: Any, **kwargs: Any) -> os.stat_result:
        if "/9/" in str(path):
            raise ProcessLookupError(3, "No such process")
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, "stat", stat)
    assert sandbox.peopled(proc) == {inode(proc, "a"): f"{proc}/10/ns/net", inode(proc, "b"): f"{proc}/30/ns/net"}


def test_without_a_proc_nothing_is_known(tmp_path: Path) -> None:
    assert sandbox.peopled(tmp_path) is None
    assert sandbox.peopled(tmp_path / "none") is None
