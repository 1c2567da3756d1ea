from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from nuage_chain.whole_file import write_whole


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def test_content_and_mode_take_the_place_of_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old, and longer")
    inode = path.stat().st_ino
    write_whole(path, b"new", 0o644)
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o644)
    assert path.stat().st_ino != inode
    write_whole(path, b"secret")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_name_may_be_as_long_as_the_file_system_takes(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    write_whole(path, b"x")
    assert path.read_bytes() == b"x"


def test_where_a_folder_is_nothing_is_left_of_it(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / "folder", b"secret")
    assert [p.name for p in tmp_path.rglob("*")] == ["folder"]


def test_an_interrupt_leaves_the_old_file_and_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def interrupted(descriptor: int, mode: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fchmod", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, b"new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_draft_lies_in_its_own_folder_where_one_is_given(tmp_path: Path) -> None:
    (tmp_path / "read").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        write_whole(tmp_path / "read" / "one", b"x", drafts=tmp_path / "file")
    write_whole(tmp_path / "read" / "one", b"x", drafts=tmp_path)
    assert (tmp_path / "read" / "one").read_bytes() == b"x"
