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
_METHOD = "/runtime.v1.RuntimeService/ListPodSandbox"
_AT_MOST = 10.0
_READY = 0


class Cri:
    """The runtime behind a Unix socket."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.name = f"CRI {socket}"

    def listing(self, deadline: Deadline) -> Listing:
        """The sandboxes that are ready, and the pods of all that it has.

        One that is not ready has no process any more, and waits for its StopPodSandbox, which calls DEL; as long as it
        is there its pod has not ended.
        """
        # Not at the top: only the audit needs it, and its import takes as long as a whole call.
        import grpc

        try:
            seconds = deadline.left(f"an answer of {self.name}", at_most=_AT_MOST)
            with grpc.insecure_channel(f"unix:{self.socket}") as channel:
                ask = channel.unary_unary(_METHOD, response_deserializer=_answer().FromString)
                items = ask(b"", timeout=seconds).items
        except grpc.RpcError as e:
            return Listing(self.name, problem=f"it did not answer: {e.details()}.")
        except NuageChainError as e:
            return Listing(self.name, problem=e.message)
        except Exception as e:  # noqa: BLE001 - whatever is behind that socket, it must not end the audit
            return Listing(self.name, problem=f"it answered with something else: {type(e).__name__}.")
        return Listing(
            self.name,
            sandboxes=frozenset(item.id for item in items if item.state == _READY),
            pods=frozenset(item.metadata.uid for item in items if item.metadata.uid),
        )


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
