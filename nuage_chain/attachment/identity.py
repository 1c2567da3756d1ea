"""Who the workload is, under every name that somebody downstream asks for."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from nuage_chain.cni.request import Request

_UUID = re.compile(r"[0-9a-f]{64}")
_UNFIT = re.compile(r"[^A-Za-z0-9_.-]+")
_VPORT_NAME_MAX = 64


@dataclass(frozen=True)
class Identity:
    """One attachment's names.

    uuid: 64 hex digits, the container's key in VRS and VSD (shared/contracts/vsd-rest.md 2.5).
    name: the pod's or container's own. external_id, vport_external_id: unique for each type of object in VSD, so that
    what is ours can be found by one look-up and never by name. node: says in VSD which node made the vPort
    (attachment/node.py).
    """

    container_id: str
    ifname: str
    network: str
    netns: str
    namespace: str
    name: str
    pod_uid: str
    owner: str
    node: str = ""

    @property
    def uuid(self) -> str:
        """The container ID itself where it has the form that Docker and CRI give it."""
        if _UUID.fullmatch(self.container_id):
            return self.container_id
        return hashlib.sha256(self.container_id.encode()).hexdigest()

    @property
    def external_id(self) -> str:
        """Of the container in VSD."""
        return f"{self.container_id}@{self.owner}"

    @property
    def vport_external_id(self) -> str:
        """Of the vPort in VSD."""
        return f"{self.container_id}/{self.ifname}@{self.owner}"

    @property
    def vport_name(self) -> str:
        """Readable first, and unique: two pods of one name in two namespaces, or two interfaces, never meet."""
        digest = hashlib.sha256(f"{self.container_id}/{self.ifname}".encode()).hexdigest()[:10]
        readable = "-".join(part for part in (self.namespace, self.name, self.ifname) if part)
        return f"{readable[: _VPORT_NAME_MAX - len(digest) - 1]}-{digest}"


def of(request: Request, owner: str, node: str = "") -> Identity:
    """The identity of the attachment that `request` is about."""
    args = request.args
    return Identity(
        container_id=request.container_id,
        ifname=request.ifname,
        network=request.network,
        netns=request.netns,
        namespace=_clean(args.get("K8S_POD_NAMESPACE", "")),
        name=_clean(args.get("K8S_POD_NAME", "")) or request.container_id[:12],
        pod_uid=_clean(args.get("K8S_POD_UID", "")),
        owner=owner,
        node=node,
    )


def _clean(text: str) -> str:
    """Names come from users; what a name in VSD or an OVSDB filter cannot hold becomes a dash."""
    return _UNFIT.sub("-", text).strip("-")[:255]
