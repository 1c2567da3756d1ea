from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from nuage_chain.attachment import traces
from nuage_chain.cli.main import main

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the command needs root")

LINE = {"time": 1.0, "verb": "ADD", "container": "c1", "ifname": "eth0", "ms": 2.0, "result": "ok", "spans": []}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Of a node whose calls leave their traces elsewhere than is usual."""
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps({"stateDir": str(tmp_path / "state")}))
    (tmp_path / "state").mkdir()
    traces.write(tmp_path / "state", LINE)
    return path


def test_calls_are_looked_for_where_the_nodes_configuration_has_them_kept(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trace", "--json", "--config", str(config)]) == 0
    assert json.loads(capsys.readouterr().out) == LINE


def test_a_folder_that_is_named_is_looked_at_instead(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trace", "--config", str(config), "--folder", str(tmp_path / "none")]) == 0
    assert capsys.readouterr().out == f"No calls are kept in {tmp_path}/none.\n"


def test_the_last_of_them_are_listed(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for container in ("c2", "c3"):
        traces.write(tmp_path / "state", {**LINE, "container": container})
    assert main(["trace", "--config", str(config), "--last", "2"]) == 0
    assert [line.split()[3] for line in capsys.readouterr().out.splitlines()[1:]] == ["c2", "c3"]
