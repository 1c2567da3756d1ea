"""`nuage-chain audit` and `nuage-chain trace` as a person and the timer call them."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nuage_chain.audit.run import Auditor
from tests.integration.audit.audits import Audits
from tests.integration.cli.driver import heed_signals
from tests.integration.lab import Lab
from tests.unit.audit.test_metrics import samples
from tests.unit.vsd.conftest import ScriptedVsd

pytestmark = pytest.mark.root

DOWN = {"url": "https://127.0.0.1:9", "user": "u", "password": "p"}


def command(lab: Lab, folder: Path, *arguments: str, **changes: Any) -> subprocess.CompletedProcess[str]:
    nets = folder / "net.d"
    nets.mkdir(exist_ok=True)
    (nets / "10-nuage.conflist").write_bytes(lab.network("10-nuage.conflist", **changes).raw)
    where = ["--networks", str(nets), "--config", str(lab.config)]
    return subprocess.run(
        [Path(sys.prefix) / "bin" / "nuage-chain", "audit", *arguments, *where],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def planned(lab: Lab, folder: Path) -> dict[str, Any]:
    done = command(lab, folder, "plan", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    return document


@pytest.fixture(autouse=True)
def fresh(audits: Audits) -> Iterator[None]:
    yield
    for file in ("metrics/nuage-chain.prom", "trace.jsonl"):
        (Path("/var/lib/nuage-chain") / file).unlink(missing_ok=True)


def test_a_clean_node_has_nothing_to_do(lab: Lab, tmp_path: Path) -> None:
    done = command(lab, tmp_path, "plan")
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing to do, 0 waiting, none kept" in done.stdout
    assert not Path("/var/lib/nuage-chain/audit.json").exists(), "a plan remembers nothing"


def test_a_debt_is_shown_and_paid_and_measured(lab: Lab, tmp_path: Path) -> None:
    one = lab.container("one")
    lab.attach(one)
    lab.detach(one, vsd=DOWN)
    assert lab.left()["containers"] == 1
    shown = planned(lab, tmp_path)
    assert [(a["action"], a["container"], a["ifname"]) for a in shown["actions"]] == [("settle", one.id, "eth0")]
    assert "owed in vsd" in shown["actions"][0]["why"]
    table = command(lab, tmp_path, "plan").stdout
    assert "settle" in table and shown["plan"] in table and "127.0.0.1:9 cannot be reached" in table  # noqa: PT018 - one table
    metrics = tmp_path / "textfiles"
    done = command(lab, tmp_path, "apply", "--plan", shown["plan"], "--metrics", str(metrics))
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 done, 0 skipped, 0 owed, 0 failed" in done.stdout
    assert lab.left()["containers"] == 0
    found = samples((metrics / "nuage-chain.prom").read_text())
    assert found['nuage_chain_debts{where="vsd"}'] == 0
    assert found['nuage_chain_calls_total{verb="ADD",result="ok"}'] >= 1
    assert found['nuage_chain_step_seconds_count{verb="ADD",step="plug into VRS"}'] >= 1


def test_a_plan_that_is_not_the_one_any_more_is_refused_with_both_names(lab: Lab, tmp_path: Path) -> None:
    one = lab.container("one")
    lab.attach(one)
    lab.detach(one, vsd=DOWN)
    done = command(lab, tmp_path, "apply", "--plan", "0123456789abcdef")
    assert (done.returncode, done.stdout) == (1, "")
    refusal = f"The plan is {planned(lab, tmp_path)['plan']} by now, not 0123456789abcdef"
    assert refusal in done.stderr
    done = command(lab, tmp_path, "apply", "--json", "--plan", "0123456789abcdef")
    said = json.loads(done.stdout)
    assert (done.returncode, said["code"], said["msg"].partition(":")[0]) == (1, 111, refusal)
    assert lab.left()["journal"] == 1, "nothing was done"
    assert command(lab, tmp_path, "apply").returncode == 0


def test_a_debt_that_cannot_be_paid_yet_stays_owed(lab: Lab, tmp_path: Path) -> None:
    one = lab.container("one")
    lab.attach(one)
    lab.detach(one, vsd=DOWN)
    done = command(lab, tmp_path, "apply", "--json", vsd=DOWN)
    [action] = json.loads(done.stdout)["actions"]
    assert (done.returncode, action["outcome"]) == (0, "owed")
    assert "127.0.0.1:9 cannot be reached" in action["problem"]
    assert command(lab, tmp_path, "apply").returncode == 0
    assert lab.left()["journal"] == 0


def test_a_vsd_that_gives_no_answer_is_asked_by_one_login_alone(lab: Lab, tmp_path: Path) -> None:
    one = lab.container("one")
    lab.attach(one)
    lab.detach(one, vsd=DOWN)
    mute = ScriptedVsd()
    # A dropped connection is tried again once, by whoever asks.
    mute.on("GET", "me", mute.drop())
    try:
        done = command(lab, tmp_path, "apply", vsd={**DOWN, "url": mute.url})
    finally:
        mute.stop()
    assert ("1 owed" in done.stdout, len(mute.asked)) == (True, 2)
    assert command(lab, tmp_path, "apply").returncode == 0
    assert lab.left()["journal"] == 0


def test_a_second_audit_leaves_the_work_to_the_first(lab: Lab, audits: Audits, tmp_path: Path) -> None:
    auditor: Auditor = audits.auditor()
    with auditor._alone():
        done = command(lab, tmp_path, "apply")
        as_json = command(lab, tmp_path, "apply", "--json")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("nuage-chain: Another audit is running.\n")
    assert (as_json.returncode, json.loads(as_json.stdout)["code"]) == (0, 11)


def test_one_that_is_interrupted_says_so_and_leaves_the_rest_to_the_next(lab: Lab, tmp_path: Path) -> None:
    one = lab.container("one")
    lab.attach(one)
    lab.detach(one, vsd=DOWN)
    with socket.create_server(("127.0.0.1", 0)) as hangs:
        hangs.settimeout(30)
        url = f"https://127.0.0.1:{hangs.getsockname()[1]}"
        folder = tmp_path / "hanging"
        folder.mkdir()
        (folder / "10-nuage.conflist").write_bytes(lab.network("10-nuage.conflist", vsd={**DOWN, "url": url}).raw)
        arguments = ["audit", "apply", "--networks", str(folder), "--config", str(lab.config)]
        run = subprocess.Popen(
            [Path(sys.prefix) / "bin" / "nuage-chain", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=heed_signals,
        )
        try:
            hangs.accept()[0].close()
            with hangs.accept()[0]:
                run.send_signal(signal.SIGINT)
                stdout, stderr = run.communicate(timeout=20)
        finally:
            run.kill()
            run.wait()
    assert (run.returncode, stdout, "Traceback" in stderr) == (130, "", False), stderr
    assert lab.left()["journal"] == 1
    assert command(lab, tmp_path, "apply").returncode == 0
    assert lab.left()["journal"] == 0


def test_metrics_that_cannot_be_written_are_said_beside_what_was_done(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = command(lab, tmp_path, "apply", "--json", "--metrics", str(tmp_path / "file"))
    assert (done.returncode, json.loads(done.stdout)["actions"]) == (1, [])
    assert "nuage-chain.prom cannot be written" in done.stderr


def test_the_traces_of_an_add_and_a_delete_are_shown(lab: Lab) -> None:
    one = lab.container("one", K8S_POD_NAME="web", K8S_POD_NAMESPACE="shop")
    lab.attach(one)
    lab.detach(one)
    run = Path(sys.prefix) / "bin" / "nuage-chain"
    listed = subprocess.run([run, "trace"], capture_output=True, text=True, check=True, timeout=30).stdout
    assert [line.split()[2] for line in listed.splitlines()[-2:]] == ["ADD", "DEL"]
    shown = subprocess.run([run, "trace", "show", "shop/web"], capture_output=True, text=True, check=True, timeout=30)
    assert "undo plug into VRS" in shown.stdout
    assert "DELETE containers/*" in shown.stdout
    stats = subprocess.run([run, "trace", "stats"], capture_output=True, text=True, check=True, timeout=30).stdout
    assert "step wait until forwarding" in stats
