"""The list that is published on a node: which one, who may read it, and what becomes of those before it."""

from __future__ import annotations

import json

from nuage_chain.installation.place import MANIFEST
from tests.unit.installation.conftest import Image

FOLDER, NAME, OTHER = "/etc/cni/net.d", "10-nuage.conflist", "30-nuage-ptp.conflist"
LIST = f"{FOLDER}/{NAME}"


def lists(node: Image) -> set[str]:
    return {path.name for path in node.at(FOLDER).iterdir()}


def test_a_list_that_somebody_has_removed_does_not_stop_the_next_one(node: Image) -> None:
    node.at(FOLDER).mkdir(parents=True)
    node.at(LIST).write_text("copied by hand\n")
    node.install()
    node.at(LIST).unlink()
    node.install(network=OTHER)
    assert lists(node) == {OTHER}
    assert json.loads(node.at(str(MANIFEST)).read_text())["networks"] == [f"{FOLDER}/{OTHER}"]
    assert not [line for line in node.told if line.startswith("kept")]


def test_a_list_that_somebody_has_copied_by_hand_stays_beside_the_next_one(node: Image) -> None:
    node.at(FOLDER).mkdir(parents=True)
    node.at(LIST).write_text("copied by hand\n")
    node.install()
    node.install(network=OTHER)
    assert lists(node) == {NAME, OTHER}
    assert f"kept {LIST}, since it has been edited; runtimes may go on with it" in node.told
