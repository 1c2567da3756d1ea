"""Snapshots, which only virtual machines have (conftest.py leaves this out elsewhere)."""

from __future__ import annotations

from tests.integration.vagrant.lab import Lab


def test_a_snapshot_brings_back_what_there_was(lab: Lab) -> None:
    node = lab.hosts["node1"]
    lab.vagrant("snapshot", "save", "node1", "before")
    try:
        node.sh("touch", "/root/after")
        lab.vagrant("snapshot", "restore", "node1", "before", "--no-provision")
        assert node.run("test", "-e", "/root/after")[0] == 1
    finally:
        lab.vagrant("snapshot", "delete", "node1", "before")
