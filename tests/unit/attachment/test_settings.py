from __future__ import annotations

import json
import traceback
from pathlib import Path
from typing import Any

import pytest

from nuage_chain.attachment import settings, sources
from nuage_chain.attachment.settings import Settings
from nuage_chain.cni.request import Request, parse_args
from nuage_chain.errors import BadConfig

KNOWN_TO_THE_PREDECESSOR = (
    sources.PREDECESSOR[Path("/etc/default/nuage-cni.yaml")],
    sources.PREDECESSOR[Path("/usr/share/vsp-k8s/vsp-k8s.yaml")],
)


def request(cni_args: str = "", /, **entry: Any) -> Request:
    config = {"name": "net", "type": "nuage-chain", "cniVersion": "1.0.0", **entry}
    return Request("ADD", "1.0.0", "c1", "/run/netns/c1", "eth0", parse_args(cni_args), json.loads(json.dumps(config)))


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sources, "PREDECESSOR", {})
    path = tmp_path / "config.yaml"
    path.write_text("enterprise: file\ndomain: file\nzone: file\nsubnet: file\n")
    return path


def load(file: Path, asked: Request) -> Settings:
    return settings.merge(sources.layers(asked, config_file=file), "node1")


ANNOTATIONS = {"io.kubernetes.cri.pod-annotations": {"nuage.io/subnet": "annotation", "other": "x"}}


@pytest.mark.parametrize(
    ("entry", "args", "subnet"),
    [
        ({}, "", "file"),
        ({"subnet": "entry"}, "", "entry"),
        ({"subnet": "entry", "args": {"cni": {"nuage": {"subnet": "args"}}}}, "", "args"),
        ({"args": {"cni": {"labels": [{"key": "nuage.io/subnet", "value": "label"}]}}}, "", "label"),
        ({"args": {"cni": {"nuage": {"subnet": "args"}}}}, "NUAGE_SUBNET=cniargs", "cniargs"),
        ({"runtimeConfig": ANNOTATIONS}, "NUAGE_SUBNET=cniargs", "annotation"),
        ({"runtimeConfig": {"io.kubernetes.cri.pod-annotations": None}}, "NUAGE_SUBNET=", "file"),
        ({"runtimeConfig": None, "args": None}, "K8S_POD_NAME=a;Unknown=1", "file"),
    ],
)
def test_a_source_nearer_to_the_workload_wins(file: Path, entry: dict[str, Any], args: str, subnet: str) -> None:
    assert load(file, request(args, **entry)).placement().subnet == subnet


def test_the_conflists_entry_may_name_another_file(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("subnet: other\nenterprise: e\ndomain: d\nzone: z\n")
    assert load(file, request(configFile=str(other))).placement().subnet == "other"


def test_the_predecessors_files_are_below_our_own(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, old_k8s = tmp_path / "nuage-cni.yaml", tmp_path / "vsp-k8s.yaml"
    old.write_text("vrsendpoint: /var/run/openvswitch/db.sock\nvrsbridge: oldbr\nmtu: 1450\nloglevel: info\n")
    old_k8s.write_text("enterpriseName: Old\ndomainName: OldDomain\nvsdUser: admin\n")
    monkeypatch.setattr(sources, "PREDECESSOR", dict(zip((old, old_k8s), KNOWN_TO_THE_PREDECESSOR, strict=True)))
    found = load(file, request())
    assert found.values["ovsdb"] == "unix:/var/run/openvswitch/db.sock"
    assert (found.values["bridge"], found.values["mtu"], found.values["user"]) == ("oldbr", 1450, "admin")
    assert found.values["enterprise"] == "file"


@pytest.mark.parametrize("name_of_ca", ["nuageMonCA", "nuageMonServerCA"])
def test_the_predecessors_monitor_and_api_server_are_taken_over(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name_of_ca: str
) -> None:
    old = tmp_path / "vsp-k8s.yaml"
    old.write_text(
        "clientCert: /k/client.crt\nclientKey: /k/client.key\nCACert: /k/ca.crt\n"
        "masterApiServer: https://127.0.0.1:8443\nnuageMonRestServer: https://localhost:9443\n"
        "dockerBridgeName: docker0\ninterfaceMTU: 1460\nserviceCIDR: 0.0.0.0\nlogLevel: err\nvsdUser: ''\n"
        f"nuageMonClientCert: /k/mon.crt\nnuageMonClientKey: /k/mon.key\n{name_of_ca}: /k/monCA.crt\n"
    )
    monkeypatch.setattr(sources, "PREDECESSOR", {old: KNOWN_TO_THE_PREDECESSOR[1]})
    values = load(file, request()).values
    assert {k: v for k, v in values.items() if k.startswith("kube") and k != "kubemon.ask"} == {
        "kubemon.url": "https://localhost:9443", "kubemon.certificate": "/k/mon.crt", "kubemon.key": "/k/mon.key",
        "kubemon.ca": "/k/monCA.crt", "kubernetes.server": "https://127.0.0.1:8443", "kubernetes.ca": "/k/ca.crt",
        "kubernetes.certificate": "/k/client.crt", "kubernetes.key": "/k/client.key",
    }  # fmt: skip
    (tmp_path / "nuage.kubeconfig").write_text("")
    assert load(file, request()).values["kubernetes.kubeconfig"] == str(tmp_path / "nuage.kubeconfig")
    old.write_text(old.read_text() + "kubeConfig: /k/own\n")
    assert load(file, request()).values["kubernetes.kubeconfig"] == "/k/own"


@pytest.mark.parametrize("orchestrator", ["vsp-k8s", "vsp-openshift"])
@pytest.mark.parametrize("folder", ["/usr/share", "/var/usr/share"])
def test_the_predecessors_files_are_looked_for_where_it_keeps_them(orchestrator: str, folder: str) -> None:
    assert Path(f"{folder}/{orchestrator}/{orchestrator}.yaml") in sources.PREDECESSOR


def test_a_workload_cannot_name_another_vsd(file: Path) -> None:
    entry = {"args": {"cni": {"nuage": {"vsd": {"url": "https://evil:8443"}}}}}
    with pytest.raises(BadConfig, match=r"args\.cni: `vsd\.url` cannot be set here"):
        load(file, request(**entry))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("bridge: [", "is not YAML"),
        ("- bridge", "has to hold keys and values"),
        ("brige: x", "unknown key `brige`"),
        ("vsd: {url: 3}", "`vsd.url`"),
        ("bridge: alubr0\nmtu: [\n", "is not YAML: line 3, column 1."),
    ],
)
def test_a_file_that_is_wrong_is_named_with_the_key(file: Path, text: str, says: str) -> None:
    file.write_text(text)
    with pytest.raises(BadConfig) as caught:
        load(file, request())
    assert str(file) in caught.value.message
    assert says in caught.value.message


