"""Every configuration key as a table: its type, its default, where it may be written, what it means.

Validation, the README's table and the linter read this one list.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nuage_chain.errors import BadConfig


@dataclass(frozen=True)
class Kind:
    """A type of value: how a person calls it, and how it is recognized and brought into our form."""

    name: str
    read: Callable[[object], Any]


@dataclass(frozen=True)
class Key:
    """One key. placement: a workload may carry it too (CNI_ARGS, args.cni, annotations), not only the node.

    secret: its value is repeated in no message and no record. secret_file: leads to one; what is no path may be the
    secret itself, and is not repeated either.
    finds: what was attached is found by it; DEL with a default in its place would find nothing, and succeed.
    """

    name: str
    kind: Kind
    meaning: str
    default: Any = None
    placement: bool = False
    secret: bool = False
    secret_file: bool = False
    finds: bool = False


class _Unfit(Exception):
    """The value is not of the key's kind."""


def _text(value: object) -> str:
    if isinstance(value, str) and value.strip() and "\0" not in value:
        return value.strip()
    raise _Unfit


def _yes_no(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise _Unfit


def _number(least: float, most: float, whole: bool) -> Callable[[object], float]:
    def read(value: object) -> float:
        fits = isinstance(value, int) or (isinstance(value, float) and not whole)
        if isinstance(value, bool) or not fits or not least <= value <= most:  # type: ignore[operator]
            raise _Unfit
        return value  # type: ignore[return-value]

    return read


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list):
        raise _Unfit
    return tuple(_text(v) for v in value)


def _path(value: object) -> str:
    path = _text(value)
    if not Path(path).is_absolute():
        raise _Unfit
    return path


def _one_of(*choices: str) -> Kind:
    def read(value: object) -> str:
        if value in choices:
            return str(value)
        raise _Unfit

    return Kind("one of " + ", ".join(choices), read)


TEXT = Kind("a text that is not empty", _text)
TEXTS = Kind("a list of texts, or one text with commas", _texts)
YES_NO = Kind("true or false", _yes_no)
PATH = Kind("an absolute path", _path)
SECONDS = Kind("a number of seconds from 1 to 600", _number(1, 600, whole=False))
BYTES = Kind("a whole number from 576 to 65535", _number(576, 65535, whole=True))

_ALL = (
    Key("enterprise", TEXT, "enterprise in VSD that the container belongs to", placement=True),
    Key("domain", TEXT, "domain of that enterprise", placement=True),
    Key("zone", TEXT, "zone of that domain", placement=True),
    Key("subnet", TEXT, "subnet of that zone", placement=True),
    Key("user", TEXT, "VSD user that the container is made for (`metadata`; in `split` as proxy user)", placement=True),
    Key("policyGroups", TEXTS, "policy groups of the domain that the vPort joins", (), placement=True),
    Key("redirectionTargets", TEXTS, "redirection targets of the domain for the vPort", (), placement=True),
    Key("staticIP", TEXT, "address that the overlay is asked for, where no IPAM plugin chose one; for IPv4 and IPv6"
        " both, with a comma", placement=True),
    Key("activation", _one_of("split", "metadata"), "`split`: REST first; `metadata`: names in the rows, no credentials"
        " on the node; default `split` where vsd.url is set, else `metadata`"),
    Key("bridge", TEXT, "the VRS bridge", "alubr0", finds=True),
    Key("ovsdb", TEXT, "VRS's OVSDB, as Open vSwitch writes it (`unix:PATH`, `tcp:HOST:PORT`)",
        "unix:/var/run/openvswitch/db.sock", finds=True),
    Key("timeout", SECONDS, "seconds that a whole call may take", 30),
    Key("mtu", BYTES, "MTU for both ends of the veth; default: as the plugin before us made it, or what tunnels carry"),
    Key("owner", TEXT, "who makes the objects in VSD (second half of externalID); default: the host's name",
        finds=True),
    Key("platform", _one_of("docker", "lxc"), "platform that VRS is told", "docker"),
    Key("stateDir", PATH, "folder of what has to outlive a reboot: the journal, the audit's memory",
        "/var/lib/nuage-chain", finds=True),
    Key("runDir", PATH, "folder of what a reboot may take: the locks; the agent's socket is `nuage-chain agent`'s own"
        " option", "/run/nuage-chain", finds=True),
    Key("cniCache", PATH, "folder of libcni's cache, from which the audit hears of attachments", "/var/lib/cni"),
    Key("criSocket", PATH, "socket of the container runtime that the audit asks; default: containerd's, CRI-O's and"
        " cri-dockerd's usual ones, where they are there"),
    Key("dockerSocket", PATH, "dockerd's socket, for the audit; default: /run/docker.sock where it is there"),
    Key("mesosAgent", TEXT, "the Mesos agent that the audit asks, as in http://127.0.0.1:5051"),
    Key("vsd.url", TEXT, "VSD, as in https://vsd.example.com:8443 (7443 with a client certificate)", finds=True),
    Key("vsd.version", _one_of("v5_0", "v6"), "version of the REST API", "v6"),
    Key("vsd.organization", TEXT, "enterprise of the VSD user that logs in", "csp"),
    Key("vsd.user", TEXT, "VSD user that logs in"),
    Key("vsd.password", TEXT, "its password", secret=True),
    Key("vsd.passwordFile", PATH, "file whose first line is its password", secret_file=True),
    Key("vsd.certificate", PATH, "client certificate (PEM), in place of a password"),
    Key("vsd.key", PATH, "its private key (PEM)", secret_file=True),
    Key("vsd.ca", PATH, "CA that signed VSD's certificate (PEM); default: the system's CAs"),
    Key("vsd.verify", YES_NO, "false: do not verify VSD's certificate", True),
    Key("kubemon.url", TEXT, "nuagekubemon, as in https://master.example.com:9443; pods are placed by it where set",
        finds=True),
    Key("kubemon.certificate", PATH, "client certificate that nuagekubemon asks for (PEM)"),
    Key("kubemon.key", PATH, "its private key (PEM)", secret_file=True),
    Key("kubemon.ca", PATH, "CA that signed nuagekubemon's certificate (PEM); default: the system's CAs"),
    Key("kubemon.ask", YES_NO, "false: the pods of this network are not placed by nuagekubemon", True),
    Key("kubernetes.kubeconfig", PATH, "kubeconfig for the API server, which is asked for the pod's labels where set"),
    Key("kubernetes.node", TEXT, "this node's name there, for the audit; default: the host's name"),
    Key("kubernetes.server", TEXT, "API server, where the kubeconfig names none"),
    Key("kubernetes.ca", PATH, "CA that signed its certificate (PEM), where the kubeconfig names none"),
    Key("kubernetes.certificate", PATH, "client certificate (PEM), where the kubeconfig has no token and names none"),
    Key("kubernetes.key", PATH, "its private key (PEM)", secret_file=True),
)  # fmt: skip

