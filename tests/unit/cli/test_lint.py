from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from nuage_chain.cli import main

BRIDGE, US = {"type": "bridge", "ipam": {}}, {"type": "nuage-chain"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of configurations, which NETCONFPATH names."""
    plugins = tmp_path / "bin"
    plugins.mkdir()
    for kind in ("bridge", "nuage-chain", "firewall"):
        (plugins / kind).touch()
    monkeypatch.setenv("CNI_PATH", str(plugins))
    configurations = tmp_path / "net.d"
    configurations.mkdir()
    monkeypatch.setenv("NETCONFPATH", str(configurations))
    # It may be run by anybody.
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    return configurations


def write(folder: Path, file: str, *plugins: Mapping[str, object], checked: bool = False) -> str:
    whole = {"cniVersion": "1.0.0", "name": file.split(".")[0], "disableCheck": not checked, "plugins": [*plugins]}
    (folder / file).write_text(json.dumps(whole))
    return str(folder / file)


def test_a_folder_without_faults_is_said_to_be_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, "a.conflist", BRIDGE, US)
    write(folder, "b.conflist", BRIDGE)
    assert main.main(["lint"]) == 0
    assert capsys.readouterr() == ("2 files: 0 errors, 0 warnings.\n", "")


def test_an_error_is_named_by_file_with_its_rule_and_remedy(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(folder, "a.conflist", BRIDGE, US, checked=True)
    assert main.main(["lint", file]) == 1
    first, second, third, last = capsys.readouterr().out.splitlines()
    assert first == file
    assert second.startswith("  error: ")
    assert second.endswith(" [bridge-check]")
    assert third == '    Add "disableCheck": true to the list, or use `ptp`.'
    assert last == "1 file: 1 error, 0 warnings."


def test_warnings_alone_are_no_failure(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, "a.conflist", BRIDGE, US, {"type": "firewall"})
    assert main.main(["lint", str(folder)]) == 0
    assert "0 errors, 1 warning." in capsys.readouterr().out


def test_a_rule_can_be_left_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, "a.conflist", BRIDGE, US, {"type": "firewall"}, checked=True)
    assert main.main(["lint", "--ignore", "bridge-check", "--ignore", "firewall"]) == 0
    assert capsys.readouterr().out == "1 file: 0 errors, 0 warnings.\n"
    with pytest.raises(SystemExit) as caught:
        main.main(["lint", "--ignore", "nowhere"])
    assert caught.value.code == 2


def test_json_carries_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(folder, "a.conflist", US)
    assert main.main(["lint", "--json"]) == 1
    [found] = json.loads(capsys.readouterr().out)
    assert (found["file"], found["rule"], found["severity"]) == (file, "first", "error")
    assert found["message"]
    assert found["remedy"]


def test_no_finding_is_an_empty_list_in_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, "a.conflist", BRIDGE, US)
    assert main.main(["lint", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize(("words", "says"), [([], "has no file"), (["/nowhere/x.conflist"], "cannot be read")])
def test_nothing_to_read_is_a_failure(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    assert main.main(["lint", *words]) == 1
    out, err = capsys.readouterr()
    assert says in out + err
