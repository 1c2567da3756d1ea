"""The wheel of this clone, as a user would build it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.integration.systemd.node import ROOT

_SOURCES = ("pyproject.toml", "README.md", "LICENSE", "nuage_chain", "systemd", "conflists")


def build(folder: Path) -> Path:
    """The wheel's path below `folder`. Nothing is written into the clone."""
    source = folder / "source"
    source.mkdir()
    for name in _SOURCES:
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, source / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, source)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "-q",
            "--no-deps",
            "--no-build-isolation",
            "--no-index",
            "-w",
            folder,
            source,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [wheel] = folder.glob("nuage_chain-*.whl")
    return wheel
