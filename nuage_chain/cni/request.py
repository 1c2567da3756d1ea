"""What a runtime asks: environment and standard input, validated (specification, section 2)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nuage_chain.cni.result import Result, parse
from nuage_chain.cni.versions import IMPLIED, VERBS, Verb, at_least, checked
from nuage_chain.errors import BadConfig, BadEnvironment, DecodeFailure, IncompatibleVersion

# libcni (pkg/utils): container IDs and network names share one rule.
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.\-]*")
# The kernel's own limit for an interface name (IFNAMSIZ - 1); libcni checks the same characters.
_IFNAME_MAX = 15
MAX_STDIN = 16 * 1024 * 1024


@dataclass(frozen=True)
class Request:
    """One call of the plugin, after validation.

    args: CNI_ARGS as a mapping. config: the whole network configuration from standard input.
    netns is empty where the verb does not need it and the runtime gave none. netns_override: it may be our own.
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
    _required(verb, environ)
    container_id = _checked_container(environ.get("CNI_CONTAINERID", ""))
    ifname = _checked_ifname(environ.get("CNI_IFNAME", ""))
    config = decode(stdin)
    version = version_of(config)
    if not at_least(checked(version), verb.since):
        raise IncompatibleVersion(
            f"{verb.name} exists since cniVersion {verb.since}; the configuration says {version}."
        )
    _checked_network(config.get("name"))
    return Request(
        verb=verb.name,
        version=version,
        container_id=container_id,
        netns=environ.get("CNI_NETNS", ""),
        ifname=ifname,
        args=parse_args(environ.get("CNI_ARGS", "")),
        config=config,
        previous=_previous(config),
        netns_override=environ.get("CNI_NETNS_OVERRIDE", "").lower() in ("1", "true", "yes", "on"),
    )


def verb_of(environ: Mapping[str, str]) -> Verb:
    """The verb in CNI_COMMAND. Raises BadEnvironment when it is missing or unknown."""
    command = environ.get("CNI_COMMAND", "")
    if not command:
        raise BadEnvironment("The variable CNI_COMMAND is missing.")
    if command not in VERBS:
        raise BadEnvironment(f"CNI_COMMAND is {command!r}, which is none of {', '.join(VERBS)}.")
    return VERBS[command]


def decode(stdin: bytes) -> dict[str, Any]:
    """The JSON object on standard input. Raises DecodeFailure."""
    if len(stdin) > MAX_STDIN:
        raise DecodeFailure(f"Standard input holds more than {MAX_STDIN >> 20} MiB.")
    try:
        config = json.loads(stdin)
    except (ValueError, RecursionError) as e:
        raise DecodeFailure(f"Standard input is not JSON: {e}.") from e
    if not isinstance(config, dict):
        raise DecodeFailure(f"Standard input is a JSON {type(config).__name__}, not an object.")
    return config


def version_of(config: Mapping[str, Any]) -> str:
    """The configuration's cniVersion. Raises DecodeFailure when it is not a string."""
    version = config.get("cniVersion") or IMPLIED
    if not isinstance(version, str):
        raise DecodeFailure("`cniVersion` is not a string.")
    return version


def parse_args(text: str) -> dict[str, str]:
    """CNI_ARGS, `KEY=value;KEY=value`, as a mapping; values may be empty and may hold `=`.

    Raises BadEnvironment for a pair without `=`.
    """
    pairs = [pair for pair in text.split(";") if pair]
    for pair in pairs:
        if "=" not in pair:
            raise BadEnvironment(f"CNI_ARGS holds {pair!r}, which is not KEY=value.")
    return dict(pair.split("=", 1) for pair in pairs)


def _required(verb: Verb, environ: Mapping[str, str]) -> None:
    missing = [name for name in verb.needs if not environ.get(name)]
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
    if len(ifname) > _IFNAME_MAX or ifname in (".", "..") or re.search(r"[/:\s\x00]", ifname):
        raise BadEnvironment(f"CNI_IFNAME is {ifname[:80]!r}, which is no interface name.")
    return ifname


def _checked_network(name: object) -> None:
    if not isinstance(name, str) or not name:
        raise BadConfig("The network configuration has no `name`.")
    if not _NAME.fullmatch(name):
        raise BadConfig(f"The network's name {name[:80]!r} may hold letters, digits, `_`, `.` and `-` only.")


def _previous(config: Mapping[str, Any]) -> Result | None:
    raw = config.get("prevResult")
    if raw is None:
        return None
    if not isinstance(raw, Mapping):
        raise DecodeFailure("`prevResult` is not an object.")
    return parse(raw)
