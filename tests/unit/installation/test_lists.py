"""The list that is published on a node: which one, who may read it, and what becomes of those before it."""

from __future__ import annotations

import json
from pathlib import Path

from nuage_chain.installation.place import MANIFEST
from tests.unit.installation.conftest import Image

FOLDER, NAME, OTHER = "/etc/cni/net.d", "10-nuage.conflist", "30-nuage-ptp.conflist"
LIST = f"{FOLDER}/{NAME}"


def own(image: Image, mode: int) -> Path:
    """A list that an administrator keeps in /etc/nuage-chain, of the same name as the ready one."""
    path = image.at(f"/etc/nuage-chain/{NAME}")
    entry = {"type": "nuage-chain", "vsd": {"password": "secret"}}
    path.write_text(json.dumps({"cniVersion": "1.0.0", "name": "own", "plugins": [entry]}))
    path.chmod(mode)
    return path


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


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


def test_a_list_of_ones_own_is_published_to_those_who_may_read_it(node: Image) -> None:
    kept = own(node, 0o600)
    node.install()
    assert node.at(LIST).read_text() == kept.read_text()
    assert mode_of(node.at(LIST)) == 0o600


def test_one_that_was_published_to_everybody_is_closed_as_its_source_is(node: Image) -> None:
    kept = own(node, 0o644)
    node.install()
    assert mode_of(node.at(LIST)) == 0o644
    kept.chmod(0o600)
    node.install()
    assert mode_of(node.at(LIST)) == 0o600


def test_a_published_list_that_somebody_has_closed_to_others_stays_closed(node: Image) -> None:
    node.install()
    assert mode_of(node.at(LIST)) == 0o644
    node.at(LIST).chmod(0o600)
    assert node.installation().missing() == []
    node.install()
    assert mode_of(node.at(LIST)) == 0o600
    node.uninstall()
    assert not node.at(LIST).exists()


def test_uninstall_keeps_an_edited_list_and_the_one_that_it_was_made_of(node: Image) -> None:
    kept = own(node, 0o600)
    before = kept.read_text()
    node.install()
    node.at(LIST).write_text("edited\n")
    again = kept.with_name(f"{NAME}.published-1")
    again.write_text("of an earlier time\n")
    node.uninstall()
    assert kept.read_text() == before
    assert again.read_text() == "of an earlier time\n"
    moved = kept.with_name(f"{NAME}.published-2")
    assert moved.read_text() == "edited\n"
    assert mode_of(moved) == 0o600
    assert f"moved {LIST} to /etc/nuage-chain/{moved.name}, since it has been edited" in node.told
    assert not node.at(LIST).exists()
