from __future__ import annotations

import json

from nuage_chain.attachment import record, settings
from nuage_chain.attachment.sources import Layer
from tests.unit.attachment.test_identity import of


def test_a_debt_is_paid_as_whom_it_was_made_when_its_list_is_gone_and_holds_no_secret() -> None:
    files = {
        "vsd.passwordFile": "/their/password", "vsd.certificate": "/their/vsd.pem", "vsd.key": "/their/vsd-key.pem",
        "kubemon.certificate": "/their/monitor.pem", "kubemon.key": "/their/monitor-key.pem",
    }  # fmt: skip
    made = settings.merge([Layer("list", {"vsd.password": "hunter2", **files})], "node1")
    text = record.begun(record.ADD, of(), made, since=1.0).text()
    assert "hunter2" not in text
    now = settings.merge([Layer("node", {"vsd.password": "today's", "vsd.passwordFile": "/node/password"})], "node1")
    then = record.read(json.loads(text)).settings(now)
    assert {name: then.text(name) for name in files} == files
    assert then.text("vsd.password") == "today's"
