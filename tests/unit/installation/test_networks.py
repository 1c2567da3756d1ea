from __future__ import annotations

import json
from pathlib import Path

import pytest

from nuage_chain.attachment import sources
from nuage_chain.attachment.sources import Layer
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


def test_an_unknown_list_is_named_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="There is no list typo") as caught:
        networks.ready("typo", Place(tmp_path, ()))
    assert "10-nuage.conflist" in caught.value.hint
