"""Which pod a call is about, as CRI runtimes say it in CNI_ARGS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from nuage_chain.errors import BadConfig

# RFC 1123, as Kubernetes has it for names; nothing of it can change the path of a URL.
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


@dataclass(frozen=True)
class Pod:
    """A pod; `str()` of it is namespace/name. uid: empty where the runtime did not give it."""

    namespace: str
    name: str
    uid: str = ""

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def of_args(args: Mapping[str, str]) -> Pod | None:
    """The pod that CNI_ARGS name; None where they name none (podman gives a name, but no namespace).

    Raises BadConfig for names that Kubernetes does not allow.
    """
    namespace, name = args.get("K8S_POD_NAMESPACE", ""), args.get("K8S_POD_NAME", "")
    if not namespace or not name:
        return None
    for variable, value in (("K8S_POD_NAMESPACE", namespace), ("K8S_POD_NAME", name)):
        if not _NAME.fullmatch(value) or ".." in value:
            raise BadConfig(f"CNI_ARGS: {variable} is {value[:80]!r}, which is no name in Kubernetes.")
    return Pod(namespace, name, args.get("K8S_POD_UID", ""))


def of_text(text: str) -> Pod | None:
    """The reverse of `str(pod)`; None for anything else."""
    namespace, _, name = text.partition("/")
    return Pod(namespace, name) if _NAME.fullmatch(namespace) and _NAME.fullmatch(name) else None
