from __future__ import annotations

import re
from pathlib import Path

import pytest

from nuage_chain.attachment import traces
from nuage_chain.audit import metrics
from nuage_chain.audit.apply import Done
from nuage_chain.audit.calls import Calls
from nuage_chain.audit.plan import Action, Kind, Plan, Waiting
from nuage_chain.audit.run import Applied
from nuage_chain.errors import IOFailure
from tests.unit.attachment.samples import a_record
from tests.unit.audit.test_verdict import FACTS

# The text format that node-exporter reads (Prometheus, "Exposition formats").
_SAMPLE = re.compile(r'(nuage_chain_[a-z_]+)(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? (-?[0-9.e+-]+)')
LINE = {"time": 1.0, "verb": "ADD", "ms": 20.0, "result": "ok",
        "spans": [["prepare", "plug", 0, 1.0], ["step", "plug", 1, 9.0], ["ovsdb", "transact", 1, 8.0]]}  # fmt: skip


def samples(text: str) -> dict[str, float]:
    found, declared = {}, set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            declared.add(line.split()[2])
        elif not line.startswith("# HELP "):
            match = _SAMPLE.fullmatch(line)
            assert match, line
            assert match[1] in declared, line
            found[match[1] + (match[2] or "")] = float(match[4])
    return found


def applied(outcome: str = "done", calls: Calls | None = None, succeeded: float = 900.0) -> Applied:
    action = Action(Kind.REMOVE, FACTS, ("port",), "gone")
    plan = Plan(actions=[action], waiting=[Waiting(FACTS, "gone", 5.0)], problems=["CRI: it did not answer."])
    return Applied(plan, [Done(action, outcome)], [FACTS], calls or Calls(), succeeded)


def test_every_line_is_as_node_exporter_reads_it_and_says_what_there_is(tmp_path: Path) -> None:
    traces.write(tmp_path, LINE)
    traces.write(tmp_path, LINE | {"verb": "DEL", "result": "error", "spans": []})
    debts = [a_record(since=100.0, owed=["vsd", "ovsdb"]), a_record(since=400.0, owed=["vsd"])]
    found = samples(metrics.text(applied(calls=Calls().after(tmp_path)), debts, now=1000.5))
    assert found == pytest.approx({
        "nuage_chain_attachments": 1, 'nuage_chain_stale{kind="waiting"}': 1, 'nuage_chain_stale{kind="remove"}': 1,
        'nuage_chain_stale{kind="settle"}': 0, 'nuage_chain_stale{kind="put_back"}': 0,
        'nuage_chain_debts{where="kernel"}': 0, 'nuage_chain_debts{where="ovsdb"}': 1,
        'nuage_chain_debts{where="vsd"}': 2, 'nuage_chain_debts{where="kubemon"}': 0,
        "nuage_chain_debt_age_seconds": 900.5, "nuage_chain_audit_problems": 1,
        'nuage_chain_audit_actions{outcome="done"}': 1, 'nuage_chain_audit_actions{outcome="skipped"}': 0,
        'nuage_chain_audit_actions{outcome="owed"}': 0, 'nuage_chain_audit_actions{outcome="failed"}': 0,
        'nuage_chain_calls_total{verb="ADD",result="ok"}': 1, 'nuage_chain_calls_total{verb="DEL",result="error"}': 1,
        'nuage_chain_step_seconds_sum{verb="ADD",step="plug"}': 0.01,
        'nuage_chain_step_seconds_count{verb="ADD",step="plug"}': 1,
        "nuage_chain_audit_last_success_timestamp_seconds": 900,
    })  # fmt: skip


def test_where_no_audit_has_succeeded_yet_there_is_no_time_of_it() -> None:
    found = samples(metrics.text(applied("failed", succeeded=0.0), [], now=1.0))
    assert "nuage_chain_audit_last_success_timestamp_seconds" not in found
    assert found['nuage_chain_audit_actions{outcome="failed"}'] == 1


def test_the_file_is_replaced_as_a_whole_and_everybody_may_read_it(tmp_path: Path) -> None:
    path = metrics.write(tmp_path / "new", "one 1\n")
    inode = path.stat().st_ino
    metrics.write(tmp_path / "new", "two 2\n")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("two 2\n", 0o644)
    assert path.stat().st_ino != inode
    assert [p.name for p in path.parent.iterdir()] == ["nuage-chain.prom"]


def test_a_link_that_lies_where_the_metrics_are_drafted_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    secret = tmp_path / "secret"
    secret.touch(0o600)
    (tmp_path / "new" / "nuage-chain.prom.part").symlink_to(secret)
    metrics.write(tmp_path / "new", "one 1\n")
    assert (secret.read_text(), secret.stat().st_mode & 0o777) == ("", 0o600)


def test_a_folder_that_cannot_be_written_is_code_5(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(IOFailure, match="metrics"):
        metrics.write(tmp_path / "file", "")


def test_a_counter_goes_on_counting_after_a_million() -> None:
    found = samples(metrics.text(applied(calls=Calls({("ADD", "ok"): 1234567})), [], now=1000.5))
    assert found['nuage_chain_calls_total{verb="ADD",result="ok"}'] == 1234567


def test_every_metric_is_in_the_documentation() -> None:
    document = (Path(__file__).parents[3] / "docs" / "audit.md").read_text()
    calls = Calls({("ADD", "ok"): 1}, {("ADD", "plug"): (1, 0.5)})
    for name in samples(metrics.text(applied(calls=calls), [], now=1.0)):
        assert f"`{name.partition('{')[0]}" in document, name
