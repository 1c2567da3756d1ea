"""A kubeconfig file: where the API server is, how it is verified, and as whom to ask it."""

from __future__ import annotations

import base64
import binascii
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nuage_chain import yaml_text
from nuage_chain.errors import BadConfig
from nuage_chain.orchestrators import https, kubernetes, tls

Section = Mapping[str, Any]

# What would change whom we ask, or as whom, and is not done here: to overlook it would be worse than to refuse it.
_UNSUPPORTED = {"user": ("exec", "auth-provider", "username", "password", "as"), "cluster": ("proxy-url",)}


@dataclass(frozen=True)
class Fallback:
    """What is used where the file does not say it: the predecessor's files keep it beside the kubeconfig."""

    server: str = ""
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


def read(path: Path, fallback: Fallback | None = None) -> https.Peer:
    """The API server of the current context, always verified. Raises BadConfig that names the file and the key."""
    instead = fallback or Fallback()
    cluster, user = _current(path)
    server = https.checked_url(str(cluster.get("server") or instead.server), f"{path}: `server`")
    context = _verified(path, cluster, instead)
    headers = {"Accept": kubernetes.ACCEPT}
    token = _token(path, user)
    if token:
        headers["Authorization"] = f"Bearer {token}"
    elif not _show_certificate(path, user, instead, context):
        raise BadConfig(f"{path}: the user has neither a token nor a client certificate.")
    name = cluster.get("tls-server-name")
    return https.Peer(kubernetes.NAME, server, context, headers, str(name) if name else None)


def _current(path: Path) -> tuple[Section, Section]:
    """The cluster and the user of the current context."""
    try:
        document = yaml_text.parse(path.read_bytes())
    except OSError as e:
        raise BadConfig(f"`kubernetes.kubeconfig`, {path}, cannot be read: {e.strerror}.") from e
    except yaml_text.NotYaml as e:
        raise BadConfig(f"`kubernetes.kubeconfig`, {path}, is not YAML{e}.") from None
    whole = document if isinstance(document, Mapping) else {}
    context = _named(path, whole, "context", whole.get("current-context"))
    cluster = _named(path, whole, "cluster", context.get("cluster"))
    user = _named(path, whole, "user", context.get("user"))
    for kind, section in (("cluster", cluster), ("user", user)):
        for key in _UNSUPPORTED[kind]:
            if section.get(key):
                raise BadConfig(
                    f"{path}: `{key}` of the {kind} is not supported.",
                    hint="Give nuage-chain a kubeconfig of its own, with a token or a client certificate.",
                )
    return cluster, user


def _named(path: Path, whole: Section, kind: str, name: object) -> Section:
    entries = whole.get(f"{kind}s")
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, Mapping) and name and entry.get("name") == name:
            found = entry.get(kind)
            return found if isinstance(found, Mapping) else {}
    raise BadConfig(f"{path}: there is no {kind} named {name!r}.", hint="Check `current-context` and what it names.")


def _verified(path: Path, cluster: Section, instead: Fallback) -> ssl.SSLContext:
    ca = _pem(path, cluster, "certificate-authority") or instead.ca
    if ca is None and cluster.get("insecure-skip-tls-verify"):
        raise BadConfig(
            f"{path}: `insecure-skip-tls-verify` is set, and who answers would decide where pods belong.",
            hint="Put `certificate-authority` into the cluster, or set `kubernetes.ca`.",
        )
    return tls.trusting(ca, f"{path}: the CA")


def _show_certificate(path: Path, user: Section, instead: Fallback, context: ssl.SSLContext) -> bool:
    certificate = _pem(path, user, "client-certificate") or instead.certificate
    key = _pem(path, user, "client-key") or instead.key
    if certificate is None or key is None:
        return False
    tls.show(context, certificate, key, f"{path}: the client certificate")
    return True


def _token(path: Path, user: Section) -> str:
    token, file = user.get("token"), user.get("tokenFile")
    if file:
        # As kubectl has it: the file wins, because it is the one that is renewed.
        try:
            token = (path.parent / str(file)).read_text(encoding="ascii")
        except (OSError, ValueError) as e:
            raise BadConfig(f"{path}: `tokenFile`, {str(file)!r}, cannot be read.") from e
    token = str(token or "").strip()
    if not token.isascii() or any(c.isspace() for c in token):
        raise BadConfig(f"{path}: the user's token is none.")
    return token


def _pem(path: Path, section: Section, key: str) -> Path | bytes | None:
    """`<key>-data` is the PEM in base64, `<key>` a file, beside the kubeconfig where it is not absolute."""
    if section.get(f"{key}-data"):
        try:
            return base64.b64decode(str(section[f"{key}-data"]), validate=True)
        except (binascii.Error, ValueError):
            raise BadConfig(f"{path}: `{key}-data` is not base64.") from None
    return path.parent / str(section[key]) if section.get(key) else None
