"""Which versions of the CNI specification exist, which we speak, and what each verb asks for."""

from __future__ import annotations

from dataclasses import dataclass

from nuage_chain.errors import IncompatibleVersion

SUPPORTED = ("0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0")
TOO_OLD = ("0.1.0", "0.2.0")
LATEST = SUPPORTED[-1]
# A configuration without cniVersion is one of 0.1.0: libcni's rule (pkg/version, ConfigDecoder).
IMPLIED = "0.1.0"


@dataclass(frozen=True)
class Verb:
    """One CNI_COMMAND: the first version that has it and the variables it cannot do without."""

    name: str
    since: str
    needs: tuple[str, ...]


_ATTACHMENT = ("CNI_CONTAINERID", "CNI_IFNAME", "CNI_PATH")

VERBS = {
    verb.name: verb
    for verb in (
        Verb("ADD", "0.3.0", ("CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH")),
        Verb("DEL", "0.3.0", _ATTACHMENT),
        Verb("CHECK", "0.4.0", ("CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH")),
        Verb("STATUS", "1.1.0", ("CNI_PATH",)),
        Verb("GC", "1.1.0", ("CNI_PATH",)),
        Verb("VERSION", "0.3.0", ()),
    )
}


def at_least(version: str, since: str) -> bool:
    """Whether `version`, one of SUPPORTED, is `since` or later."""
    return SUPPORTED.index(version) >= SUPPORTED.index(since)


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
    raise IncompatibleVersion(f"cniVersion {version!r} is not one that nuage-chain knows.")


def reply(version: str) -> dict[str, object]:
    """The answer to VERSION, in the version that was asked with (specification, "VERSION")."""
    return {"cniVersion": version, "supportedVersions": list(SUPPORTED)}
