"""The sandboxes that a container runtime has, by the Container Runtime Interface (k8s.io/cri-api, runtime/v1).

The messages are made from the three that are needed, with the field numbers of api.proto, which never change.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from nuage_chain.deadline import Deadline
from nuage_chain.errors import NuageChainError
from nuage_chain.orchestrators.workloads import Listing

USUAL = (Path("/run/containerd/containerd.sock"), Path("/run/crio/crio.sock"), Path("/run/cri-dockerd.sock"))
# Runtimes of before 2022 have the older one only; these messages are the same in both.
_METHODS = ("/runtime.v1.RuntimeService/ListPodSandbox", "/runtime.v1alpha2.RuntimeService/ListPodSandbox")
_AT_MOST = 10.0
# As kubelet: gRPC's own 4 MiB are too few where pods carry large annotations.
_LARGEST = ("grpc.max_receive_message_length", 16 << 20)
_READY = 0


class Cri:
    """The runtime behind a Unix socket. chosen: somebody configured it, so that it has to speak CRI."""

    def __init__(self, socket: Path, *, chosen: bool = True) -> None:
        self.socket = socket
        self.chosen = chosen
        self.name = f"CRI {socket}"

    def listing(self, deadline: Deadline) -> Listing:
        """The sandboxes that are ready, and the pods of all that it has.

        One that is not ready has no process any more, and waits for its StopPodSandbox, which calls DEL; as long as it
        is there its pod has not ended. Docker's packages switch CRI off in the containerd that they bring: one that
        nobody chose and that has no CRI has no sandboxes.
        """
        # Not at the top: only the audit needs it, and its import takes as long as a whole call.
        import grpc

        try:
            items = self._items(deadline)
        except grpc.RpcError as e:
            if e.code() is grpc.StatusCode.UNIMPLEMENTED and not self.chosen:
                return Listing(self.name)
            return Listing(self.name, problem=f"it did not answer: {_words(e)}.")
        except NuageChainError as e:
            return Listing(self.name, problem=e.message)
        except Exception as e:  # noqa: BLE001 - whatever is behind that socket, it must not end the audit
            return Listing(self.name, problem=f"it answered with something else: {type(e).__name__}.")
        return Listing(
            self.name,
            sandboxes=frozenset(item.id for item in items if item.state == _READY),
            pods=frozenset(item.metadata.uid for item in items if item.metadata.uid),
        )

    def _items(self, deadline: Deadline) -> Any:  # noqa: ANN401 - protobuf makes the class
        """Raises grpc.RpcError, DeadlineExceeded."""
        import grpc

        with grpc.insecure_channel(f"unix:{self.socket}", options=[_LARGEST]) as channel:
            for method in _METHODS:
                ask = channel.unary_unary(method, response_deserializer=_answer().FromString)
                seconds = deadline.left(f"an answer of {self.name}", at_most=_AT_MOST)
                try:
                    return ask(b"", timeout=seconds).items
                except grpc.RpcError as e:
                    if e.code() is not grpc.StatusCode.UNIMPLEMENTED or method == _METHODS[-1]:
                        raise
        raise AssertionError("The last method returns or raises.")


def _words(error: Any) -> str:  # noqa: ANN401 - a grpc.RpcError that is a grpc.Call too
    """What the runtime says, or gRPC where it says nothing, in one line."""
    return " ".join((error.details() or error.code().name).split())[:400].rstrip(".")


@cache
def _answer() -> Any:  # noqa: ANN401 - protobuf makes the class
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="nuage_chain/cri.proto", package="nuage_chain.cri", syntax="proto3")
    metadata, sandbox, answer = (file.message_type.add(name=n) for n in ("Metadata", "Sandbox", "Answer"))
    metadata.field.add(name="uid", number=2, type=field.TYPE_STRING)
    sandbox.field.add(name="id", number=1, type=field.TYPE_STRING)
    sandbox.field.add(name="metadata", number=2, type=field.TYPE_MESSAGE, type_name="Metadata")
    sandbox.field.add(name="state", number=3, type=field.TYPE_INT32)
    answer.field.add(name="items", number=1, type=field.TYPE_MESSAGE, type_name="Sandbox", label=field.LABEL_REPEATED)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("nuage_chain.cri.Answer"))
