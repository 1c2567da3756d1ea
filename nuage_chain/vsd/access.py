"""Where VSD is and as whom to speak to it."""

from __future__ import annotations

import errno
import os
import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from nuage_chain.errors import BadConfig

VERSION = re.compile(r"v[0-9]+(_[0-9]+)?")

Stamps = tuple[tuple[int, int] | None, ...]
"""Inode and time of change of each file, None where there is none."""


@dataclass(frozen=True)
class Access:
    """One account at one VSD.

    url: scheme, host and port only, as `https://vsd.example:8443`.
    organization: the enterprise's name of the user (`csp` for csproot).
    certificate, key: PEM files for VSD's certificate port; where given, no password is used.
    ca: PEM file that VSD's certificate is verified against; the system's store where None.
    proxy_user: `user@enterprise` on whose behalf objects are made.
    """

    url: str
    organization: str
    user: str
    password: str | None = field(default=None, repr=False)
    certificate: Path | None = None
    key: Path | None = None
    ca: Path | None = None
    verify: bool = True
    version: str = "v6"
    proxy_user: str | None = None

    def base(self) -> str:
        """The URL that every path is appended to, with a slash at its end. Raises BadConfig."""
        parts = _split(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise BadConfig(
                f"vsd.url {shown_url(self.url)!r} is not of the form https://HOST:PORT.",
                hint="Write vsd.url as https://HOST:8443 (password) or https://HOST:7443 (certificate).",
            )
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise BadConfig(f"vsd.url {self.url!r} has a path; the API's path is added from vsd.version.")
        if not VERSION.fullmatch(self.version):
            raise BadConfig(f"vsd.version {self.version!r} is not a version of VSD's API.", hint="Use v6 or v5_0.")
        return f"{parts.scheme}://{parts.netloc}/nuage/api/{self.version}/"

    def check(self) -> None:
        """Raises BadConfig for what can never work."""
        self.base()
        if self.password is None and self.certificate is None:
            raise BadConfig(f"No vsd.password and no vsd.certificate is set for user {self.user!r} at {self.url}.")

    def stamps(self) -> Stamps:
        """What its files are known by: a session that was made with others has to be made anew."""
        return tuple(_stamp(path) for path in (self.ca, self.certificate, self.key))

    def tls(self) -> ssl.SSLContext:
        """The TLS context of this account. Raises BadConfig where a PEM file cannot be used."""
        context = ssl.create_default_context(cafile=None) if self.ca is None else _trusting(self.ca)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.certificate is not None:
            _add_certificate(context, self.certificate, self.key)
        return context


def _stamp(path: Path | None) -> tuple[int, int] | None:
    try:
        found = path.stat() if path is not None else None
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns) if found is not None else None


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise BadConfig(f"vsd.url {shown_url(url)!r} is no URL: {error}.") from error
    return parts


def shown_url(url: str) -> str:
    """The URL without credentials that someone may have put into it."""
    return re.sub(r"//[^/@]*@", "//***@", url)


def _trusting(ca: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=_regular(ca))
    except OSError as error:
        raise BadConfig(f"vsd.ca {ca} cannot be used: {_reason(error)}.", hint="Give a PEM file of the CA.") from error


def _add_certificate(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    try:
        # An encrypted key would otherwise make OpenSSL ask on the terminal.
        context.load_cert_chain(_regular(certificate), _regular(key) if key else None, password="")
    except OSError as error:
        files = str(certificate) if key is None else f"{certificate} with vsd.key {key}"
        raise BadConfig(
            f"vsd.certificate {files} cannot be used: {_reason(error)}.",
            hint="Give PEM files that belong together; the key must not be encrypted.",
        ) from error


def _regular(path: Path) -> str:
    """The path of a file: OpenSSL would wait for ever for a FIFO's other side. Raises OSError."""
    if not path.is_file():
        number = errno.EINVAL if path.exists() else errno.ENOENT
        raise OSError(number, "it is not a regular file" if path.exists() else os.strerror(number))
    return str(path)


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or "it is not valid PEM"
    return error.strerror or str(error)
