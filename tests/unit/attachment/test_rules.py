"""Each rule of the linter on a list that breaks it and nothing else, and the ready list that breaks none."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nuage_chain.attachment import lint
from nuage_chain.attachment.rules import RULES

List = dict[str, Any]
ROOT = Path(__file__).parents[3]
KINDS = (
    "bandwidth", "bridge", "dhcp", "firewall", "host-local", "macvlan", "nuage-chain", "portmap", "ptp", "sbr",
    "tuning",
)  # fmt: skip
RANGES = {"type": "host-local", "ranges": [[{"subnet": "10.10.1.0/24"}]]}


def with_bridge(**options: Any) -> Callable[[List], None]:
    return lambda whole: whole["plugins"][0].update(options)


def with_ours(**changes: Any) -> Callable[[List], None]:
    return lambda whole: whole["plugins"][1].update(changes)


def with_list(**changes: Any) -> Callable[[List], None]:
    return lambda whole: whole.update(copy.deepcopy(changes))


def before(kind: str, **options: Any) -> Callable[[List], None]:
    return lambda whole: whole["plugins"].insert(1, {"type": kind, **options})


def after(kind: str, **options: Any) -> Callable[[List], None]:
    return lambda whole: whole["plugins"].append({"type": kind, **options})


def both(*changes: Callable[[List], None]) -> Callable[[List], None]:
    def work(whole: List) -> None:
        for change in changes:
            change(whole)

    return work


PTP = with_list(plugins=[{"type": "ptp", "ipam": RANGES}, {"type": "nuage-chain"}], disableCheck=False)
TELLS = with_ours(capabilities={"bandwidth": True})

# rule, what breaks it, words of the sentence
BROKEN: tuple[tuple[str, Callable[[List], None], str], ...] = (
    ("first", lambda whole: whole["plugins"].pop(0), "first plugin"),
    ("twice", after("nuage-chain"), "more than once"),
    ("no-veth", with_bridge(type="macvlan"), "macvlan makes no veth pair"),
    ("missing-plugin", after("nowhere"), "no plugin 'nowhere'"),
    ("missing-plugin", with_bridge(ipam={"type": "nowhere"}), "no plugin 'nowhere'"),
    ("keys", with_ours(subnett="web"), "Did you mean `subnet`"),
    ("keys", with_ours(timeout="soon"), "`timeout` has to be a number of seconds"),
    ("keys", with_ours(vsd="https://vsd"), "has to be a section"),
    ("keys", with_ours(vsd={"urll": "https://vsd"}), "unknown key `vsd.urll`"),
    ("password", with_ours(vsd={"password": "secret"}), "password is in the list"),
    ("old-version", with_list(cniVersion="0.2.0"), "knows no lists"),
    ("new-version", with_list(cniVersion="1.1.0"), "1.1.0 is refused by containerd"),
    ("bridge-check", with_list(disableCheck=False), "CHECK of `bridge` fails"),
    ("bridge-isGateway", with_bridge(isGateway=True), "`isGateway`"),
    ("bridge-isDefaultGateway", with_bridge(isDefaultGateway=True), "`isDefaultGateway`"),
    ("bridge-vlan", with_bridge(vlan=100), "`vlan`"),
    ("bridge-vlanTrunk", with_bridge(vlanTrunk=[{"id": 100}]), "`vlanTrunk`"),
    ("bridge-portIsolation", with_bridge(portIsolation=True), "`portIsolation`"),
    ("bridge-macspoofchk", with_bridge(macspoofchk=True), "`macspoofchk`"),
    ("bridge-ipMasq", with_bridge(ipMasq=True), "`ipMasq`"),
    ("bridge-hairpinMode", with_bridge(hairpinMode=True), "`hairpinMode`"),
    ("bridge-promiscMode", with_bridge(promiscMode=True), "`promiscMode`"),
    ("bridge-forceAddress", with_bridge(forceAddress=True), "`forceAddress`"),
    ("two-ipams", both(with_bridge(ipam=RANGES), with_ours(ipam=RANGES)), "host-local at `bridge`, host-local at"),
    ("two-ipams", with_ours(ipam=RANGES), "asks no IPAM plugin"),
    ("dhcp", with_bridge(ipam={"type": "dhcp"}), "before the interface is in the overlay"),
    ("static-ip", both(with_bridge(ipam=RANGES), with_ours(staticIP="10.10.1.9")), "host-local, decides"),
    ("bandwidth-order", before("bandwidth", ingressRate=8), "before nuage-chain"),
    ("bandwidth-egress", after("bandwidth", egressRate=8), "userspace datapath"),
    ("bandwidth-egress", after("bandwidth", capabilities={"bandwidth": True}), "userspace datapath"),
    ("bandwidth-egress", both(TELLS, after("bandwidth", egressRate=8)), "userspace datapath"),
    ("tuning-mac", after("tuning", mac="02:00:00:00:00:01"), "changes the MAC after"),
    ("tuning-mac", after("tuning", capabilities={"mac": True}), "changes the MAC after"),
    ("tuning-mtu", after("tuning", mtu=1400), "container's end only"),
    ("portmap", after("portmap", capabilities={"portMappings": True}), "no way into the overlay"),
    ("portmap", before("portmap"), "no way into the overlay"),
    ("firewall", after("firewall"), "never comes there"),
    ("sbr-order", before("sbr"), "before nuage-chain"),
    ("sbr-check", both(PTP, after("sbr")), "CHECK of `ptp` fails"),
)
FINE: tuple[tuple[str, Callable[[List], None]], ...] = (
    ("as it is", lambda whole: None),
    ("ptp", PTP),
    ("options that are off", with_bridge(isGateway=False, vlan=0, hairpinMode=False)),
    ("an IPAM", with_bridge(ipam=RANGES)),
    ("bandwidth after, limits on what is received", after("bandwidth", ingressRate=8, ingressBurst=8)),
    ("bandwidth after, and we are told", both(TELLS, after("bandwidth", capabilities={"bandwidth": True}))),
    ("tuning before", before("tuning", mac="02:00:00:00:00:01", mtu=1400)),
    ("tuning after, sysctls only", after("tuning", sysctl={"net.core.somaxconn": "512"})),
    ("sbr after", after("sbr")),
    ("0.3.1 has no CHECK", with_list(cniVersion="0.3.1", disableCheck=False)),
    ("sections and namespaced keys", with_ours(**{"vsd": {"url": "https://vsd", "ca": None}, "example.com/x": 1})),
)  # fmt: skip


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    for kind in KINDS:
        (folder / kind).touch()
    return folder


def findings(tmp_path: Path, plugins: Path, change: Callable[[List], object]) -> list[lint.Finding]:
    whole = {
        "cniVersion": "1.0.0",
        "name": "nuage",
        "disableCheck": True,
        "plugins": [{"type": "bridge", "bridge": "nuage0", "ipam": {}}, {"type": "nuage-chain", "subnet": "web"}],
    }
    change(whole)
    file = tmp_path / "x.conflist"
    file.write_text(json.dumps(whole))
    return lint.lint([file], [plugins], RULES)


@pytest.mark.parametrize(("rule", "change", "says"), BROKEN, ids=[f"{n}-{b[0]}" for n, b in enumerate(BROKEN)])
def test_a_list_that_breaks_one_rule_is_told_so_and_nothing_else(
    tmp_path: Path, plugins: Path, rule: str, change: Callable[[List], None], says: str
) -> None:
    [found] = findings(tmp_path, plugins, change)
    assert (found.rule, found.severity) == (rule, next(r.severity for r in RULES if r.id == rule))
    assert says in found.message
    assert found.message.endswith((".", "`"))
    assert found.remedy.endswith(".")


@pytest.mark.parametrize(("name", "change"), FINE, ids=[name for name, _ in FINE])
def test_a_list_that_works_is_left_in_peace(
    tmp_path: Path, plugins: Path, name: str, change: Callable[[List], None]
) -> None:
    assert findings(tmp_path, plugins, change) == []


def test_every_rule_is_broken_by_a_list_here_and_has_a_name_of_its_own() -> None:
    ids = [rule.id for rule in RULES]
    assert len(ids) == len(set(ids))
    assert set(ids) == {rule for rule, _, _ in BROKEN}


def test_every_rule_is_in_the_documentation() -> None:
    text = (ROOT / "docs" / "chain.md").read_text()
    for rule in RULES:
        assert f"| `{rule.id}` | {rule.severity} |" in text


def test_a_password_is_not_repeated(tmp_path: Path, plugins: Path) -> None:
    found = findings(tmp_path, plugins, with_ours(vsd={"password": ["hunter2"]}))
    assert {f.rule for f in found} == {"keys", "password"}
    assert not any("hunter2" in f.message + f.remedy for f in found)
