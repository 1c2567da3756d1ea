from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, IOFailure, NotAvailable
from nuage_chain.vsp import directory, invitation
from nuage_chain.vsp.layout import Layout, layout_of, password, prepare
from nuage_chain.vsp.settings import Settings, save_settings
from nuage_chain.vsp.vsd.tls import create_ca

CENTRE = Settings(None, False, "netdev", "id", 8443, 7443, switch=False, vsd_host="192.0.2.1")


@pytest.fixture
def centre(tmp_path: Path) -> Layout:
    layout = layout_of(tmp_path / "centre")
    prepare(layout)
    create_ca(layout.ca.parent)
    create_ca(layout.tls)
    return layout


def test_an_invitation_is_a_secret_file_and_comes_back_as_it_was(centre: Layout, tmp_path: Path) -> None:
    made = invitation.invite(centre, CENTRE, "host-2")
    file = tmp_path / "host-2"
    invitation.save(made, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert invitation.load(file) == made
    assert made.southbound == "ssl:192.0.2.1:6642"


def test_a_folder_that_is_named_for_an_invitation_is_told_and_no_secret_is_left(centre: Layout, tmp_path: Path) -> None:
    (tmp_path / "home" / "folder").mkdir(parents=True)
    with pytest.raises(IOFailure, match="Is a directory"):
        invitation.save(invitation.invite(centre, CENTRE, "a"), tmp_path / "home" / "folder")
    assert [path.name for path in (tmp_path / "home").rglob("*")] == ["folder"]


def test_a_file_where_an_invitation_was_drafted_does_not_get_the_secret(centre: Layout, tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    planted = folder / f".a.{os.getpid()}"
    planted.touch(0o666)
    invitation.save(invitation.invite(centre, CENTRE, "a"), folder / "a")
    assert planted.read_text() == ""
    assert stat.S_IMODE((folder / "a").stat().st_mode) == 0o600


def test_an_invitation_carries_a_certificate_of_its_own_under_the_nodes_name(centre: Layout) -> None:
    certificates = [
        x509.load_pem_x509_certificate(invitation.invite(centre, CENTRE, name).certificate.encode()) for name in "ab"
    ]
    assert [c.subject.rfc4514_string().split(",")[0] for c in certificates] == ["CN=a", "CN=b"]
    authority = x509.load_pem_x509_certificate((centre.tls / "ca.pem").read_bytes())
    for certificate in certificates:
        certificate.verify_directly_issued_by(authority)


def test_to_be_invited_again_changes_nothing(centre: Layout) -> None:
    assert invitation.invite(centre, CENTRE, "a") == invitation.invite(centre, CENTRE, "a")


def test_nobody_is_invited_while_another_command_makes_the_authority(centre: Layout) -> None:
    save_settings(centre, CENTRE)
    (centre.tls / "ca.pem").unlink()
    with (
        directory.locked(centre, Deadline(5)),
        pytest.raises(NotAvailable, match="Another `vsp` command is at work"),
    ):
        invitation.invite_host(centre, "host-2", Deadline(0.1))
    assert not (centre.tls / "ca.pem").exists(), "an authority beside that of `up`"


def test_a_vsp_that_has_no_authority_yet_signs_nothing(centre: Layout) -> None:
    save_settings(centre, CENTRE)
    (centre.tls / "ca.pem").unlink()
    with pytest.raises(IOFailure, match="has not made all of its certificates"):
        invitation.invite_host(centre, "host-2", Deadline(5))
    assert not (centre.tls / "ca.pem").exists()


def test_where_no_vsp_was_started_nobody_is_invited_and_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match="No embedded VSP was started"):
        invitation.invite_host(layout_of(tmp_path / "none"), "host-2", Deadline(5))
    assert not (tmp_path / "none").exists()


def test_a_vsp_that_no_other_host_reaches_invites_nobody(centre: Layout) -> None:
    with pytest.raises(NotAvailable, match="no other host reaches it") as failure:
        invitation.invite(centre, replace(CENTRE, vsd_host="127.0.0.1"), "host-2")
    assert "--listen" in failure.value.hint


@pytest.mark.parametrize("name", ["", "../x", "a/b"])
def test_a_name_that_cannot_be_a_nodes_is_refused(centre: Layout, name: str) -> None:
    with pytest.raises(BadConfig):
        invitation.invite(centre, CENTRE, name)


def test_what_an_invitation_holds_lies_where_a_nodes_daemons_look_for_it(centre: Layout, tmp_path: Path) -> None:
    made, node = invitation.invite(centre, CENTRE, "host-2"), layout_of(tmp_path / "node")
    prepare(node)
    invitation.unpack(made, node)
    assert password(node) == password(centre)
    assert node.ca.read_text() == centre.ca.read_text()
    assert (node.tls / "node-key.pem").stat().st_mode & 0o777 == 0o600
    assert not (node.tls / "ca-key.pem").exists(), "a node signs nothing"


@pytest.mark.parametrize("content", ["", "{}", "[]", "null", '{"name": "a"}', "-----BEGIN CERTIFICATE"])
def test_a_file_that_is_no_invitation_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "file").write_text(content)
    with pytest.raises(BadConfig, match="is not an invitation"):
        invitation.load(tmp_path / "file")


def test_an_invitation_with_a_value_of_the_wrong_kind_is_refused(centre: Layout, tmp_path: Path) -> None:
    whole = json.loads(invitation.text(invitation.invite(centre, CENTRE, "a"))) | {"vsd_port": "8443"}
    (tmp_path / "file").write_text(json.dumps(whole))
    with pytest.raises(BadConfig, match="is not an invitation"):
        invitation.load(tmp_path / "file")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(IOFailure, match="none"):
        invitation.load(tmp_path / "none")