KEYS = {key.name: key for key in _ALL}
_ONLY_NODE = "It belongs into the node's configuration file or the list; here is said where a workload belongs."
_SECTIONS = {name.split(".")[0] for name in KEYS if "." in name}


def flatten(values: Mapping[str, Any], source: str) -> dict[str, Any]:
    """`{"vsd": {"url": …}}` as `{"vsd.url": …}`; values that are null are left out, they mean "not set"."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if name in _SECTIONS:
            if value is not None and not isinstance(value, Mapping):
                raise BadConfig(f"{source}: `{name}` has to be a section of keys, such as `url`.")
            flat.update({f"{name}.{k}": v for k, v in (value or {}).items()})
        else:
            flat[str(name)] = value
    return {k: v for k, v in flat.items() if v is not None}


def validate(values: Mapping[str, Any], source: str, *, strict: bool = True, workload: bool = False) -> dict[str, Any]:
    """The values of one source in our form.

    source: how a person calls it, a file or the conflist's entry. strict: an unknown key, or a value that does not fit,
    is an error; DEL is not strict, since a typo must not keep a container from going, and with it what the plugins
    before us hold. workload: the source is a workload's own, which may say where it belongs, and nothing of the node.

    Raises BadConfig that names source, key, and what is expected.
    """
    valid = {}
    if workload and not strict:
        values = {name: value for name, value in values.items() if name in KEYS and KEYS[name].placement}
    for name, value in flatten(values, source).items():
        if name not in KEYS:
            if strict:
                raise BadConfig(f"{source}: unknown key `{name}`.", hint=_nearest(name))
            continue
        if workload and not KEYS[name].placement:
            raise BadConfig(f"{source}: `{name}` cannot be set here.", hint=_ONLY_NODE)
        try:
            valid[name] = _read(KEYS[name], value, source)
        except BadConfig:
            if strict or KEYS[name].finds:
                raise
    return valid


def _read(key: Key, value: object, source: str) -> object:
    try:
        return key.kind.read(value)
    except _Unfit:
        shown = "" if key.secret or key.secret_file else f", not {value!r:.60}"
        raise BadConfig(f"{source}: `{key.name}` has to be {key.kind.name}{shown}.", hint=_meaning(key)) from None


def _meaning(key: Key) -> str:
    return f"`{key.name}` is: {key.meaning}."


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name, KEYS, n=1)
    guess = f"Did you mean `{near[0]}`? " if near else ""
    return f"{guess}The keys are: {', '.join(KEYS)}."
