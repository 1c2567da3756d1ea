from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from nuage_chain.errors import BadConfig, IOFailure
from nuage_chain.vsp.vsd.tls import create_ca, issue_client, issue_server

if TYPE_CHECKING:
    from pathlib import Path


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_a_server_certificate_names_this_machine_and_what_it_is_told(tmp_path: Path) -> None:
    pair = issue_server(tmp_path, ["vsd.example.com", "192.0.2.7"])
    certificate, authority = load(pair.certificate), load(create_ca(tmp_path).certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "vsd.example.com"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1", "192.0.2.7"]
    certificate.verify_directly_issued_by(authority)


def test_a_client_certificate_carries_the_user_and_the_enterprise(tmp_path: Path) -> None:
    pair = issue_client(tmp_path, "bob", "Acme")
    subject = load(pair.certificate).subject
    assert [row.value for row in subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == ["bob"]
    assert [row.value for row in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)] == ["Acme"]
    load(pair.certificate).verify_directly_issued_by(load(create_ca(tmp_path).certificate))


def test_keys_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    for pair in (create_ca(tmp_path), issue_server(tmp_path), issue_client(tmp_path, "bob", "Acme")):
        assert stat.S_IMODE(pair.key.stat().st_mode) == 0o600
    assert not list(tmp_path.rglob(".*"))


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    pairs = [create_ca(tmp_path), issue_server(tmp_path, ["a", "b"]), issue_client(tmp_path, "bob", "Acme")]
    before = [(pair.certificate.read_bytes(), pair.key.read_bytes()) for pair in pairs]
    again = [create_ca(tmp_path), issue_server(tmp_path, ["b"]), issue_client(tmp_path, "bob", "Acme")]
    assert [(pair.certificate.read_bytes(), pair.key.read_bytes()) for pair in again] == before


@pytest.mark.parametrize("damaged", [False, True])
def test_a_server_certificate_that_lacks_a_name_or_cannot_be_read_is_made_anew(tmp_path: Path, damaged: bool) -> None:
    pair = issue_server(tmp_path)
    if damaged:
        pair.certificate.write_text("no certificate")
    names = load(issue_server(tmp_path, [] if damaged else ["192.0.2.7"]).certificate).extensions
    addresses = names.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.IPAddress)
    assert [str(address) for address in addresses] == ["127.0.0.1", "::1", *([] if damaged else ["192.0.2.7"])]


@pytest.mark.parametrize("name", ["../bob", "", ".bob", "a/b", "bob\n"])
def test_a_user_whose_name_is_no_file_name_gets_no_certificate(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadConfig):
        issue_client(tmp_path, name, "Acme")


def test_a_folder_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(IOFailure, match="Cannot write the certificate"):
        create_ca(tmp_path / "file")
