"""TLS of a client that verifies its peer and may show a certificate of its own."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from nuage_chain.errors import BadConfig


def trusting(ca: Path | bytes | None, what: str) -> ssl.SSLContext:
    """A context that verifies the peer against `ca` (a PEM file, or PEM itself); the system's CAs where None.

    what: how a person calls the setting. Raises BadConfig.
    """
    try:
        if isinstance(ca, bytes):
            return ssl.create_default_context(cadata=ca.decode("ascii"))
        return ssl.create_default_context(cafile=None if ca is None else str(ca))
    except (OSError, ValueError) as e:
        raise BadConfig(f"{what}{_shown(ca)} cannot be used: {_reason(e)}.", hint="Give a PEM file of the CA.") from e


def show(context: ssl.SSLContext, certificate: Path | bytes, key: Path | bytes, what: str) -> None:
    """Has the client show a certificate; PEM files, or PEM itself. Raises BadConfig."""
    files = [_as_file(certificate), _as_file(key)]
    try:
        # An encrypted key would otherwise make OpenSSL ask on the terminal.
        context.load_cert_chain(files[0][0], files[1][0], password="")
    except (OSError, ValueError) as e:
        raise BadConfig(
            f"{what}{_shown(certificate)} with key{_shown(key)} cannot be used: {_reason(e)}.",
            hint="Give PEM files that belong together; the key must not be encrypted.",
        ) from e
    finally:
        for _, descriptor in files:
            if descriptor is not None:
                os.close(descriptor)


def _as_file(pem: Path | bytes) -> tuple[str, int | None]:
    """A path that OpenSSL can open; a key given as text stays in memory and never touches a disk."""
    if isinstance(pem, Path):
        return str(pem), None
    descriptor = os.memfd_create("pem", os.MFD_CLOEXEC)
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(pem)
    return f"/proc/self/fd/{descriptor}", descriptor


def _shown(pem: Path | bytes | None) -> str:
    return f" {pem}" if isinstance(pem, Path) else ""


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or "it is not valid PEM"
    return getattr(error, "strerror", None) or "it is not valid PEM"
