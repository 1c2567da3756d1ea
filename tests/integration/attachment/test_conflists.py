"""The ready lists as a whole; those that need no more than one interface are attached in test_add.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from nuage_chain.cni.runtime import conflist
from tests.integration.attachment.test_add import EVERY_LIST
from tests.integration.lab import ROOT, Lab

pytestmark = pytest.mark.root


def test_every_ready_list_is_run_by_a_test() -> None:
    assert sorted([*EVERY_LIST, "60-nuage-second.conflist", "99-loopback.conf"]) == sorted(
        f.name for f in Path(ROOT / "conflists").iterdir() if f.suffix in (".conf", ".conflist")
    )


def test_the_loopback_configuration_brings_lo_up(lab: Lab) -> None:
    one = lab.container("one")
    one.sh("ip", "link", "set", "lo", "down")
    lab.attach(one, "99-loopback.conf", ifname="lo")
    assert "UP" in one.sh("ip", "link", "show", "lo")
    lab.detach(one, "99-loopback.conf", ifname="lo")
    assert conflist.load(ROOT / "conflists" / "99-loopback.conf").name == "lo"
