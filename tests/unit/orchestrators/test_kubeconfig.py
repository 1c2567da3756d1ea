from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, OrchestratorNotVerified
from nuage_chain.orchestrators import kubeconfig, kubernetes
from nuage_chain.orchestrators.kubeconfig import Fallback
from nuage_chain.orchestrators.pod import Pod
from nuage_chain.vsp.vsd import tls
from tests.unit.orchestrators.servers import ApiServer, serving

WEB = Pod("shop", "web-1")
Section = dict[str, Any]


def b64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def asks(api: ApiServer, path: Path, deadline: Deadline, fallback: Fallback | None = None) -> str:
    """The CN that the server saw, of a look-up that has to succeed."""
    api.pod("shop/web-1", subnet="web")
    assert kubernetes.labels(kubeconfig.read(path, fallback), WEB, deadline) == {"nuage.io/subnet": "web"}
    return api.heard[-1].client


def test_a_token_is_shown(api: ApiServer, tmp_path: Path, deadline: Deadline) -> None:
    assert asks(api, api.kubeconfig(tmp_path / "c"), deadline) == ""


def test_a_token_file_beside_the_kubeconfig_goes_before_the_token(
    api: ApiServer, tmp_path: Path, deadline: Deadline
) -> None:
    (tmp_path / "token").write_text(f"{api.token}\n")
    asks(api, api.kubeconfig(tmp_path / "c", user={"tokenFile": "token", "token": "old"}), deadline)


def test_a_client_certificate_is_shown(api: ApiServer, tmp_path: Path, deadline: Deadline) -> None:
    pair = api.client("kubelet")
    user = {"client-certificate": str(pair.certificate), "client-key": str(pair.key)}
    assert asks(api, api.kubeconfig(tmp_path / "c", user=user), deadline) == "kubelet"


def test_certificates_may_be_in_the_file_itself(api: ApiServer, tmp_path: Path, deadline: Deadline) -> None:
    pair = api.client("kubelet")
    user = {"client-certificate-data": b64(pair.certificate), "client-key-data": b64(pair.key)}
    cluster = {"server": api.url, "certificate-authority-data": b64(api.ca)}
    assert asks(api, api.kubeconfig(tmp_path / "c", cluster, user), deadline) == "kubelet"


def test_a_ca_may_be_named_from_where_the_kubeconfig_is(api: ApiServer, tmp_path: Path, deadline: Deadline) -> None:
    (tmp_path / "ca.pem").write_bytes(api.ca.read_bytes())
    asks(api, api.kubeconfig(tmp_path / "c", {"server": api.url, "certificate-authority": "ca.pem"}), deadline)


def test_the_name_in_the_certificate_may_be_another_than_the_hosts(
    authority: Path, tmp_path: Path, deadline: Deadline
) -> None:
    elsewhere = ApiServer(authority, "127.0.0.2")
    with serving(elsewhere):
        cluster = {"server": elsewhere.url, "certificate-authority": str(elsewhere.ca)}
        with pytest.raises(OrchestratorNotVerified):
            asks(elsewhere, elsewhere.kubeconfig(tmp_path / "c", cluster), deadline)
        named = cluster | {"tls-server-name": "localhost"}
        asks(elsewhere, elsewhere.kubeconfig(tmp_path / "c", named), deadline)


def test_what_the_kubeconfig_does_not_say_is_taken_from_beside_it(
    api: ApiServer, tmp_path: Path, deadline: Deadline
) -> None:
    pair = api.client("node")
    fallback = Fallback(api.url, api.ca, pair.certificate, pair.key)
    assert asks(api, api.kubeconfig(tmp_path / "c", {}, {}), deadline, fallback) == "node"
    skips = {"insecure-skip-tls-verify": True}
    assert asks(api, api.kubeconfig(tmp_path / "c", skips), deadline, fallback) == ""


