from __future__ import annotations

import os
from pathlib import Path

import pytest

from nuage_chain.attachment import files
from nuage_chain.errors import BadConfig


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * (1 << 20))
    assert files.read(tmp_path / "file", "the file") == b"x" * (1 << 20)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("none", "No such file"),
        ("folder", "Is a directory"),
        ("fifo", "not a regular file"),
        ("/dev/zero", "not a regular file"),
        ("large", "more than 1 MiB"),
        ("a\0b", "null"),
        ("x" * 5000, "too long"),
    ],
)
def test_what_cannot_be_read_to_its_end_is_refused(path: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "large").write_bytes(b"x" * ((1 << 20) + 1))
    with pytest.raises(BadConfig, match=f"^`key` .*{says}"):
        files.read(tmp_path / path, "`key`")
