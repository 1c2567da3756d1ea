"""What a runtime asks: environment and standard input, validated (specification, section 2).

Order and codes are those of the Go library's package skel: variables, the configuration's name, its version.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nuage_chain.cni.document import decode, folded, whole
from nuage_chain.cni.result import Result, parse
from nuage_chain.cni.versions import VERBS, Verb, check_verb, of_config
from nuage_chain.errors import BadConfig, BadEnvironment, DecodeFailure

VALID_ATTACHMENTS = "cni.dev/valid-attachments"

# libcni (pkg/utils): container IDs and network names share one rule.
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.\-]*")
# The kernel's own limit for an interface name (IFNAMSIZ - 1), in bytes; libcni checks the same characters.
_IFNAME_MAX = 15

# What the protocol itself calls by name in a plugin's configuration (specification, section 1).
_KEYS = (
    "args", "capabilities", "cniVersion", "cniVersions", "cni.dev/attachments", VALID_ATTACHMENTS, "disableCheck",
    "disableGC", "dns", "ipMasq", "ipam", "loadOnlyInlinedPlugins", "name", "prevResult", "runtimeConfig", "type",
)  # fmt: skip
_ATTACHMENT_KEYS = ("containerID", "ifname")


@dataclass(frozen=True)
class Request:
    """One call of the plugin, after validation.

    args: CNI_ARGS as a mapping. config: the network configuration from standard input, with the protocol's own keys
    in the specification's spelling. container_id, netns and ifname are empty where the verb does not take them.
    netns_override: netns may be our own. previous: prevResult, in DEL only where it can be read.
    """

    verb: str
    version: str
    container_id: str = ""
    netns: str = ""
    ifname: str = ""
    args: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    previous: Result | None = None
    netns_override: bool = False

    @property
    def network(self) -> str:
        """The network's name; empty only for VERSION."""
        return str(self.config.get("name") or "")


def read(environ: Mapping[str, str], stdin: bytes) -> Request:
    """The request that a runtime makes, for every verb but VERSION.

    Raises a ProtocolError or BadConfig, each with the code that the specification gives it.
    """
    verb = verb_of(environ)
    given = {name: whole(environ.get(name, "")) for name in verb.takes}
    _required(verb, given)
    container_id = _checked_container(given.get("CNI_CONTAINERID", ""))
    ifname = _checked_ifname(given.get("CNI_IFNAME", ""))
    config = configuration(stdin)
    _checked_network(config.get("name"))
    version = of_config(config)
    check_verb(verb, version)
    return Request(
        verb=verb.name,
        version=version,
        container_id=container_id,
        netns=given.get("CNI_NETNS", ""),
        ifname=ifname,
        args=parse_args(whole(environ.get("CNI_ARGS", ""))),
        config=config,
        previous=_previous(config, verb),
        netns_override=environ.get("CNI_NETNS_OVERRIDE", "").upper() in ("1", "TRUE"),
    )


def verb_of(environ: Mapping[str, str]) -> Verb:
    """The verb in CNI_COMMAND. Raises BadEnvironment when it is missing or unknown."""
    command = environ.get("CNI_COMMAND", "")
    if not command:
        raise BadEnvironment("The variable CNI_COMMAND is missing.")
    if command not in VERBS:
        raise BadEnvironment(f"CNI_COMMAND is {whole(command)[:80]!r}, which is none of {', '.join(VERBS)}.")
    return VERBS[command]


def configuration(stdin: bytes) -> dict[str, Any]:
    """The configuration on standard input. Raises DecodeFailure."""
    config = folded(decode(stdin), _KEYS)
    valid = config.get(VALID_ATTACHMENTS)
    if isinstance(valid, list):
        config[VALID_ATTACHMENTS] = [folded(a, _ATTACHMENT_KEYS) if isinstance(a, dict) else a for a in valid]
    return config


def parse_args(text: str) -> dict[str, str]:
    """CNI_ARGS, `KEY=value;KEY=value`, as a mapping; values may be empty and may hold `=`.

    What is no pair is left out: a chained plugin gets the arguments of all others, and skel does not look at them.
    """
    pairs = (pair.partition("=") for pair in text.split(";"))
    return {key: value for key, equals, value in pairs if key and equals}


def _required(verb: Verb, given: Mapping[str, str]) -> None:
    missing = [name for name in verb.needs if not given[name]]
    if missing:
        raise BadEnvironment(f"{verb.name} needs {', '.join(missing)}, which the runtime did not set.")


def _checked_container(container_id: str) -> str:
    if container_id and not _NAME.fullmatch(container_id):
        raise BadEnvironment(
            f"CNI_CONTAINERID is {container_id[:80]!r}; it may hold letters, digits, `_`, `.` and `-`"
            " and starts with a letter or digit."
        )
    return container_id


def _checked_ifname(ifname: str) -> str:
    if len(ifname.encode()) > _IFNAME_MAX or ifname in (".", "..") or re.search(r"[/:\s\x00]", ifname):
        raise BadEnvironment(f"CNI_IFNAME is {ifname[:80]!r}, which is no interface name.")
    return ifname


def _checked_network(name: object) -> None:
    if name is None or name == "":
        raise BadConfig("The network configuration has no `name`.")
    if not isinstance(name, str):
        raise DecodeFailure("`name` is not a string.")
    if not _NAME.fullmatch(name):
        raise BadConfig(f"The network's name {name[:80]!r} may hold letters, digits, `_`, `.` and `-` only.")


def _previous(config: Mapping[str, Any], verb: Verb) -> Result | None:
    raw = config.get("prevResult")
    try:
        if raw is None:
            return None
        if not isinstance(raw, Mapping):
            raise DecodeFailure("`prevResult` is not an object.")
        return parse(raw)
    except DecodeFailure:
        # Whatever somebody wrote into the cache, a container has to be able to go.
        if verb.name in ("ADD", "CHECK"):
            raise
        return None
