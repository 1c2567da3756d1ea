from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from nuage_chain.cli import main
from nuage_chain.installation import distributions

REFUSED = "nuage-chain: net.d is not an absolute path.\n"


@pytest.fixture(autouse=True)
def _code(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clone has no metadata that could be copied; what is copied does not matter here."""
    monkeypatch.setattr(distributions, "collect", lambda: {PurePosixPath("nuage_chain/code.py"): Path(__file__)})


@pytest.fixture
def image(tmp_path: Path) -> Callable[..., int]:
    """Runs a command on the files of a node, which have plugins and a Python."""
    (tmp_path / "opt/cni/bin").mkdir(parents=True)
    (tmp_path / "opt/cni/bin/bridge").touch()
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / f"usr/bin/python3.{sys.version_info.minor}").symlink_to("/bin/true")
    return lambda command, *words: main.main([command, "--root", str(tmp_path), *words])


@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_a_folder_of_networks_that_is_no_absolute_path_is_refused_before_anything_is_done(
    command: str, image: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert image(command, "--networks", "net.d") == 1
    assert capsys.readouterr().err.startswith(REFUSED)
    assert sorted(tmp_path.rglob("*")) == before


def test_so_it_is_on_the_node_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["install", "--dry-run", "--cni-bin", str(tmp_path), "--networks", "net.d"]) == 1
    assert capsys.readouterr().err.startswith(REFUSED)
