from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from nuage_chain.cli import main
from nuage_chain.installation import distributions, networks
from nuage_chain.installation.items import File
from nuage_chain.installation.place import MANIFEST, Place

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


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The lists that installations would publish on a node, as they come."""
    found: list[Path] = []
    ready = networks.ready

    def noted(name: str, place: Place) -> File:
        file = ready(name, place)
        found.append(file.path)
        return file

    monkeypatch.setattr(networks, "ready", noted)
    return found


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


def test_without_options_it_does_what_was_chosen_the_last_time(
    image: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: list[Path]
) -> None:
    (tmp_path / "srv/cni").mkdir(parents=True)
    (tmp_path / "srv/python").symlink_to("/bin/true")
    chosen = ("--conflist", "none", "--cni-bin", "/srv/cni", "--python", "/srv/python", "--networks", "/srv/net.d")
    assert image("install", *chosen) == 0
    launcher = tmp_path / "srv/cni/nuage-chain"
    launcher.unlink()
    assert image("install") == 0
    assert launcher.exists()
    assert not (tmp_path / "opt/cni/bin/nuage-chain").exists()
    version = (tmp_path / "opt/nuage-chain/current").readlink().name
    assert (tmp_path / "opt/nuage-chain" / version / "bin/python").readlink() == Path("/srv/python")
    assert asked == []
    assert "The list of plugins" not in capsys.readouterr().out
    assert image("install", "--conflist", "30-nuage-ptp.conflist") == 0
    assert image("install") == 0
    assert asked == [Path("/srv/net.d/30-nuage-ptp.conflist")] * 2


def test_a_record_that_an_earlier_version_has_made_says_which_list_is_published_and_where(
    image: Callable[..., int], tmp_path: Path, asked: list[Path]
) -> None:
    assert image("install") == 0
    manifest = tmp_path / MANIFEST.relative_to("/")
    document = json.loads(manifest.read_text())
    del document["chosen"]
    document["networks"] = ["/srv/net.d/30-nuage-ptp.conflist"]
    manifest.write_text(json.dumps(document))
    asked.clear()
    assert image("install") == 0
    assert asked == [Path("/srv/net.d/30-nuage-ptp.conflist")]


def test_what_a_later_version_has_recorded_besides_does_not_keep_one_from_going_back(
    image: Callable[..., int], tmp_path: Path
) -> None:
    assert image("install", "--conflist", "none") == 0
    manifest = tmp_path / MANIFEST.relative_to("/")
    document = json.loads(manifest.read_text())
    document["later"] = document["chosen"]["later"] = "something"
    manifest.write_text(json.dumps(document))
    assert image("install") == 0
    assert json.loads(manifest.read_text())["chosen"]["conflist"] == "none"


def test_a_list_that_there_is_not_is_refused_before_anything_is_done(
    image: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert image("install", "--conflist", "typo") == 1
    assert capsys.readouterr().err.startswith("nuage-chain: There is no list typo.\n")
    assert sorted(tmp_path.rglob("*")) == before
