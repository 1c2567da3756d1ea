"""DHCP options: clients send the bytes (`type`, `length`, `value` in hexadecimal) or the meaning, and read both.

The meaning is `actualType`, the option's number, and `actualValues`, texts. Which option carries what is RFC 2132.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

from nuage_chain.vsp.vsd.entities import Entity
from nuage_chain.vsp.vsd.refusal import bad_request, conflict, missing
from nuage_chain.vsp.vsd.unit import Request, Unit

_ADDRESSES = frozenset({1, *range(3, 12), 16, 28, 32, 33, 41, 42, 44, 45, 48, 49, 50, 54, 65, *range(68, 77), 85})
_NUMBERS = {2: 4, 13: 2, 22: 2, 23: 1, 24: 4, 26: 2, 35: 4, 37: 1, 38: 4, 51: 4, 57: 2, 58: 4, 59: 4}
_FLAGS = frozenset({19, 20, 27, 29, 30, 31, 34, 36, 39})
_WIDTH = {4: 2, 6: 4}
"""Hexadecimal digits of `type` and `length` in DHCPv4 and DHCPv6."""


def check_option(_unit: Unit, option: Entity, request: Request) -> None:
    """Work out whichever of the two forms was not sent."""
    version = 6 if option.kind == "dhcpv6option" else 4
    meant = {"actualType", "actualValues"} & {name for name, value in request.body.items() if value is not None}
    before = request.before
    if meant and (before is None or any(option.get(name) != before.get(name) for name in meant)):
        _encode(option, version)
        return
    if before is not None and option.get("length") == before.get("length"):
        option.values["length"] = None
    _decode(option, version)


def _encode(option: Entity, version: int) -> None:
    number, width = option.get("actualType"), _WIDTH[version]
    if number is None:
        raise missing("actualType")
    if not 0 <= number < 16**width:
        raise conflict("actualType", "Invalid input", f"actualType is {number}; it must be from 0 to {16**width - 1}.")
    content = b"".join(_bytes(number, str(value), version) for value in option.get("actualValues") or ())
    if len(content) >= 16**width:
        raise conflict("actualValues", "Invalid input", f"The values of option {number} are too long.")
    option.values |= {"type": f"{number:0{width}x}", "length": f"{len(content):0{width}x}", "value": content.hex()}


def _decode(option: Entity, version: int) -> None:
    if option.get("type") is None:
        raise missing("type")
    number = int.from_bytes(_hexadecimal("type", option.get("type")), "big")
    content = _hexadecimal("value", option.get("value") or "")
    length, width = option.get("length"), _WIDTH[version]
    if length is not None and int.from_bytes(_hexadecimal("length", length), "big") != len(content):
        raise conflict("length", "Invalid input", f"length is {length}, and value has {len(content)} octets.")
    option.values |= {
        "length": length or f"{len(content):0{width}x}",
        "actualType": number,
        "actualValues": _texts(number, content, version),
    }


def _bytes(number: int, text: str, version: int) -> bytes:
    try:
        if version == 4 and number in _ADDRESSES:
            return ipaddress.IPv4Address(text).packed
        if version == 4 and number in _NUMBERS:
            return int(text).to_bytes(_NUMBERS[number], "big", signed=int(text) < 0)
        if version == 4 and number in _FLAGS:
            return {"0": b"\0", "1": b"\1", "false": b"\0", "true": b"\1"}[text.lower()]
        if version == 6 and ":" in text:
            return ipaddress.IPv6Address(text).packed
    except (ValueError, KeyError, OverflowError):
        raise bad_request("actualValues", f"{text!r} is no value of DHCP option {number}.") from None
    return text.encode()


def _texts(number: int, content: bytes, version: int) -> Sequence[str]:
    if version == 4 and number in _ADDRESSES and len(content) % 4 == 0:
        return [str(ipaddress.IPv4Address(content[at : at + 4])) for at in range(0, len(content), 4)]
    if version == 4 and (number in _NUMBERS or number in _FLAGS):
        return [str(int.from_bytes(content, "big"))]
    try:
        return [content.decode("ascii")] if content else []
    except UnicodeDecodeError:
        return [content.hex()]


def _hexadecimal(prop: str, text: Any) -> bytes:  # noqa: ANN401 - a JSON value
    digits = str(text).removeprefix("0x")
    try:
        return bytes.fromhex(digits if len(digits) % 2 == 0 else f"0{digits}")
    except ValueError:
        raise bad_request(prop, f"{prop} is {text!r}; it must be hexadecimal.") from None
