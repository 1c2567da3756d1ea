"""No Mesos can be had: a fake speaks its operator API (docs/operator-http-api.md and src/internal/evolve.cpp there)."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.orchestrators.mesos_agent import MesosAgent
from nuage_chain.orchestrators.workloads import Listing
from tests.unit.orchestrators.servers import silence


def asked(answer: Any, deadline: Deadline, status: int = 200) -> Listing:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    with agent(status, body) as url:
        return MesosAgent(url).listing(deadline)


@contextmanager
def agent(status: int, body: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            wanted = {"type": "GET_CONTAINERS", "get_containers": {"show_nested": True, "show_standalone": True}}
            right = (self.path, call, self.headers["Content-Type"]) == ("/api/v1", wanted, "application/json")
            self.send_response(status if right else 400)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's own name
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join(10)


def container(own: str, status: Any = None, executor: str = "default") -> dict[str, Any]:
    made: dict[str, Any] = {"container_id": {"value": own}, "executor_name": ""}
    made |= {"executor_id": {"value": executor}} if executor else {}
    return made | ({} if status is None else {"container_status": {"container_id": status}})


def listing(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"type": "GET_CONTAINERS", "get_containers": {"containers": list(containers)}}


def test_an_executors_container_is_known_by_its_id_with_and_without_a_status(deadline: Deadline) -> None:
    found = asked(listing(container("one"), container("two", {"value": "two"})), deadline)
    assert found == Listing("Mesos", frozenset({"one", "two"}))


def test_a_nested_container_is_known_by_the_id_that_the_isolator_gives_to_cni(deadline: Deadline) -> None:
    inner = container("leaf", {"value": "leaf", "parent": {"value": "mid", "parent": {"value": "top"}}}, executor="")
    assert asked(listing(container("top"), inner), deadline).sandboxes == {"top", "top.mid.leaf"}


def test_a_nested_container_whose_parent_is_not_told_lets_nothing_be_concluded(deadline: Deadline) -> None:
    found = asked(listing(container("top"), container("leaf", executor="")), deadline)
    assert (found.sandboxes, "whose container leaf is" in found.problem) == (frozenset(), True)


def test_an_agent_without_containers_has_none(deadline: Deadline) -> None:
    assert asked({"type": "GET_CONTAINERS"}, deadline) == Listing("Mesos")


STRANGE: list[Any] = [
    {},
    {"type": "GET_STATE"},
    {"type": "GET_CONTAINERS", "get_containers": []},
    {"type": "GET_CONTAINERS", "get_containers": {"containers": {}}},
    {"type": "GET_CONTAINERS", "get_containers": {"containers": [1]}},
    listing({"executor_id": {}}),
    listing({"executor_id": {}, "container_id": {"value": 1}}),
]


@pytest.mark.parametrize("answer", STRANGE)
def test_what_is_no_list_of_containers_is_a_problem(deadline: Deadline, answer: Any) -> None:
    assert "no list of containers" in asked(answer, deadline).problem


def test_an_agent_that_recovers_or_refuses_is_a_problem_in_its_own_words(deadline: Deadline) -> None:
    assert "503: Agent has not finished recovery" in asked(b"Agent has not finished recovery", deadline, 503).problem
    assert "401" in asked(b"", deadline, 401).problem
    assert "no JSON object" in asked(b"<html>", deadline).problem


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://127.0.0.1:1", "http://mesos.invalid:5051"])
def test_an_agent_that_is_not_there_is_a_problem(deadline: Deadline, url: str) -> None:
    found = MesosAgent(url).listing(deadline)
    assert (found.empty, "cannot be reached" in found.problem) == (True, True)


@pytest.mark.parametrize(
    "url", ["127.0.0.1", "ftp://127.0.0.1", "http://127.0.0.1:5051000", "http://agent:5051x", "http://[::1:5051"]
)
def test_a_url_that_is_none_is_a_problem_that_names_its_key(deadline: Deadline, url: str) -> None:
    found = MesosAgent(url).listing(deadline)
    assert (found.empty, "mesosAgent has to be of the form http://HOST:PORT" in found.problem) == (True, True)


def test_a_host_that_no_name_server_could_know_is_a_problem(deadline: Deadline) -> None:
    found = MesosAgent("http://mesos..example:5051").listing(deadline)
    assert (found.empty, "cannot be asked POST /api/v1" in found.problem) == (True, True)


def test_an_agent_that_never_answers_costs_no_more_than_the_deadline() -> None:
    begin = time.monotonic()
    with silence() as url:
        found = MesosAgent(url.replace("https", "http")).listing(Deadline(0.5))
    assert "did not answer" in found.problem
    assert time.monotonic() - begin < 5
