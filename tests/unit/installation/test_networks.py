from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nuage_chain.attachment import sources
from nuage_chain.attachment.settings import Settings
from nuage_chain.attachment.sources import Layer
from nuage_chain.attachment.state import World
from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, NuageChainError
from nuage_chain.installation import networks
from nuage_chain.installation.place import Place


def test_names_that_the_nodes_configuration_has_are_left_out_of_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = Layer("config.yaml", {"enterprise": "Mine", "bridge": "alubr0"})
    monkeypatch.setattr(sources, "layers", lambda request: [layer])
    published = networks.ready("10-nuage.conflist", Place(Path("/"), ()))
    assert published.path == Path("/etc/cni/net.d/10-nuage.conflist")
    assert networks.examples(published) == ["domain Shop", "zone front", "subnet web"]


def test_a_list_of_ones_own_is_published_as_it_is(tmp_path: Path) -> None:
    own = tmp_path / "etc/nuage-chain/mine.conflist"
    own.parent.mkdir(parents=True)
    own.write_text(json.dumps({"cniVersion": "1.0.0", "name": "mine", "plugins": [{"type": "nuage-chain"}]}))
    assert networks.ready("mine.conflist", Place(tmp_path, ())).content == own.read_bytes()
    own.write_text("{")
    with pytest.raises(NuageChainError, match=r"mine\.conflist"):
        networks.ready("mine.conflist", Place(tmp_path, ()))


ENTRY = {"type": "nuage-chain", "subnet": "db", "bridge": "mine0"}
OWN = {
    "several versions": ("own.conflist", {"cniVersions": ["0.4.0", "1.0.0"], "name": "own", "plugins": [ENTRY]}),
    "one plugin": ("own.conf", {"cniVersion": "1.0.0", "name": "own", **ENTRY}),
    "plugins in files of their own": ("own.conflist", {"cniVersion": "1.1.0", "name": "own"}),
}


@pytest.mark.parametrize(("name", "content"), OWN.values(), ids=OWN)
def test_a_list_of_ones_own_may_have_any_form_that_runtimes_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: dict[str, Any]
) -> None:
    asked: list[Settings] = []
    monkeypatch.setattr(networks, "SETTINGS", tmp_path / "own")
    monkeypatch.setattr(networks, "ask_switch", lambda found, world, deadline: asked.append(found))
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / name).write_text(json.dumps(content))
    (tmp_path / "net.d" / "own").mkdir(parents=True)
    (tmp_path / "net.d" / "own" / "10-ours.conf").write_text(json.dumps(ENTRY))
    published = networks.ready(name, Place(Path("/"), (), tmp_path / "net.d"))
    assert networks.examples(published) == ["subnet db"]
    networks.wait_until_ready(published, World("node"), Deadline(5))
    assert [found.text("bridge") for found in asked] == ["mine0"]


def test_a_list_without_plugins_where_runtimes_look_for_them_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "etc/nuage-chain/own.conflist"
    (own.parent / "own").mkdir(parents=True)
    (own.parent / "own" / "10-ours.conf").write_text(json.dumps(ENTRY))
    own.write_text(json.dumps({"cniVersion": "1.1.0", "name": "own"}))
    with pytest.raises(BadConfig, match=f"`plugins` is missing or empty. It is made of {own}"):
        networks.ready("own.conflist", Place(tmp_path, ()))


def test_an_unknown_list_is_named_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="There is no list typo") as caught:
        networks.ready("typo", Place(tmp_path, ()))
    assert "10-nuage.conflist" in caught.value.hint
