"""What the CRI source makes of every kind of answer; a real containerd is asked in tests/integration/runtimes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.orchestrators import cri
from nuage_chain.orchestrators.cri import Cri
from nuage_chain.orchestrators.workloads import Listing
from tests.unit.orchestrators import sockets

READY, NOT_READY = 0, 1
Answer = Callable[[bytes, Any], bytes]


@contextmanager
def runtime(path: Path, answer: Answer | None, version: str = "v1") -> Iterator[Path]:
    """A gRPC server that has ListPodSandbox and nothing else, or not even that."""
    server = grpc.server(ThreadPoolExecutor(2))
    if answer is not None:
        handlers = {"ListPodSandbox": grpc.unary_unary_rpc_method_handler(answer)}
        service = grpc.method_handlers_generic_handler(f"runtime.{version}.RuntimeService", handlers)
        server.add_generic_rpc_handlers((service,))
    server.add_insecure_port(f"unix:{path}")
    server.start()
    try:
        yield path
    finally:
        server.stop(None).wait(10)


def sandboxes(*listed: tuple[str, str, int]) -> bytes:
    """An answer with sandboxes of that ID, pod UID and state."""
    answer = cri._answer()()
    for identity, uid, state in listed:
        answer.items.add(id=identity, metadata={"uid": uid}, state=state)
    made: bytes = answer.SerializeToString()
    return made


def asked(
    path: Path, deadline: Deadline, answer: Answer | None, version: str = "v1", *, chosen: bool = True
) -> Listing:
    with runtime(path, answer, version):
        return Cri(path, chosen=chosen).listing(deadline)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sock"


@pytest.mark.parametrize("version", ["v1", "v1alpha2"])
def test_ready_sandboxes_live_and_the_pods_of_all_do(path: Path, deadline: Deadline, version: str) -> None:
    said = sandboxes(("one", "uid-1", READY), ("two", "uid-2", NOT_READY), ("three", "", READY), ("four", "uid-4", 7))
    found = asked(path, deadline, lambda *_: said, version)
    assert found == Listing(f"CRI {path}", frozenset({"one", "three"}), frozenset({"uid-1", "uid-2", "uid-4"}))


def test_a_runtime_without_sandboxes_has_none(path: Path, deadline: Deadline) -> None:
    assert asked(path, deadline, lambda *_: b"") == Listing(f"CRI {path}")


def test_an_answer_that_is_larger_than_grpcs_own_limit_is_read(path: Path, deadline: Deadline) -> None:
    said = sandboxes(*((f"{i:064}", f"{i:036}", READY) for i in range(50_000)))
    assert len(said) > 5 << 20
    found = asked(path, deadline, lambda *_: said)
    assert (len(found.sandboxes), found.problem) == (50_000, "")


def test_fields_that_are_not_ours_are_passed_over(path: Path, deadline: Deadline) -> None:
    number_9_of_the_answer = b"\x4a\x03abc"
    said = sandboxes(("one", "", READY)) + number_9_of_the_answer
    assert asked(path, deadline, lambda *_: said).sandboxes == {"one"}


def test_a_containerd_without_cri_has_no_sandboxes_unless_somebody_chose_it(path: Path, deadline: Deadline) -> None:
    assert asked(path, deadline, None, chosen=False) == Listing(f"CRI {path}")
    path.unlink(missing_ok=True)
    assert "it did not answer" in asked(path, deadline, None, chosen=True).problem


@pytest.mark.parametrize("chosen", [True, False])
def test_a_runtime_that_fails_is_a_problem_in_its_own_words(path: Path, deadline: Deadline, chosen: bool) -> None:
    def refuse(_: bytes, context: Any) -> bytes:
        context.abort(grpc.StatusCode.UNKNOWN, "server is not\ninitialized yet.")
        return b""

    found = asked(path, deadline, refuse, chosen=chosen)
    assert found == Listing(f"CRI {path}", problem="it did not answer: server is not initialized yet.")


@pytest.mark.parametrize("said", [b"\xff\xff\xff", b"\x0a\x04\x0a\x02\xff\xfe"])
def test_an_answer_that_is_no_message_is_a_problem(path: Path, deadline: Deadline, said: bytes) -> None:
    found = asked(path, deadline, lambda *_: said)
    assert (found.empty, "it did not answer: Exception deserializing response!" in found.problem) == (True, True)


@pytest.mark.parametrize("chosen", [True, False])
@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0" * 99, b""])
def test_what_does_not_speak_grpc_is_a_problem(path: Path, deadline: Deadline, said: bytes, chosen: bool) -> None:
    with sockets.saying(path, said):
        found = Cri(path, chosen=chosen).listing(deadline)
    assert (found.empty, "failed to connect" in found.problem) == (True, True)


def test_a_socket_without_a_server_and_a_missing_one_are_a_problem(tmp_path: Path, deadline: Deadline) -> None:
    assert "Connection refused." in Cri(sockets.deserted(tmp_path / "sock"), chosen=False).listing(deadline).problem
    assert "No such file or directory." in Cri(tmp_path / "none").listing(deadline).problem


def test_a_runtime_that_hangs_costs_no_more_than_the_deadline(tmp_path: Path) -> None:
    def hang(*_: object) -> bytes:
        time.sleep(2)
        return b""

    begin = time.monotonic()
    with sockets.mute(tmp_path / "mute") as path:
        assert Cri(path).listing(Deadline(0.5)).problem == "it did not answer: Deadline Exceeded."
    with runtime(tmp_path / "slow", hang) as path:
        assert Cri(path).listing(Deadline(0.5)).problem == "it did not answer: Deadline Exceeded."
    assert "No time left" in Cri(tmp_path / "none").listing(Deadline(0)).problem
    assert time.monotonic() - begin < 10


def test_the_library_is_not_loaded_before_somebody_asks() -> None:
    code = "import sys, nuage_chain.audit.sources; sys.exit('grpc' in sys.modules or 'google.protobuf' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0
