"""The Container Runtime Interface as kubelet speaks it, as far as the tests need it: gRPC with runtime.v1's messages.

A schema says which number a field has; a field that is a message has its own schema beside the number, and one that is
a map of strings has MAP. The numbers are those of k8s.io/cri-api, pkg/apis/runtime/v1/api.proto, and never change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import grpc

Schema = Mapping[str, int | tuple[int, "Schema"]]
Fields = dict[int, list[Any]]

MAP: Schema = {"key": 1, "value": 2}
_IMAGE: Schema = {"image": 1}
_SANDBOX: Schema = {
    "metadata": (1, {"name": 1, "uid": 2, "namespace": 3, "attempt": 4}),
    "log_directory": 3,
    "labels": (6, MAP),
    "annotations": (7, MAP),
    "linux": (8, {"cgroup_parent": 1}),
}
_CONTAINER: Schema = {"metadata": (1, {"name": 1, "attempt": 2}), "image": (2, _IMAGE), "command": 3}
_REQUESTS: Mapping[str, Schema] = {
    "Version": {},
    "RunPodSandbox": {"config": (1, _SANDBOX), "runtime_handler": 2},
    "StopPodSandbox": {"pod_sandbox_id": 1},
    "RemovePodSandbox": {"pod_sandbox_id": 1},
    "PodSandboxStatus": {"pod_sandbox_id": 1, "verbose": 2},
    "ListPodSandbox": {},
    "CreateContainer": {"pod_sandbox_id": 1, "config": (2, _CONTAINER), "sandbox_config": (3, _SANDBOX)},
    "StartContainer": {"container_id": 1},
    "RemoveContainer": {"container_id": 1},
    "ContainerStatus": {"container_id": 1, "verbose": 2},
    "ImageStatus": {"image": (1, _IMAGE)},
}
_VARINT, _BYTES = 0, 2


class Cri:
    """A connection to a runtime's socket. Every call raises grpc.RpcError with what the runtime says."""

    def __init__(self, socket: Path) -> None:
        self._channel = grpc.insecure_channel(f"unix://{socket}")

    def close(self) -> None:
        self._channel.close()

    def call(self, method: str, seconds: float = 60, **request: Any) -> Fields:
        service = "ImageService" if method.startswith("Image") else "RuntimeService"
        asked = b"".join(_encode(_REQUESTS[method], request))
        answer = self._channel.unary_unary(f"/runtime.v1.{service}/{method}")(asked, timeout=seconds)
        return decode(answer)

    def name(self, method: str, **request: Any) -> str:
        """The ID that the call answers with."""
        named = self.call(method, **request)[1][0]
        assert isinstance(named, bytes)
        return named.decode()

    def status(self, method: str, **request: Any) -> tuple[Fields, dict[str, Any]]:
        """A sandbox's or container's status, and what the runtime tells beyond the interface."""
        answer = self.call(method, verbose=True, **request)
        pairs = [decode(pair) for pair in answer.get(2, [])]
        info = {pair[1][0].decode(): pair[2][0] for pair in pairs}
        return decode(answer[1][0]), json.loads(info["info"]) if "info" in info else {}


def decode(message: bytes) -> Fields:
    """A message's fields by number, each with all its values, which are ints or bytes."""
    found: Fields = {}
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, at = _varint(message, at)
        value: int | bytes = number
        if key & 7 == _BYTES:
            value, at = message[at : at + number], at + number
        else:
            assert key & 7 == _VARINT, f"wire type {key & 7} of field {key >> 3}"
        found.setdefault(key >> 3, []).append(value)
    return found


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while message[at] & 0x80:
        value |= (message[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return value | message[at] << shift, at + 1


def _encode(schema: Schema, message: Mapping[str, Any]) -> Iterator[bytes]:
    for name, given in message.items():
        numbered = schema[name]
        number, inner = numbered if isinstance(numbered, tuple) else (numbered, None)
        if inner is MAP:
            given = [{"key": key, "value": value} for key, value in given.items()]
        for value in given if isinstance(given, list) else [given]:
            yield _field(number, inner, value)


def _field(number: int, inner: Schema | None, value: Any) -> bytes:
    if isinstance(value, int):
        return _number(number << 3 | _VARINT) + _number(value)
    content = value.encode() if inner is None else b"".join(_encode(inner, value))
    return _number(number << 3 | _BYTES) + _number(len(content)) + content


def _number(value: int) -> bytes:
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])
