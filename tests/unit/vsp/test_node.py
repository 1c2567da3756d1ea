"""What a VSP that was killed leaves behind, and what is remembered of one that did not come up."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, NotAvailable
from nuage_chain.link.kernel import boot_id
from nuage_chain.vsp import node, place
from nuage_chain.vsp.layout import layout_of, prepare
from nuage_chain.vsp.settings import CERT_PORT, VSD_PORT, Settings, load_settings, save_settings

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


WHOLE = Settings(None, False, "netdev", "host-1", 9443, 9000)
JOINED = replace(WHOLE, controller=False, southbound="ssl:192.0.2.1:6642", vsd_host="192.0.2.1", address="192.0.2.2")


@pytest.mark.parametrize(
    ("wishes", "port"),
    [
        (node.Wishes(cert_port=9443), 9443),
        (node.Wishes(vsd_port=9000), 9000),
        (node.Wishes(vsd_port=1234, cert_port=1234), 1234),
    ],
)
def test_vsd_cannot_have_one_port_twice(wishes: node.Wishes, port: int) -> None:
    with pytest.raises(BadConfig, match=f"VSD cannot have {port} for both of its ports"):
        wishes.apply(WHOLE)


@pytest.mark.parametrize("wishes", [node.Wishes(vsd_port=6642), node.Wishes(cert_port=6642)])
def test_vsd_cannot_have_the_port_where_nodes_find_ovn(wishes: node.Wishes) -> None:
    assert wishes.apply(WHOLE) != WHOLE, "nobody joins a VSP that is for this host alone"
    with pytest.raises(BadConfig, match="VSD cannot have 6642"):
        replace(wishes, listen="192.0.2.9").apply(WHOLE)


@pytest.mark.parametrize("wishes", [node.Wishes(vsd_port=7443), node.Wishes(vsd_port=9000, cert_port=9443)])
def test_a_port_that_is_not_in_use_any_more_may_be_the_other_one(wishes: node.Wishes) -> None:
    found = wishes.apply(WHOLE)
    assert (found.vsd_port, found.cert_port) == (wishes.vsd_port, wishes.cert_port or 9000)


@pytest.mark.parametrize(
    "wishes",
    [
        node.Wishes(listen="192.0.2.2"),
        node.Wishes(vsd_port=1234),
        node.Wishes(cert_port=1234),
        node.Wishes(without_policy="allow"),
    ],
)
def test_what_a_centre_decides_is_refused_where_a_host_has_joined_one(tmp_path: Path, wishes: node.Wishes) -> None:
    layout = layout_of(tmp_path / "s")
    prepare(layout)
    save_settings(layout, JOINED)
    with pytest.raises(BadConfig, match=r"joined the VSP at 192\.0\.2\.1"):
        node.up(layout.state, environment={}, deadline=Deadline(5), wishes=wishes)
    assert load_settings(layout) == JOINED
    assert node.Wishes(outside=True).apply(JOINED).outside


def test_where_nothing_is_to_run_nothing_runs(tmp_path: Path) -> None:
    layout = layout_of(tmp_path)
    save_settings(layout, replace(JOINED, switch=False))
    assert not node.runs(layout)


@pytest.fixture
def hopeless(monkeypatch: pytest.MonkeyPatch, tools: list[str]) -> None:
    """No VSP comes up."""

    def fail(*_: object) -> None:
        raise NotAvailable("No such luck.")

    monkeypatch.setattr(place, "links", lambda *_: {"lo"})
    monkeypatch.setattr(node, "start_all", fail)
    monkeypatch.setattr(node, "check_ports", lambda *_: None)


@pytest.mark.usefixtures("hopeless")
@pytest.mark.parametrize("wishes", [node.Wishes(listen="192.0.2.9"), node.Wishes(vsd_port=1234, outside=True)])
def test_what_an_up_wished_that_failed_is_forgotten(tmp_path: Path, wishes: node.Wishes) -> None:
    layout = layout_of(tmp_path / "s")
    prepare(layout)
    save_settings(layout, WHOLE)
    with pytest.raises(NotAvailable, match="No such luck"):
        node.up(layout.state, environment={}, deadline=Deadline(5), wishes=wishes)
    assert load_settings(layout) == WHOLE


@pytest.mark.usefixtures("hopeless")
def test_a_first_up_that_failed_leaves_nothing_of_its_wishes_but_the_name_that_ovn_may_know(tmp_path: Path) -> None:
    layout = layout_of(tmp_path / "s")
    names = set()
    for wishes in (node.Wishes(vsd_port=1234), node.Wishes(cert_port=1234)):
        with pytest.raises(NotAvailable, match="No such luck"):
            node.up(layout.state, environment={}, deadline=Deadline(5), wishes=wishes)
        found = load_settings(layout)
        assert found is not None
        assert (found.vsd_port, found.cert_port) == (VSD_PORT, CERT_PORT)
        names.add(found.system_id)
    assert len(names) == 1, "under another name the node could not have its address in OVN"


@pytest.mark.usefixtures("hopeless")
def test_a_first_up_that_failed_as_a_centre_does_not_make_the_next_one_a_centre(tmp_path: Path) -> None:
    layout = layout_of(tmp_path / "s")
    with pytest.raises(NotAvailable, match="No such luck"):
        node.up(layout.state, environment={}, deadline=Deadline(5), wishes=node.Wishes(listen="192.0.2.9"))
    assert load_settings(layout) is None
