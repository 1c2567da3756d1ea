from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nuage_chain.audit import networks
from nuage_chain.audit.networks import Networks, switch_of

HERE = ("unix:/ovsdb", "alubr0")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps({"ovsdb": HERE[0], "stateDir": "/state", "runDir": "/run/state"}))
    return path


def a_list(folder: Path, name: str, **entry: Any) -> None:
    folder.mkdir(exist_ok=True)
    plugins = [{"type": "bridge"}, {"type": "nuage-chain", **entry}]
    (folder / f"{name}.conflist").write_text(json.dumps({"cniVersion": "1.0.0", "name": name, "plugins": plugins}))


def read(tmp_path: Path, config: Path) -> Networks:
    return networks.read(tmp_path / "net.d", "node1", config)


def test_a_node_without_networks_has_its_own_switch(tmp_path: Path, config: Path) -> None:
    found = read(tmp_path, config)
    assert (found.by_name, found.problems, found.switches()) == ({}, (), {HERE: True})


def test_every_switch_of_a_network_is_needed_and_the_nodes_own_only_where_one_uses_it(
    tmp_path: Path, config: Path
) -> None:
    a_list(tmp_path / "net.d", "one", bridge="br1")
    assert read(tmp_path, config).switches() == {HERE: False, (HERE[0], "br1"): True}
    a_list(tmp_path / "net.d", "two")
    a_list(tmp_path / "net.d", "three", ovsdb="unix:/other", bridge="br1")
    switches = read(tmp_path, config).switches()
    assert switches == {HERE: True, (HERE[0], "br1"): True, ("unix:/other", "br1"): True}


def test_a_port_is_taken_from_the_switch_that_it_is_on_by_the_settings_of_its_network(
    tmp_path: Path, config: Path
) -> None:
    a_list(tmp_path / "net.d", "one", enterprise="Acme", bridge="new")
    found = read(tmp_path, config)
    moved = found.of("one", (HERE[0], "old"))
    assert (moved.text("enterprise"), switch_of(moved)) == ("Acme", (HERE[0], "old"))
    assert switch_of(found.of("one")) == (HERE[0], "new")
    assert switch_of(found.of("nobody's")) == HERE


@pytest.mark.parametrize("key", ["stateDir", "runDir"])
def test_a_network_whose_calls_keep_their_state_elsewhere_is_told_and_left_alone(
    tmp_path: Path, config: Path, key: str
) -> None:
    a_list(tmp_path / "net.d", "theirs", **{key: "/elsewhere"})
    found = read(tmp_path, config)
    assert (list(found.by_name), list(found.elsewhere)) == ([], ["theirs"])
    [problem] = found.problems
    assert problem.startswith("The network theirs keeps its state in ")
    assert "/elsewhere" in problem


def test_a_list_that_cannot_be_read_is_told_and_hides_no_other(tmp_path: Path, config: Path) -> None:
    a_list(tmp_path / "net.d", "one")
    a_list(tmp_path / "net.d", "wrong", ovsdb=5)
    (tmp_path / "net.d" / "broken.conflist").write_text("{")
    found = read(tmp_path, config)
    assert list(found.by_name) == ["one"]
    assert len(found.problems) == 2


def test_of_two_lists_with_one_name_the_first_is_the_network(tmp_path: Path, config: Path) -> None:
    for file, entry in (("10", {"stateDir": "/elsewhere"}), ("20", {})):
        a_list(tmp_path / "net.d", "nuage", **entry)
        (tmp_path / "net.d" / "nuage.conflist").rename(tmp_path / "net.d" / f"{file}.conflist")
    found = read(tmp_path, config)
    assert (list(found.by_name), list(found.elsewhere)) == ([], ["nuage"])
