"""A CNI result: read from any version we support, written in any version we support.

Specification section 5 ("Success"). Between 0.3.0 and 1.1.0 only two things differ: `ips[].version` was dropped in
1.0.0, and 1.1.0 added fields (interface mtu, socketPath, pciID; route mtu, advmss, priority, table, scope).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from nuage_chain.cni.versions import at_least
from nuage_chain.errors import DecodeFailure

Address: TypeAlias = ipaddress.IPv4Interface | ipaddress.IPv6Interface
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Gateway: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_NEWER_INTERFACE_KEYS = ("mtu", "socketPath", "pciID")
_NEWER_ROUTE_KEYS = ("mtu", "advmss", "priority", "table", "scope")


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
    """Reads a result of any supported version.

    Raises DecodeFailure, naming the field, when something is not as the specification says.
    """
    return Result(
        interfaces=[_interface(i) for i in _list(raw, "interfaces")],
        ips=[_ip(i) for i in _list(raw, "ips")],
        routes=[_route(r) for r in _list(raw, "routes")],
        dns=dict(_object(raw.get("dns") or {}, "dns")),
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


def _list(raw: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = raw.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise DecodeFailure(f"The result's `{key}` is not a list.")
    return [_object(item, key) for item in value]


def _object(value: object, key: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise DecodeFailure(f"The result's `{key}` holds something that is not an object.")
    return value


def _interface(raw: Mapping[str, Any]) -> Interface:
    name, mtu = raw.get("name"), raw.get("mtu")
    if not isinstance(name, str) or not name:
        raise DecodeFailure("The result has an interface without a name.")
    return Interface(
        name=name,
        mac=str(raw.get("mac") or ""),
        sandbox=str(raw.get("sandbox") or ""),
        mtu=mtu if isinstance(mtu, int) else None,
        extra={k: raw[k] for k in ("socketPath", "pciID") if raw.get(k)},
    )


def _ip(raw: Mapping[str, Any]) -> IP:
    index = raw.get("interface")
    try:
        address = ipaddress.ip_interface(str(raw.get("address")))
        gateway = ipaddress.ip_address(str(raw["gateway"])) if raw.get("gateway") else None
    except ValueError as e:
        raise DecodeFailure(f"The result's `ips` holds an address that cannot be read: {e}.") from e
    return IP(address, gateway, index if isinstance(index, int) else None)


def _route(raw: Mapping[str, Any]) -> Route:
    try:
        dst = ipaddress.ip_network(str(raw.get("dst")), strict=False)
        gateway = ipaddress.ip_address(str(raw["gw"])) if raw.get("gw") else None
    except ValueError as e:
        raise DecodeFailure(f"The result's `routes` holds an address that cannot be read: {e}.") from e
    return Route(dst, gateway, {k: raw[k] for k in _NEWER_ROUTE_KEYS if raw.get(k) is not None})


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
