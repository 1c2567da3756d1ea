"""`nuage-chain doctor` on the lab's node, well and ill."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nuage_chain.audit import memory
from nuage_chain.audit.memory import Memory
from tests.integration.lab import Lab

pytestmark = pytest.mark.root

MEMORY = Path("/var/lib/nuage-chain/audit.json")


@pytest.fixture
def nets(lab: Lab, tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "net.d"
    folder.mkdir()
    (folder / "10-nuage.conflist").write_bytes(lab.network("10-nuage.conflist").raw)
    yield folder
    MEMORY.unlink(missing_ok=True)


def doctor(lab: Lab, nets: Path, *arguments: str, config: Path | None = None) -> subprocess.CompletedProcess[str]:
    if config:
        (nets / "10-nuage.conflist").write_bytes(lab.network("10-nuage.conflist", configFile=str(config)).raw)
    where = ["--networks", nets, "--config", config or lab.config, "--socket", nets / "agent.sock"]
    command = [str(word) for word in (Path(sys.prefix) / "bin" / "nuage-chain", "doctor", *where, *arguments)]
    environment = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "CNI_PATH": f"{Path(sys.prefix) / 'cni'}:/usr/lib/cni"}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environment)


def findings(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    return {one["part"]: one for one in json.loads(done.stdout)}


def test_on_a_node_that_is_well_it_says_of_each_part_that_it_works(lab: Lab, nets: Path) -> None:
    memory.store(MEMORY, Memory(succeeded=4e9))
    done = doctor(lab, nets)
    assert (done.returncode, done.stderr) == (0, "")
    told = {line.split(maxsplit=1)[1].split(":")[0]: line.split()[0] for line in done.stdout.splitlines()[2:]}
    assert told == {"network nuage": "ok", "switch alubr0": "ok", f"VSD {lab.access.url}".split(":")[0]: "ok",
                    "journal": "ok", "audit": "ok"}  # fmt: skip
    assert "an ADD does: find host veth, leave bridge, register with VSD, plug into VRS," in done.stdout
    assert done.stdout.startswith("WARNING agent: There is none at "), "and that calls take longer without an agent"


def test_an_audit_that_never_ran_is_a_warning_and_no_problem(lab: Lab, nets: Path) -> None:
    done = doctor(lab, nets, "--json")
    assert (done.returncode, findings(done)["audit"]["state"]) == (0, "warning")
    assert "nuage-chain-audit.timer" in findings(done)["audit"]["remedy"]


def test_each_part_that_does_not_work_is_a_problem_with_what_to_do(lab: Lab, nets: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    vsd = {"url": "https://127.0.0.1:9", "user": "u", "password": "p"}
    config.write_text(json.dumps({"ovsdb": f"unix:{lab.layout.ovsdb_socket}", "bridge": "nobr0", "vsd": vsd}))
    done = doctor(lab, nets, "--json", config=config)
    found = findings(done)
    assert done.returncode == 1
    for part, says in (("switch nobr0", "no bridge nobr0"), ("VSD https://127.0.0.1:9 as u", "cannot be reached")):
        assert found[part]["state"] == "problem"
        assert says in found[part]["says"]
        assert found[part]["remedy"]


def test_a_list_that_is_wrong_and_a_node_without_one_are_told(lab: Lab, nets: Path) -> None:
    (nets / "05-broken.conflist").write_text("{")
    done = doctor(lab, nets)
    assert done.returncode == 1
    assert f"PROBLEM {nets}/05-broken.conflist: " in done.stdout
    for file in nets.iterdir():
        file.unlink()
    done = doctor(lab, nets)
    assert done.returncode == 0
    assert "WARNING configuration: No network configuration has nuage-chain in its list." in done.stdout


def test_a_configuration_that_cannot_be_read_is_the_problem(lab: Lab, nets: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("brigde: alubr0")
    done = doctor(lab, nets, config=config)
    assert done.returncode == 1
    assert "PROBLEM configuration: " in done.stdout
    assert "brigde" in done.stdout
