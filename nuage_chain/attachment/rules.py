"""The rules of `nuage-chain lint`, one a row: what is looked for, how bad it is, what to do (docs/chain.md)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from nuage_chain.attachment.keys import flatten, validate
from nuage_chain.attachment.lint import ERROR, US, WARNING, Chain, Rule
from nuage_chain.attachment.sources import own_keys
from nuage_chain.cni.runtime.conflist import Plugin
from nuage_chain.errors import BadConfig

# Plugins that make an interface, but not a veth pair whose other end the host has.
_NO_VETH = ("dummy", "host-device", "ipvlan", "loopback", "macvlan", "tap", "vlan")
_OLDEST, _NEWEST_THAT_ALL_KNOW = "0.3.0", (1, 0, 0)


def _is_first(chain: Chain) -> Iterator[str]:
    if chain.place == 0:
        yield f"{US} is the first plugin: nobody has made the interface that it is to attach."


def _is_there_twice(chain: Chain) -> Iterator[str]:
    if any(plugin.type == US for plugin in chain.after):
        yield f"{US} is in the list more than once: the second one finds the port in the switch already."


def _makes_no_veth(chain: Chain) -> Iterator[str]:
    if chain.first.type in _NO_VETH:
        yield f"{chain.first.type} makes no veth pair whose host end could be plugged into the VRS bridge."


def _is_not_installed(chain: Chain) -> Iterator[str]:
    kinds = [plugin.type for plugin in chain.network.plugins]
    # An `ipam` of any other shape is for its plugin to refuse.
    kinds += [kind for plugin in chain.network.plugins if isinstance(kind := _ipam(plugin).get("type"), str)]
    folders = ", ".join(map(str, chain.plugin_dirs))
    for kind in dict.fromkeys(kinds):
        if not any((folder / kind).is_file() for folder in chain.plugin_dirs):
            yield f"There is no plugin {kind!r} in {folders}."


def _has_wrong_keys(chain: Chain) -> Iterator[str]:
    where = f"{US}'s entry"
    try:
        values = flatten(own_keys(chain.ours), where)
    except BadConfig as e:
        yield e.message
        return
    for name, value in values.items():
        try:
            validate({name: value}, where)
        except BadConfig as e:
            yield f"{e.message} {e.hint}"


def _has_a_password(chain: Chain) -> Iterator[str]:
    if "vsd.password" in _own_values(chain):
        yield f"VSD's password is in the list, which every user of the node may read: {chain.network.source}."


def _is_too_old(chain: Chain) -> Iterator[str]:
    if not chain.network.has(_OLDEST):
        yield f"cniVersion {chain.network.version} knows no lists of plugins."


def _is_too_new_for_some(chain: Chain) -> Iterator[str]:
    version = str(json.loads(chain.network.raw).get("cniVersion", ""))
    if version and tuple(map(int, version.split("."))) > _NEWEST_THAT_ALL_KNOW:
        yield f"cniVersion {version} is refused by containerd 1.6 and podman 4.3."


def _checks_the_bridge(chain: Chain) -> Iterator[str]:
    if chain.first.type == "bridge" and chain.network.has("0.4.0") and not chain.network.disable_check:
        yield "The CHECK of `bridge` fails once the veth has left its bridge, so every CHECK of this list fails."


def _checks_routes_that_sbr_moved(chain: Chain) -> Iterator[str]:
    if chain.first.type == "ptp" and _named(chain.after, "sbr") and not chain.network.disable_check:
        yield "The CHECK of `ptp` fails once `sbr` has moved its routes to another table."


def _limits_too_early(chain: Chain) -> Iterator[str]:
    if _named(chain.before, "bandwidth"):
        yield f"`bandwidth` is before {US}: Open vSwitch deletes its limits when the port enters the switch."


def _limits_egress_unsaid(chain: Chain) -> Iterator[str]:
    for plugin in _named(chain.after, "bandwidth"):
        asked = plugin.config.get("egressRate")
        if asked or ("bandwidth" in plugin.capabilities and not _declares(chain, "bandwidth")):
            yield "A limit of `bandwidth` on what a container sends is not kept on a userspace datapath (netdev)."


def _changes_the_mac_too_late(chain: Chain) -> Iterator[str]:
    for plugin in _named(chain.after, "tuning"):
        if plugin.config.get("mac") or "mac" in plugin.capabilities:
            yield f"`tuning` changes the MAC after {US}: the overlay drops what a port sends from a MAC not its own."


def _changes_the_mtu_of_one_end(chain: Chain) -> Iterator[str]:
    if any(plugin.config.get("mtu") for plugin in _named(chain.after, "tuning")):
        yield "`tuning` changes the MTU of the container's end only, and the runtime is told another one."


def _publishes_ports(chain: Chain) -> Iterator[str]:
    if _has(chain, "portmap"):
        yield (
            "`portmap` sends what comes to a port of the host to the container's address, but the host has no way into"
            " the overlay: it goes to whoever has that address on the host's own network."
        )


def _filters_nothing(chain: Chain) -> Iterator[str]:
    if _has(chain, "firewall"):
        yield "`firewall` makes rules for traffic that the host forwards; the overlay's never comes there."


def _routes_before_there_are_any(chain: Chain) -> Iterator[str]:
    if _named(chain.before, "sbr"):
        yield f"`sbr` is before {US}: the addresses and routes that it is to move are not there yet."


def _has_two_ipams(chain: Chain) -> Iterator[str]:
    kinds = [f"{_ipam(p)['type']} at `{p.type}`" for p in chain.network.plugins if _ipam(p).get("type")]
    if len(kinds) > 1:
        yield f"More than one plugin has an `ipam`: {', '.join(kinds)}."
    elif chain.ours.get("ipam"):
        yield f"`ipam` is at {US}, which asks no IPAM plugin."


def _asks_dhcp_in_the_wrong_segment(chain: Chain) -> Iterator[str]:
    if _ipam(chain.first).get("type") == "dhcp":
        yield "`dhcp` asks for an address before the interface is in the overlay: nobody there can answer."


def _has_an_address_twice(chain: Chain) -> Iterator[str]:
    if "staticIP" in _own_values(chain) and _ipam(chain.first).get("type"):
        yield f"`staticIP` is overlooked where an IPAM plugin, here {_ipam(chain.first)['type']}, decides."


def _option(name: str, then: str) -> Callable[[Chain], Iterator[str]]:
    def wrong(chain: Chain) -> Iterator[str]:
        if chain.first.type == "bridge" and chain.first.config.get(name):
            yield f"`bridge` has `{name}`: {then}."

    return wrong


_LEAVE_OUT = "Leave it out."
_OVERLAY_ROUTES = "Leave it out; the overlay is the gateway."
# option, how bad, what becomes of it, what to do
_BRIDGE_OPTIONS: tuple[tuple[str, str, str, str], ...] = (
    ("isGateway", ERROR, "the gateway's address is on a bridge that the container has left", _OVERLAY_ROUTES),
    ("isDefaultGateway", ERROR, "the container's default route leads to a bridge that it has left", _OVERLAY_ROUTES),
    ("vlan", ERROR, "the port leaves its VLAN together with the bridge", "Leave it out; make a subnet in VSD for it."),
    ("vlanTrunk", ERROR, "the port leaves its VLANs together with the bridge", "Leave it out; make subnets in VSD."),
    ("portIsolation", ERROR, "the port leaves it together with the bridge", "Leave it out; isolate by VSD's policies."),
    ("macspoofchk", WARNING, "its rules stay with the bridge that the port leaves",
        "Leave it out; the overlay drops what a port sends from a MAC not its own."),
    ("ipMasq", WARNING, "its rules are for traffic that the host forwards, and the overlay's never comes there",
        "Leave it out; the way out of the overlay is VSD's (underlay or PAT)."),
    ("hairpinMode", WARNING, "the port leaves it together with the bridge", _LEAVE_OUT),
    ("promiscMode", WARNING, "it is about a bridge that has no ports", _LEAVE_OUT),
    ("forceAddress", WARNING, "it is about a gateway on the bridge", _LEAVE_OUT),
)  # fmt: skip

RULES: tuple[Rule, ...] = (
    Rule("first", ERROR, "Put `bridge` or `ptp` before it, in a .conflist.", _is_first),
    Rule("twice", ERROR, "Leave one of them out.", _is_there_twice),
    Rule("no-veth", ERROR, "Use `bridge` or `ptp`.", _makes_no_veth),
    Rule("missing-plugin", ERROR, "Install it, or name its folder in CNI_PATH.", _is_not_installed),
    Rule("keys", ERROR, "The README's configuration table has all keys.", _has_wrong_keys),
    Rule("password", WARNING, "Use `vsd.passwordFile`, or the node's file, with mode 0600.", _has_a_password),
    Rule("old-version", ERROR, 'Set "cniVersion": "1.0.0".', _is_too_old),
    Rule("new-version", WARNING, 'Set "cniVersion": "1.0.0" unless all runtimes are newer.', _is_too_new_for_some),
    Rule("bridge-check", ERROR, 'Add "disableCheck": true to the list, or use `ptp`.', _checks_the_bridge),
    *(Rule(f"bridge-{name}", how_bad, remedy, _option(name, then)) for name, how_bad, then, remedy in _BRIDGE_OPTIONS),
    Rule("two-ipams", ERROR, "Leave `ipam` to the first plugin.", _has_two_ipams),
    Rule("dhcp", ERROR, 'Write "ipam": {}: the overlay decides the address.', _asks_dhcp_in_the_wrong_segment),
    Rule("static-ip", WARNING, "Leave one of them out.", _has_an_address_twice),
    Rule("bandwidth-order", ERROR, f"Put it after {US}.", _limits_too_early),
    Rule("bandwidth-egress", WARNING,
        f'Limit ingress only, or add "capabilities": {{"bandwidth": true}} to {US} too: it refuses it there.',
        _limits_egress_unsaid),
    Rule("tuning-mac", ERROR, f"Put `tuning` before {US}.", _changes_the_mac_too_late),
    Rule("tuning-mtu", WARNING, f"Write `mtu` at {US}, which sets both ends.", _changes_the_mtu_of_one_end),
    Rule("portmap", ERROR, "Leave it out; reach the container by its address in the overlay or a floating IP in VSD.",
        _publishes_ports),
    Rule("firewall", WARNING, "Leave it out; the overlay's policies are in VSD.", _filters_nothing),
    Rule("sbr-order", ERROR, f"Put it after {US}.", _routes_before_there_are_any),
    Rule("sbr-check", ERROR, 'Add "disableCheck": true to the list.', _checks_routes_that_sbr_moved),
)  # fmt: skip


def _named(plugins: Iterable[Plugin], kind: str) -> list[Plugin]:
    return [plugin for plugin in plugins if plugin.type == kind]


def _has(chain: Chain, kind: str) -> bool:
    return bool(_named(chain.network.plugins, kind))


def _declares(chain: Chain, capability: str) -> bool:
    return capability in chain.network.plugins[chain.place].capabilities


def _ipam(plugin: Plugin) -> dict[str, Any]:
    ipam = plugin.config.get("ipam")
    return ipam if isinstance(ipam, dict) else {}


def _own_values(chain: Chain) -> dict[str, Any]:
    try:
        return flatten(own_keys(chain.ours), US)
    except BadConfig:
        return {}
