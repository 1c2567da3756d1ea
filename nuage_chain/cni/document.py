"""JSON as Go's decoder reads it: what another plugin of the list understands, we understand in the same way.

Go matches the keys that it knows in any case, takes `null` for "not given", and puts U+FFFD where a text is no Unicode.
Reference: encoding/json of Go, "Unmarshal".
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from nuage_chain.errors import DecodeFailure

MAX_BYTES = 16 * 1024 * 1024
# Far more than any configuration has, and far less than what ends Python's own recursion (repr, copy, dumps).
_MAX_DEPTH = 100
_MAX_DIGITS = 309
_LONE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class _Unfit(ValueError):
    """Something that Python's decoder takes and JSON, or Go, does not have."""


def decode(text: bytes) -> dict[str, Any]:
    """The one JSON object in `text`. Raises DecodeFailure."""
    if len(text) > MAX_BYTES:
        raise DecodeFailure(f"Standard input holds more than {MAX_BYTES >> 20} MiB.")
    try:
        value = _loads(text.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as e:
        raise DecodeFailure(f"Standard input is not JSON: {_reason(e)}.") from e
    if not isinstance(value, dict):
        raise DecodeFailure(f"Standard input is a JSON {type(value).__name__}, not an object.")
    return value


def encode(document: Mapping[str, Any]) -> str:
    """One JSON document, with a line feed at its end; valid UTF-8 whatever texts it was made of."""
    return whole(json.dumps(document, ensure_ascii=False)) + "\n"


def whole(text: str) -> str:
    """`text` with U+FFFD for every half of a surrogate pair: Python's form of bytes that are no UTF-8."""
    return _LONE.sub("\ufffd", text)


def folded(raw: Mapping[str, Any], known: Iterable[str]) -> dict[str, Any]:
    """`raw` with the keys of `known` in the spelling they have there, whatever case they came in.

    Of two keys that are the same one the later counts, unless it is null.
    """
    spelling = {name.casefold(): name for name in known}
    out: dict[str, Any] = {}
    for key, value in raw.items():
        name = spelling.get(key.casefold(), key)
        if value is not None or name not in out:
            out[name] = value
    return out


def _loads(text: str) -> object:
    value: object = json.loads(text, parse_constant=_no_constant, parse_int=_whole_number, parse_float=_number)
    if _ESCAPED_SURROGATE.search(text):
        # The decoder has joined the pairs; whatever is left of them in the texts is alone.
        value = json.loads(whole(json.dumps(value, ensure_ascii=False)))
    _limit_depth(value)
    return value


def _no_constant(name: str) -> NoReturn:
    raise _Unfit(f"{name} is no JSON value")


def _whole_number(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise _Unfit(f"a number has {len(digits)} digits")
    return int(digits)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _Unfit(f"the number {text[:40]} is out of range")
    return value


def _limit_depth(value: object) -> None:
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    raise _Unfit(f"it is nested more than {_MAX_DEPTH} levels deep")


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _reason(error: Exception) -> str:
    return "it is nested too deep" if isinstance(error, RecursionError) else str(error)
