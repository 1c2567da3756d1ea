"""What a VSP that was killed leaves behind, and who takes it away."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.link.kernel import boot_id
from nuage_chain.vsp import node, place
from nuage_chain.vsp.layout import layout_of, prepare
from nuage_chain.vsp.settings import Settings, load_settings, save_settings

KILLED = Settings(None, False, "system", "host-1", 8443, 7443, boot=boot_id())
LINKS = {"lo", "eth0", "ovs-system", "ovs-netdev", "alubr0", "genev_sys_6081", "nu0001"}


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command lines of what is run where the links are as a killed switch in the kernel leaves them."""
    ran: list[str] = []
    monkeypatch.setattr(place, "run_tool", lambda argv, *_: ran.append(" ".join(argv)))
    monkeypatch.setattr(place, "links", lambda *_: LINKS)
    return ran


def down(state: Path, settings: Settings) -> bool:
    layout = layout_of(state)
    prepare(layout)
    save_settings(layout, settings)
    return node.down(state, environment={}, deadline=Deadline(5))


@pytest.mark.parametrize(
    ("datapath", "removed"),
    [
        ("system", ["ovs-dpctl del-dp ovs-system", "ip link delete alubr0", "ip link delete genev_sys_6081"]),
        ("netdev", ["ip link delete alubr0", "ip link delete ovs-netdev"]),
    ],
)
def test_links_of_a_switch_that_was_killed_with_all_the_rest_are_removed_once(
    tmp_path: Path, tools: list[str], datapath: str, removed: list[str]
) -> None:
    assert not down(tmp_path / "s", replace(KILLED, datapath=datapath))
    assert tools == removed
    assert not node.down(tmp_path / "s", environment={}, deadline=Deadline(5))
    assert tools == removed


@pytest.mark.parametrize(
    "settings",
    [replace(KILLED, boot="of yesterday"), replace(KILLED, boot=""), replace(KILLED, switch=False)],
    ids=["before a reboot", "taken down before", "a centre"],
)
def test_links_that_cannot_be_of_this_switch_stay(tmp_path: Path, tools: list[str], settings: Settings) -> None:
    assert not down(tmp_path / "s", settings)
    assert tools == []


def test_settings_of_an_earlier_version_are_read(tmp_path: Path) -> None:
    layout = layout_of(tmp_path)
    later = {"netns_id", "boot", "uplink_hushed"}
    written = {name: value for name, value in asdict(KILLED).items() if name not in later}
    layout.settings_file.write_text(json.dumps(written))
    assert load_settings(layout) == replace(KILLED, boot="")