def test_a_server_is_verified_by_the_systems_authorities_where_none_is_named(
    api: ApiServer, tmp_path: Path, deadline: Deadline
) -> None:
    with pytest.raises(OrchestratorNotVerified):
        asks(api, api.kubeconfig(tmp_path / "c", {"server": api.url}), deadline)
    assert api.heard == []


def test_a_server_of_another_authority_sees_no_token(api: ApiServer, tmp_path: Path, deadline: Deadline) -> None:
    cluster = {"server": api.url, "certificate-authority": str(tls.create_ca(tmp_path).certificate)}
    with pytest.raises(OrchestratorNotVerified):
        asks(api, api.kubeconfig(tmp_path / "c", cluster), deadline)
    assert api.heard == []


@pytest.mark.parametrize(
    ("cluster", "user", "says"),
    [
        ({"server": "https://x", "insecure-skip-tls-verify": True}, None, "insecure-skip-tls-verify"),
        ({"server": "https://x", "proxy-url": "http://p"}, None, "`proxy-url` of the cluster is not supported"),
        ({"server": "http://x"}, None, "`server` has to be of the form https://"),
        ({}, None, "`server` has to be of the form https://"),
        ({"server": "https://master:6443x"}, None, "`server` has to be of the form https://"),
        ({"server": "https://master:644300"}, None, "`server` has to be of the form https://"),
        ({"server": "https://[::1"}, None, "`server` has to be of the form https://"),
        ({"server": "https://x", "certificate-authority": "none.pem"}, None, r"none\.pem cannot be used: No such file"),
        ({"server": "https://x", "certificate-authority-data": "&"}, None, "-data` is not base64"),
        ({"server": "https://x", "certificate-authority-data": "AAAA"}, None, "the CA cannot be used"),
        (None, {}, "neither a token nor a client certificate"),
        (None, {"token": "two words"}, "the user's token is none"),
        (None, {"token": "a\nb"}, "the user's token is none"),
        (None, {"tokenFile": "none"}, "`tokenFile`, 'none', cannot be read"),
        (None, {"exec": {"command": "x"}}, "`exec` of the user is not supported"),
        (None, {"username": "a", "password": "b"}, "`username` of the user is not supported"),
        (None, {"client-certificate": "none.pem", "client-key": "none.pem"}, "No such file"),
        (None, {"client-certificate": "a\0", "client-key": "a\0"}, "with key .* cannot be used"),
        (None, {"tokenFile": "a\0"}, "`tokenFile`, 'a.*', cannot be read"),
        (None, {"client-certificate-data": "AAAA", "client-key-data": "AAAA"}, "with key cannot be used"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_with_its_key(
    api: ApiServer, tmp_path: Path, cluster: Section | None, user: Section | None, says: str
) -> None:
    path = api.kubeconfig(tmp_path / "c", cluster, user)
    with pytest.raises(BadConfig, match=says) as caught:
        kubeconfig.read(path)
    assert str(path) in caught.value.message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "cannot be read: No such file"),
        ("users: [", "is not YAML"),
        ("token: {s3cret", "is not YAML"),
        ("current-context: 2024-13-45", "is not YAML"),
        (f"contexts: {'[' * 2000}", "is not YAML"),
        ("", "there is no context named None"),
        ("contexts: 5", "there is no context named None"),
        ("contexts: {name: c}", "there is no context named None"),
        ("[]", "there is no context named None"),
        ("current-context: c\ncontexts: [{name: c, context: {cluster: k}}]", "there is no cluster named 'k'"),
        ("current-context: c\ncontexts: [3, {name: c}]", "there is no cluster named None"),
    ],
)
def test_a_file_that_is_no_kubeconfig_is_told(tmp_path: Path, text: str | None, says: str) -> None:
    path = tmp_path / "kubeconfig"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BadConfig, match=says) as caught:
        kubeconfig.read(path)
    assert "s3cret" not in caught.value.message
