from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

BUILD = Path(__file__).parents[3] / "vagrant/lib/build.rb"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """vagrant/lib with a `build` that makes a box of the version in the file `next`."""
    shutil.copy(BUILD, tmp_path)
    script = 'echo "{\\"versions\\": [{\\"version\\": \\"$(cat next)\\"}]}" >catalogue.json; echo built >>log\n'
    (tmp_path / "build").write_text(f"#!/bin/sh\n{script}")
    (tmp_path / "build").chmod(0o755)
    (tmp_path / "next").write_text("1.0.1")
    return tmp_path


def up(folder: Path) -> subprocess.CompletedProcess[str]:
    """Two machines that are brought up by one call of Vagrant."""
    script = 'require "./build.rb"; 2.times { NuageChainLab.build("libvirt", "box", "catalogue.json") }'
    return subprocess.run(["ruby", "-e", script], cwd=folder, capture_output=True, text=True, timeout=30, check=False)


def test_what_the_machines_need_is_built_once(folder: Path) -> None:
    assert (up(folder).returncode, up(folder).returncode) == (0, 0)
    assert (folder / "log").read_text() == "built\n" * 2


def test_a_box_that_was_built_again_is_not_mixed_up_with_the_one_before(folder: Path) -> None:
    assert up(folder).returncode == 0
    (folder / "next").write_text("1.0.2")
    done = up(folder)
    assert done.returncode == 1
    assert "The box has been built again: call vagrant once more." in done.stderr
    assert up(folder).returncode == 0
    assert json.loads((folder / "catalogue.json").read_text())["versions"][0]["version"] == "1.0.2"


def test_what_could_not_be_built_is_said(folder: Path) -> None:
    (folder / "build").write_text("#!/bin/sh\nexit 1\n")
    assert "vagrant/lib/build failed." in up(folder).stderr