@pytest.mark.parametrize(
    "password",
    [
        "@S3cret",
        "%S3cret",
        "*S3cret",
        "!S3cret",
        '"\\qS3cret"',
        "S3cret: S3cret",
        "!!int S3cret",
        "!!bool S3cret",
        "!!timestamp S3cret",
        "\x00S3cret",
    ],
)
def test_a_file_that_is_not_yaml_is_named_without_the_password_in_it(file: Path, password: str) -> None:
    file.write_text(f"vsd:\n  user: u\n  password: {password}\n")
    with pytest.raises(BadConfig, match="is not YAML") as caught:
        load(file, request())
    told = "".join(traceback.format_exception(caught.value))
    assert "S3cret" not in caught.value.message + caught.value.hint + told


def test_a_missing_value_says_where_it_was_looked_for(file: Path) -> None:
    file.write_text("domain: d\n")
    with pytest.raises(BadConfig) as caught:
        load(file, request()).placement()
    assert caught.value.message.startswith("`enterprise` is not set")
    assert str(file) in caught.value.hint
    assert "CNI_ARGS" in caught.value.hint


def test_a_named_file_that_is_not_there_is_an_error(file: Path, tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="cannot be read"):
        load(tmp_path / "none.yaml", request())


def test_the_activation_is_split_where_a_vsd_is_configured(file: Path) -> None:
    assert load(file, request()).activation == "metadata"
    assert load(file, request(vsd={"url": "https://vsd:8443"})).activation == "split"
    assert load(file, request(vsd={"url": "https://vsd:8443"}, activation="metadata")).activation == "metadata"


def test_split_without_credentials_says_which_key_is_missing(file: Path) -> None:
    with pytest.raises(BadConfig, match=r"`vsd.user` is not set"):
        load(file, request(vsd={"url": "https://vsd:8443"})).access()
    with pytest.raises(BadConfig, match=r"`vsd.password` is not set"):
        load(file, request(vsd={"url": "https://vsd:8443", "user": "u"})).access()


def test_the_password_may_come_from_a_file(file: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\nsecond line\n")
    entry: dict[str, Any] = {"vsd": {"url": "https://vsd:8443", "user": "u", "passwordFile": str(secret)}}
    access = load(file, request(**entry)).access()
    assert access.password == "s3cret"
    assert "s3cret" not in repr(access)


def test_a_user_becomes_the_proxy_user_of_its_enterprise(file: Path) -> None:
    entry: dict[str, Any] = {
        "vsd": {"url": "https://vsd:8443", "user": "cms", "password": "p"},
        "user": "bob",
        "enterprise": "Acme",
    }
    assert load(file, request(**entry)).access().proxy_user == "bob@Acme"


def test_a_static_address_that_is_none_is_refused(file: Path) -> None:
    with pytest.raises(BadConfig, match=r"'10\.0\.0'"):
        load(file, request(staticIP="10.0.0")).placement()


@pytest.mark.parametrize("static", ["10.10.1.5,10.10.1.6", "2001:db8::5, 2001:db8::6"])
def test_two_static_addresses_of_one_family_are_refused(file: Path, static: str) -> None:
    with pytest.raises(BadConfig, match="one address of each family"):
        load(file, request(staticIP=static)).placement()


@pytest.mark.parametrize(
    "config",
    [
        {"staticIP": "10.10.1.5, 2001:db8::5"},
        {"runtimeConfig": {"ips": ["10.10.1.5/24", "2001:db8::5/64"]}},
        {"args": {"cni": {"ips": ["10.10.1.5", "2001:db8::5"]}}},
    ],
    ids=["our key", "runtimeConfig", "args.cni"],
)
def test_a_static_address_of_each_family_may_be_asked_for(file: Path, config: dict[str, object]) -> None:
    place = load(file, request(**config)).placement()
    assert [str(address) for address in place.static_ips] == ["10.10.1.5", "2001:db8::5"]


def test_keys_of_the_protocol_and_namespaced_ones_are_not_ours(file: Path) -> None:
    load(file, request("", **{"cni.dev/attachments": [], "capabilities": {"ips": True}, "dns": {}, "ipam": {}}))
