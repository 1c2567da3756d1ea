"""A CNI result: read from any version we support, written in any version we support.

Specification section 5 ("Success"). Between 0.3.0 and 1.1.0 only two things differ: `ips[].version` was dropped in
1.0.0, and 1.1.0 added fields (interface mtu, socketPath, pciID; route mtu, advmss, priority, table, scope).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from nuage_chain.cni.document import folded
from nuage_chain.cni.versions import SUPPORTED, at_least
from nuage_chain.errors import DecodeFailure

Address: TypeAlias = ipaddress.IPv4Interface | ipaddress.IPv6Interface
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Gateway: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_KEYS = ("cniVersion", "interfaces", "ips", "routes", "dns")
_INTERFACE_KEYS = ("name", "mac", "sandbox", "mtu", "socketPath", "pciID")
_NEWER_INTERFACE_KEYS = ("mtu", "socketPath", "pciID")
_IP_KEYS = ("version", "address", "gateway", "interface")
_NEWER_ROUTE_KEYS = ("mtu", "advmss", "priority", "table", "scope")
_ROUTE_KEYS = ("dst", "gw", *_NEWER_ROUTE_KEYS)
_DNS_LISTS = ("nameservers", "search", "options")
_DNS_KEYS = (*_DNS_LISTS, "domain")

# An address with a prefix as libcni's ParseCIDR reads it: no netmask in place of the length, no zone of IPv6.
_PREFIXED = re.compile(r"[0-9a-fA-F:.]+/[0-9]{1,3}")
_BARE = re.compile(r"[0-9a-fA-F:.]+")
_LARGEST = 2**63


@dataclass
class Interface:
    """One interface; `sandbox` is the path of its network namespace, empty for the host's."""

    name: str
    mac: str = ""
    sandbox: str = ""
    mtu: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass
class IP:
    """One address with its prefix; `interface` is an index into the result's interfaces."""

    address: Address
    gateway: Gateway | None = None
    interface: int | None = None


@dataclass
class Route:
    """One route; without gateway it is on-link or, as the specification says, via the address's gateway."""

    dst: Network
    gateway: Gateway | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass
class Result:
    """What ADD gives back and what the next plugin gets as prevResult."""

    interfaces: list[Interface] = field(default_factory=list)
    ips: list[IP] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    dns: dict[str, Any] = field(default_factory=dict)

    def container_interface(self, ifname: str, netns: str) -> tuple[int, Interface] | None:
        """The interface of that name inside the sandbox, with its index; None where the result has none.

        A runtime may name the namespace by another path than the plugin before us did: a single interface of that
        name with any sandbox is taken then.
        """
        named = [(n, i) for n, i in enumerate(self.interfaces) if i.name == ifname and i.sandbox]
        exact = [pair for pair in named if pair[1].sandbox == netns]
        return next(iter(exact or named), None)


def parse(raw: Mapping[str, Any]) -> Result:
    """Reads a result of any supported version; what no version of the specification has is left out, as in libcni.

    Raises DecodeFailure, naming the field, when something is not as the specification says.
    """
    raw = folded(raw, _KEYS)
    version = _text(raw, "cniVersion", "result") or SUPPORTED[0]
    if version not in SUPPORTED:
        raise DecodeFailure(f"The result is of cniVersion {version[:40]!r}, which nuage-chain cannot read.")
    return Result(
        interfaces=[_interface(i) for i in _list(raw, "interfaces", _INTERFACE_KEYS)],
        ips=[_ip(i) for i in _list(raw, "ips", _IP_KEYS)],
        routes=[_route(r) for r in _list(raw, "routes", _ROUTE_KEYS)],
        dns=_dns(raw.get("dns")),
    )


def render(result: Result, version: str) -> dict[str, Any]:
    """The result as a JSON object of that cniVersion."""
    newest = at_least(version, "1.1.0")
    out: dict[str, Any] = {"cniVersion": version}
    out["interfaces"] = [_render_interface(i, newest) for i in result.interfaces]
    out["ips"] = [_render_ip(i, with_version=not at_least(version, "1.0.0")) for i in result.ips]
    out["routes"] = [_render_route(r, newest) for r in result.routes]
    out["dns"] = result.dns
    return out


def _list(raw: Mapping[str, Any], key: str, known: tuple[str, ...]) -> list[dict[str, Any]]:
    value = raw.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise DecodeFailure(f"The result's `{key}` is not a list.")
    return [_object(item, key, known) for item in value]


