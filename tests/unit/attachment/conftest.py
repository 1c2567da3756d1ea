from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nuage_chain.attachment import sources
from nuage_chain.cni.request import Request, parse_args

Asked = Callable[..., Request]


@pytest.fixture
def node_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A node's configuration with nothing in it, and no files of the predecessor."""
    monkeypatch.setattr(sources, "PREDECESSOR", {})
    path = tmp_path / "config.yaml"
    path.write_text("")
    return path


@pytest.fixture
def asked() -> Asked:
    """A request for the pod shop/web-1, with more CNI_ARGS and keys of our entry."""

    def make(args: str = "", /, **entry: Any) -> Request:
        config = {"name": "net", "type": "nuage-chain", "cniVersion": "1.0.0", **entry}
        pod = {"K8S_POD_NAMESPACE": "shop", "K8S_POD_NAME": "web-1", "K8S_POD_UID": "uid-1"}
        whole = json.loads(json.dumps(config))
        return Request("ADD", "1.0.0", "c1", "/run/netns/c1", "eth0", {**pod, **parse_args(args)}, whole)

    return make
