from __future__ import annotations

from pathlib import Path

import pytest

from nuage_chain.errors import BadConfig, NotAvailable
from nuage_chain.installation import interpreter
from nuage_chain.installation.place import plugin_folders


def test_the_plugin_goes_where_the_one_before_it_is(tmp_path: Path) -> None:
    for folder in ("opt/cni/bin", "usr/lib/cni"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "usr/lib/cni/bridge").touch()
    assert plugin_folders(tmp_path, []) == (Path("/usr/lib/cni"),)
    (tmp_path / "opt/cni/bin/bridge").touch()
    assert plugin_folders(tmp_path, []) == (Path("/opt/cni/bin"), Path("/usr/lib/cni"))
    assert plugin_folders(tmp_path, [Path("/opt/cni/bin")]) == (Path("/opt/cni/bin"),)


def test_a_node_without_plugins_is_told_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"No folder of CNI plugins was found: none of /opt/cni/bin, .* has `bridge`"):
        plugin_folders(tmp_path, [])


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="/opt/typo is not a folder"):
        plugin_folders(tmp_path, [Path("/opt/typo")])


def test_an_interpreter_has_to_fit_the_libraries(tmp_path: Path) -> None:
    other = tmp_path / "python"
    other.write_text("#!/bin/sh\necho cpython-20-x86_64-linux-gnu\n")
    other.chmod(0o755)
    for unfit in (other, tmp_path / "nothing", Path("relative"), Path("/bin/false")):
        with pytest.raises(NotAvailable, match="that fits the libraries of"):
            interpreter.find(Path("/"), unfit)


def test_the_systems_own_python_is_found() -> None:
    assert interpreter.find(Path("/"), None).parent in (Path("/usr/bin"), Path("/usr/local/bin"))