def _object(value: object, key: str, known: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise DecodeFailure(f"The result's `{key}` holds something that is not an object.")
    return folded(value, known)


def _text(raw: Mapping[str, Any], key: str, where: str) -> str:
    value = raw.get(key)
    if value is not None and not isinstance(value, str):
        raise DecodeFailure(f"The result's `{where}` has a `{key}` that is not a string.")
    return value or ""


def _whole(raw: Mapping[str, Any], key: str, where: str) -> int | None:
    value = raw.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not -_LARGEST <= value < _LARGEST:
        raise DecodeFailure(f"The result's `{where}` has a `{key}` that is not a whole number.")
    return value


def _interface(raw: Mapping[str, Any]) -> Interface:
    name = _text(raw, "name", "interfaces")
    if not name:
        raise DecodeFailure("The result has an interface without a name.")
    return Interface(
        name=name,
        mac=_text(raw, "mac", "interfaces"),
        sandbox=_text(raw, "sandbox", "interfaces"),
        mtu=_whole(raw, "mtu", "interfaces"),
        extra={k: text for k in ("socketPath", "pciID") if (text := _text(raw, k, "interfaces"))},
    )


def _ip(raw: Mapping[str, Any]) -> IP:
    address = _text(raw, "address", "ips")
    try:
        if not _PREFIXED.fullmatch(address):
            raise ValueError(f"{address[:60]!r} is not an address with the length of its prefix")
        return IP(ipaddress.ip_interface(address), _gateway(raw, "gateway", "ips"), _whole(raw, "interface", "ips"))
    except ValueError as e:
        raise DecodeFailure(f"The result's `ips` holds an address that cannot be read: {e}.") from e


def _route(raw: Mapping[str, Any]) -> Route:
    dst = _text(raw, "dst", "routes")
    try:
        if not _PREFIXED.fullmatch(dst):
            raise ValueError(f"{dst[:60]!r} is not an address with the length of its prefix")
        network, gateway = ipaddress.ip_network(dst, strict=False), _gateway(raw, "gw", "routes")
    except ValueError as e:
        raise DecodeFailure(f"The result's `routes` holds an address that cannot be read: {e}.") from e
    return Route(network, gateway, {k: n for k in _NEWER_ROUTE_KEYS if (n := _whole(raw, k, "routes")) is not None})


def _gateway(raw: Mapping[str, Any], key: str, where: str) -> Gateway | None:
    text = _text(raw, key, where)
    if not text:
        return None
    if not _BARE.fullmatch(text):
        raise ValueError(f"{text[:60]!r} is not an address")
    return ipaddress.ip_address(text)


def _dns(value: object) -> dict[str, Any]:
    raw = {} if value is None else _object(value, "dns", _DNS_KEYS)
    dns: dict[str, Any] = {"domain": domain} if (domain := _text(raw, "domain", "dns")) else {}
    for key in _DNS_LISTS:
        texts = raw.get(key) or []
        if not isinstance(texts, list) or not all(isinstance(t, str) for t in texts):
            raise DecodeFailure(f"The result's `dns` has `{key}` that is not a list of strings.")
        if texts:
            dns[key] = texts
    return dns


def _render_interface(interface: Interface, newest: bool) -> dict[str, Any]:
    out: dict[str, Any] = {"name": interface.name}
    if interface.mac:
        out["mac"] = interface.mac
    if interface.sandbox:
        out["sandbox"] = interface.sandbox
    newer = {"mtu": interface.mtu, **interface.extra} if newest else {}
    return out | {k: v for k, v in newer.items() if k in _NEWER_INTERFACE_KEYS and v}


def _render_ip(ip: IP, with_version: bool) -> dict[str, Any]:
    out: dict[str, Any] = {"address": str(ip.address)}
    if with_version:
        out["version"] = str(ip.address.version)
    if ip.gateway is not None:
        out["gateway"] = str(ip.gateway)
    if ip.interface is not None:
        out["interface"] = ip.interface
    return out


def _render_route(route: Route, newest: bool) -> dict[str, Any]:
    out: dict[str, Any] = {"dst": str(route.dst)}
    if route.gateway is not None:
        out["gw"] = str(route.gateway)
    return out | (route.extra if newest else {})
