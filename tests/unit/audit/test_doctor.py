from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nuage_chain.attachment.state import World
from nuage_chain.audit import doctor, networks
from nuage_chain.audit.doctor import OK, PROBLEM, WARNING, Finding
from nuage_chain.vsp.vsd import tls
from tests.unit.attachment.samples import a_record
from tests.unit.audit.test_networks import a_list
from tests.unit.orchestrators.servers import ApiServer, Kubemon
from tests.unit.vsd.conftest import ScriptedVsd

Examined = Callable[..., dict[str, Finding]]


@pytest.fixture
def world() -> World:
    return World("node1")


@pytest.fixture
def examined(tmp_path: Path, world: World) -> Examined:
    """What is found on a node of that configuration, by part; its switch is away."""

    def work(**config: Any) -> dict[str, Finding]:
        path = tmp_path / "config.yaml"
        folders = {"ovsdb": "unix:/none", "stateDir": str(tmp_path / "state"), "runDir": str(tmp_path / "run")}
        path.write_text(json.dumps({**folders, **config}))
        found = networks.read(tmp_path / "net.d", "node1", path, strict=True)
        return {one.part: one for one in doctor.examine(found, world)}

    return work


def test_the_api_server_and_the_monitor_are_asked_where_they_are_configured(
    api: ApiServer, kubemon: Kubemon, examined: Examined, tmp_path: Path
) -> None:
    kubeconfig = api.kubeconfig(tmp_path / "kubeconfig")
    found = examined(kubernetes={"kubeconfig": str(kubeconfig)}, kubemon=kubemon.settings)
    server = found[f"API server of {kubeconfig}"]
    assert (server.state, server.says) == (OK, f"It answers at {api.url} and knows us; it is Kubernetes v1.30.2.")
    assert found[f"nuagekubemon {kubemon.url}"].state == OK
    assert [heard.what for heard in kubemon.heard] == ["GET /namespaces/default/pods"], "nothing is placed or released"
    parts = examined()
    assert not [part for part in parts if part.startswith(("API", "nuagekubemon"))]


def test_a_token_and_a_certificate_that_are_not_taken_are_problems(
    api: ApiServer, kubemon: Kubemon, examined: Examined, tmp_path: Path
) -> None:
    kubeconfig = api.kubeconfig(tmp_path / "kubeconfig", user={"token": "old"})
    pair = tls.issue_client(tmp_path / "another", "node", "kubemon")
    ours = {**kubemon.settings, "certificate": str(pair.certificate), "key": str(pair.key)}
    found = examined(kubernetes={"kubeconfig": str(kubeconfig)}, kubemon=ours)
    for part, says in (
        (f"API server of {kubeconfig}", "with 401: Unauthorized"),
        (f"nuagekubemon {kubemon.url}", kubemon.url),
    ):
        assert (found[part].state, says in found[part].says) == (PROBLEM, True), found[part]
        assert "certificate" in found[part].remedy


def test_a_monitor_that_fails_and_one_that_is_away_are_problems(kubemon: Kubemon, examined: Examined) -> None:
    kubemon.forced = (500, b'{"error": "etcd is away"}')
    assert "etcd is away" in examined(kubemon=kubemon.settings)[f"nuagekubemon {kubemon.url}"].says
    away = {**kubemon.settings, "url": "https://127.0.0.1:9"}
    assert "cannot be reached" in examined(kubemon=away)["nuagekubemon https://127.0.0.1:9"].says


def test_every_account_at_one_vsd_is_tried(examined: Examined, tmp_path: Path) -> None:
    vsd = ScriptedVsd()
    vsd.on("GET", "me", vsd.error(401, None, "Bad credentials"), vsd.reply(200, [{"APIKey": "k", "APIKeyExpiry": 0}]))
    for name, user in (("a", "bad"), ("b", "good"), ("c", "good")):
        a_list(tmp_path / "net.d", name, vsd={"url": vsd.url, "password": "p", "user": user})
    found = {part: one.state for part, one in examined().items() if part.startswith("VSD")}
    vsd.stop()
    assert found == {f"VSD {vsd.url} as bad": PROBLEM, f"VSD {vsd.url} as good": OK}


def test_a_network_with_a_state_of_its_own_is_looked_at_and_told_how_to_be_audited(
    examined: Examined, tmp_path: Path, world: World
) -> None:
    own = {"stateDir": str(tmp_path / "own"), "runDir": str(tmp_path / "own")}
    a_list(tmp_path / "net.d", "theirs", bridge="br9", activation="metadata", **own)
    settings = networks.read(tmp_path / "net.d", "node1").elsewhere["theirs"]
    world.journal(settings).owe(a_record(owed=["vsd"], since=1.0, problem="VSD is away."))
    found = examined()
    assert found["network theirs"].state == OK
    assert found["switch br9"].state == PROBLEM, "which is away here"
    told = found["audit of theirs"]
    assert (told.state, "the audit leaves it alone" in told.says, "`stateDir`" in told.remedy) == (WARNING, True, True)
    assert "VSD is away." in found["journal of theirs"].says
    assert found["journal"].state == OK
    assert "configuration" not in found
