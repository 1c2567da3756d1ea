"""What the rest of the list is about to break, as far as one ADD can see it: said before anything is changed.

What only the list itself shows is the linter's part (attachment/lint.py); both are described in docs/chain.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nuage_chain.attachment.state import Attaching
from nuage_chain.errors import BadConfig
from nuage_chain.link import qdisc

_HEX = frozenset("0123456789abcdef")


def look(at: Attaching) -> None:
    """Reads, and changes nothing; the veth pair has to be found already. Raises BadConfig with the reason."""
    for refuse in _REFUSALS:
        refuse(at)


def _limits_that_would_be_lost(at: Attaching) -> None:
    host = at.found.host
    limits = qdisc.limits(host.index)
    if limits:
        raise BadConfig(
            f"{host.name} has traffic limits already ({', '.join(limits)}): a plugin before nuage-chain made them,"
            " and Open vSwitch deletes them when the port enters it.",
            hint="Put `bandwidth` after nuage-chain in the list, as conflists/40-nuage-bandwidth.conflist has it.",
        )


def _mac_that_was_not_set(at: Attaching) -> None:
    has = at.found.container.mac
    for source, asked in _asked_macs(at):
        if _is_mac(asked) and asked.lower().replace("-", ":") != has:
            raise BadConfig(
                f"{source} asks for the MAC {asked}, but {at.request.ifname} has {has}: no plugin before nuage-chain"
                " has set it, and the overlay drops what a port sends from a MAC that is changed later.",
                hint="Put `tuning` before nuage-chain, or use `bridge`, which sets the MAC itself.",
            )


def _published_ports(at: Attaching) -> None:
    mappings = _runtime_config(at).get("portmappings")
    for mapping in mappings if isinstance(mappings, Sequence) else ():
        port = _number(_folded(mapping).get("hostport"))
        if port:
            raise BadConfig(
                f"The host's port {port} cannot be published: the host has no way into the overlay, so portmap's rule"
                " would send the traffic to whoever has the container's address on the host's own network.",
                hint="Reach the container by its address in the overlay, or by a floating IP in VSD.",
            )


def _egress_limit_on_netdev(at: Attaching) -> None:
    rate = _number(_folded(_runtime_config(at).get("bandwidth")).get("egressrate"))
    if rate and at.switch.datapath(at.deadline) == "netdev":
        raise BadConfig(
            f"What the container sends cannot be limited to {rate} bit/s on this node: {at.switch.bridge} has the"
            " userspace datapath (netdev), which takes a packet before the host's traffic control sees it.",
            hint="Leave the egress limit out (the ingress limit works), or use the kernel datapath.",
        )


_REFUSALS: tuple[Callable[[Attaching], None], ...] = (
    _limits_that_would_be_lost,
    _mac_that_was_not_set,
    _published_ports,
    _egress_limit_on_netdev,
)


def _asked_macs(at: Attaching) -> list[tuple[str, str]]:
    config = at.request.config
    found = {
        "CNI_ARGS": at.request.args.get("MAC"),
        "args.cni": _folded(_folded(config.get("args")).get("cni")).get("mac"),
        "runtimeConfig": _runtime_config(at).get("mac"),
    }
    return [(source, mac) for source, mac in found.items() if isinstance(mac, str)]


def _is_mac(text: str) -> bool:
    """48 bits as `02:00:00:00:00:01` or with hyphens; of anything else the plugin that reads it complains."""
    groups = text.lower().replace("-", ":").split(":")
    return len(groups) == 6 and all(len(g) == 2 and set(g) <= _HEX for g in groups)


def _number(value: object) -> int:
    """Of anything that is no whole number the plugin that it is meant for complains."""
    return value if isinstance(value, int) and value > 0 else 0


def _runtime_config(at: Attaching) -> Mapping[str, Any]:
    return _folded(at.request.config.get("runtimeConfig"))


def _folded(value: object) -> Mapping[str, Any]:
    # containerd writes these keys as Go does (HostPort), podman in lower case (field notes).
    return {str(k).lower(): v for k, v in value.items()} if isinstance(value, Mapping) else {}
