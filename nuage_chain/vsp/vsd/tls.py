"""Certificates: an authority of one's own, and what it signs for servers and for users.

Everything is P-256 (made in a millisecond), kept where it is found, and keys are readable by their owner only. A user's
certificate carries the user as CN and the enterprise as O, as VSD's own tool makes them (contract vsd-rest.md, 1.2).
"""

from __future__ import annotations

import datetime
import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from nuage_chain.errors import BadConfig, IOFailure
from nuage_chain.whole_file import write_whole

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
_YEARS = datetime.timedelta(days=3650)
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@ -]{0,63}")


@dataclass(frozen=True)
class KeyPair:
    """Where a certificate and its key are, both PEM."""

    certificate: Path
    key: Path

    @property
    def exists(self) -> bool:
        """Whether both files are there."""
        return self.certificate.exists() and self.key.exists()


def create_ca(folder: Path, called: str = "nuage-chain embedded VSD CA") -> KeyPair:
    """The authority of a folder, made if it is not there: ca.pem, ca-key.pem.

    Raises IOFailure.
    """
    pair = KeyPair(folder / "ca.pem", folder / "ca-key.pem")
    if not pair.exists:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, called)])
        key = ec.generate_private_key(ec.SECP256R1())
        usage = _usage(signs_certificates=True)
        builder = _builder(name, name, key).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        _write(pair, key, _signed(builder.add_extension(usage, critical=True), key))
    return pair


def issue_server(folder: Path, names: Sequence[str] = ()) -> KeyPair:
    """A server's certificate for this machine and those names or addresses: server.pem, server-key.pem.

    One that lacks a name is made anew. Raises IOFailure.
    """
    pair = KeyPair(folder / "server.pem", folder / "server-key.pem")
    wanted = [_general_name(name) for name in dict.fromkeys([*LOCAL_NAMES, *names])]
    if not pair.exists or not _names(pair.certificate).issuperset(wanted):
        alternatives = x509.SubjectAlternativeName(wanted)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nuage-chain embedded VSD")])
        _issue(folder, pair, subject, ExtendedKeyUsageOID.SERVER_AUTH, alternatives)
    return pair


def issue_client(folder: Path, user: str, enterprise: str) -> KeyPair:
    """A user's certificate: clients/<enterprise>/<user>.pem and <user>-Key.pem.

    Raises BadConfig for names that are no file names, IOFailure.
    """
    for name in (user, enterprise):
        if not _FILE_NAME.fullmatch(name):
            raise BadConfig(f"{name!r} cannot be the name of a certificate: letters, digits and _.@- only.")
    home = folder / "clients" / enterprise
    pair = KeyPair(home / f"{user}.pem", home / f"{user}-Key.pem")
    if not pair.exists:
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, enterprise),
                x509.NameAttribute(NameOID.COMMON_NAME, user),
            ]
        )
        _issue(folder, pair, subject, ExtendedKeyUsageOID.CLIENT_AUTH, None)
    return pair


def _issue(
    folder: Path,
    pair: KeyPair,
    subject: x509.Name,
    purpose: x509.ObjectIdentifier,
    alternatives: x509.SubjectAlternativeName | None,
) -> None:
    authority = create_ca(folder)
    issuer = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    issuer_key = serialization.load_pem_private_key(authority.key.read_bytes(), None)
    if not isinstance(issuer_key, ec.EllipticCurvePrivateKey):
        raise IOFailure(f"{authority.key} is not a key of ours.", hint="Remove the folder to have it made again.")
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(subject, issuer.subject, key)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    if alternatives is not None:
        builder = builder.add_extension(alternatives, critical=False)
    _write(pair, key, _signed(builder, issuer_key))


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Yesterday, for peers whose clock is behind.
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + _YEARS)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _signed(builder: x509.CertificateBuilder, issuer_key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return builder.add_extension(identifier, critical=False).sign(issuer_key, hashes.SHA256())


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _names(certificate: Path) -> set[x509.GeneralName]:
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes()).extensions
        return set(found.get_extension_for_class(x509.SubjectAlternativeName).value)
    except (OSError, ValueError, x509.ExtensionNotFound):
        return set()


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(pair: KeyPair, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        pair.key.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(pair.key, secret, 0o600)
        write_whole(pair.certificate, certificate.public_bytes(serialization.Encoding.PEM), 0o644)
    except OSError as error:
        raise IOFailure(f"Cannot write the certificate {pair.certificate}: {error}") from error
