"""Every source of this node that knows which workloads live."""

from __future__ import annotations

from pathlib import Path

from nuage_chain.attachment import placing
from nuage_chain.attachment.settings import Settings
from nuage_chain.audit.cached import Cached
from nuage_chain.orchestrators.cri import USUAL, Cri
from nuage_chain.orchestrators.docker import PIDFILE, Docker
from nuage_chain.orchestrators.docker import USUAL as DOCKER
from nuage_chain.orchestrators.mesos_agent import MesosAgent
from nuage_chain.orchestrators.node_pods import NodePods
from nuage_chain.orchestrators.workloads import Source


def of(node: Settings, hostname: str) -> list[Source]:
    """Those that are configured, and those whose usual socket is there.

    A runtime whose socket is away is no source then; what it once listed is kept for that (audit/verdict.py).
    """
    found: list[Source] = [Cached(Path(node.text("cniCache")))]
    chosen = node.text("criSocket")
    found += [Cri(Path(chosen))] if chosen else [Cri(path, chosen=False) for path in USUAL if path.is_socket()]
    if node.text("dockerSocket"):
        found.append(Docker(Path(node.text("dockerSocket"))))
    elif DOCKER.is_socket():
        # A link leads to podman, which has no such file.
        found.append(Docker(DOCKER, None if DOCKER.is_symlink() else PIDFILE))
    if node.text("kubernetes.kubeconfig"):
        found.append(NodePods(lambda: placing.api_server(node), node.text("kubernetes.node") or hostname))
    if node.text("mesosAgent"):
        found.append(MesosAgent(node.text("mesosAgent")))
    return found
