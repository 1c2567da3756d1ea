"""Which versions of the CNI specification exist, which we speak, and what each verb asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nuage_chain.errors import DecodeFailure, IncompatibleVersion

SUPPORTED = ("0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0")
TOO_OLD = ("0.1.0", "0.2.0")
LATEST = SUPPORTED[-1]
# A configuration without cniVersion is one of 0.1.0: libcni's rule (pkg/version, ConfigDecoder).
IMPLIED = "0.1.0"

# Whatever libcni's ParseVersion can read as a version.
_SHAPE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){0,2}")


@dataclass(frozen=True)
class Verb:
    """One CNI_COMMAND: the first version that has it, the variables it cannot do without, and others that it takes."""

    name: str
    since: str
    needs: tuple[str, ...]
    may_have: tuple[str, ...] = ()

    @property
    def takes(self) -> tuple[str, ...]:
        """The variables that mean something to it; skel validates no others."""
        return self.needs + self.may_have


VERBS = {
    verb.name: verb
    for verb in (
        Verb("ADD", "0.3.0", ("CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH")),
        Verb("DEL", "0.3.0", ("CNI_CONTAINERID", "CNI_IFNAME", "CNI_PATH"), ("CNI_NETNS",)),
        Verb("CHECK", "0.4.0", ("CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH")),
        Verb("STATUS", "1.1.0", ("CNI_PATH",)),
        Verb("GC", "1.1.0", ("CNI_PATH",)),
        Verb("VERSION", "0.3.0", ()),
    )
}


def at_least(version: str, since: str) -> bool:
    """Whether `version`, one of SUPPORTED, is `since` or later."""
    return SUPPORTED.index(version) >= SUPPORTED.index(since)


def of_config(config: Mapping[str, Any]) -> str:
    """The version a configuration is of: its cniVersion, else the highest of `cniVersions` that we speak.

    A runtime chooses from `cniVersions` itself and passes what it chose as cniVersion (specification, section 1).
    Raises DecodeFailure when either is not what the specification says.
    """
    version = config.get("cniVersion")
    if version is not None and not isinstance(version, str):
        raise DecodeFailure("`cniVersion` is not a string.")
    return version or _highest(config.get("cniVersions"))


def checked(version: str) -> str:
    """`version` itself when we speak it.

    Raises IncompatibleVersion (code 1), for 0.1.0 and 0.2.0 with the reason.
    """
    if version in SUPPORTED:
        return version
    if version in TOO_OLD:
        raise IncompatibleVersion(
            f"cniVersion {version} has no plugin lists and no prevResult; nuage-chain is a member of a list."
        )
    raise IncompatibleVersion(f"cniVersion {version[:40]!r} is not one that nuage-chain knows.")


def check_verb(verb: Verb, version: str) -> None:
    """Raises IncompatibleVersion for a version that we do not speak or that does not have this verb.

    DecodeFailure for one that is none, where it has to be compared: skel tells these two apart in the same way.
    """
    if verb.since != SUPPORTED[0] and not _SHAPE.fullmatch(version):
        raise DecodeFailure(f"`cniVersion` is {version[:40]!r}, which is not a version.")
    if not at_least(checked(version), verb.since):
        raise IncompatibleVersion(
            f"{verb.name} exists since cniVersion {verb.since}; the configuration says {version}."
        )


def reply(version: str) -> dict[str, object]:
    """The answer to VERSION, in the version that was asked with (specification, "VERSION").

    A runtime that asks with something that is no version gets the answer in our latest one: it asks in order to learn.
    """
    spoken = version if _SHAPE.fullmatch(version) else LATEST
    return {"cniVersion": spoken, "supportedVersions": list(SUPPORTED)}


def _highest(versions: object) -> str:
    if versions is None:
        return IMPLIED
    if not isinstance(versions, list) or not all(isinstance(v, str) for v in versions):
        raise DecodeFailure("`cniVersions` is not a list of strings.")
    spoken = [v for v in SUPPORTED if v in versions]
    return str((spoken or versions or [IMPLIED])[-1])
