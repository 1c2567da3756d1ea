"""What is attached to a network: the parameters of one ADD, and of the DEL that undoes it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from nuage_chain.errors import BadConfig

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.\-]*")
LONGEST_IFNAME = 15


@dataclass(frozen=True)
class Attachment:
    """One interface of one container (CNI specification, section 2 "Parameters").

    netns: path of the network namespace, "" where it is gone. args: the pairs of CNI_ARGS.
    capability_args: values by capability; a plugin gets those it declares.
    """

    container_id: str
    netns: str
    ifname: str
    args: list[tuple[str, str]] = field(default_factory=list)
    capability_args: dict[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Raises BadConfig for what the specification forbids; IDs become parts of file names."""
        if not NAME.fullmatch(self.container_id):
            raise BadConfig(f"{self.container_id!r} is not a container ID: letters, digits, and within it also `_.-`.")
        _check_ifname(self.ifname)
        for key, value in self.args:
            if not key or set(key) & set(";=\0") or set(value) & set(";\0"):
                raise BadConfig(f"CNI_ARGS cannot carry {key}={value}: neither key nor value may hold a `;`.")
        if "\0" in self.netns:
            raise BadConfig(f"{self.netns!r} is not a path.")


def _check_ifname(ifname: str) -> None:
    # Measured in bytes, as the kernel does.
    if not ifname or len(ifname.encode()) > LONGEST_IFNAME:
        raise BadConfig(f"{ifname!r} is not an interface name: it has 1 to {LONGEST_IFNAME} characters.")
    if ifname in (".", "..") or re.search(r"[/:\s\0]", ifname):
        raise BadConfig(f"{ifname!r} is not an interface name: no `/`, `:` or white space, and not `.` or `..`.")
